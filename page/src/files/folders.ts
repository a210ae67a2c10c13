// Folders as a browser shows them: dropped, or chosen as a list of files with their paths.
import { shown } from "../chain/words";

export type Folder = { name: string; entries: Map<string, File | Folder> };

const DEEPEST = 100;

/** The folders among what was dropped, and the other files. To be called while the event lasts. */
export function dropped(data: DataTransfer): { files: File[]; folders: Promise<Folder[]> } {
  const entries = [...data.items].map(each => each.webkitGetAsEntry?.());
  const directories = entries.filter((each): each is FileSystemDirectoryEntry => !!each?.isDirectory);
  const names = new Set(directories.map(each => each.name));
  const files = [...data.files].filter(each => !names.has(each.name)); // a folder is listed among them, as an empty file
  return { files, folders: Promise.all(directories.map(each => read(each))) };
}

async function read(directory: FileSystemDirectoryEntry, depth = 0): Promise<Folder> {
  if (depth > DEEPEST) throw new Error(`${directory.name.slice(0, 80)} is nested too deeply.`);
  const reader = directory.createReader(), entries = new Map<string, File | Folder>();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return { name: directory.name, entries };
    for (const each of some) {
      entries.set(each.name, each.isDirectory
        ? await read(each as FileSystemDirectoryEntry, depth + 1)
        : await new Promise<File>((resolve, reject) => (each as FileSystemFileEntry).file(resolve, reject)));
    }
  }
}

/** The folder that a list of files stands for; empty folders in it are not in such a list. */
export function listed(files: File[], name = files[0]!.webkitRelativePath.split("/")[0]!): Folder {
  const root: Folder = { name, entries: new Map() };
  for (const file of files) {
    const path = file.webkitRelativePath.split("/").slice(1, -1);
    let place = root;
    for (const part of path) {
      const found = place.entries.get(part) ?? { name: part, entries: new Map() };
      place.entries.set(part, found);
      place = found as Folder;
    }
    if (place.entries.has(file.name)) throw new Error(`Two of the files are called “${shown(file.name, 80)}”.`);
    place.entries.set(file.name, file);
  }
  return root;
}

/** All files in a folder and below it, with their paths. */
export function* filesIn({ entries }: Folder, before = ""): Generator<[string, File]> {
  for (const [name, each] of entries) {
    if (each instanceof Blob) yield [before + name, each];
    else yield* filesIn(each, `${before}${name}/`);
  }
}
