// What a file or a folder is known by, read a few megabytes at a time, so that memory stays the same for any size.
import { createSHA256 } from "hash-wasm";
import type { Folder } from "./folders";
import { folderTree } from "./foldertree";
import { cidText, FileTree, PROFILES, type Profile, type Tree } from "./unixfs";

/** `digest` is a file's SHA-256, or that of a folder's root block, which its CID holds. */
export type Hashed = { digest: Uint8Array; cid: string; size: number; folder: boolean };
type Progress = (done: number) => void;

const AT_ONCE = 4 << 20;
const subtle = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));

/** Hash `file` by one of PROFILES; `progress` is told the bytes that were read. */
export async function hashFile(file: Blob, profile: string, progress: Progress): Promise<Hashed> {
  const whole = (await createSHA256()).init();
  const tree = await fileTree(file, PROFILES[profile]!, progress, bytes => { whole.update(bytes); });
  return { digest: whole.digest("binary"), cid: cidText(tree.cid), size: file.size, folder: false };
}

/** The same of a folder: the CID that Kubo and `diln` give it. */
export async function hashFolder(folder: Folder, profile: string, progress: Progress): Promise<Hashed> {
  let before = 0;
  const ofFile = async (file: File, shape: Profile): Promise<Tree> => {
    const tree = await fileTree(file, shape, done => progress(before + done));
    before += file.size;
    return tree;
  };
  const { cid, size } = await folderTree(folder, PROFILES[profile]!, ofFile, subtle);
  return { digest: cid.slice(-32), cid: cidText(cid), size, folder: true };
}

/** The tree of a file; `update` is given its bytes, a part after the other. */
async function fileTree(file: Blob, shape: Profile, progress: Progress, update: (bytes: Uint8Array) => void = () => {}): Promise<Tree> {
  const tree = new FileTree(shape, subtle);
  let next = file.slice(0, AT_ONCE).arrayBuffer();
  for (let at = 0; at < file.size; at += AT_ONCE) {
    const bytes = new Uint8Array(await next);
    next = file.slice(at + AT_ONCE, at + 2 * AT_ONCE).arrayBuffer();
    const leaves = []; // hashed on the browser's own threads, while this one hashes the whole
    for (let from = 0; from < bytes.length; from += shape.chunk) leaves.push(tree.leaf(bytes.subarray(from, from + shape.chunk)));
    update(bytes);
    for (const leaf of await Promise.all(leaves)) await tree.push(0, leaf);
    progress(at + bytes.length);
  }
  return tree.root();
}
