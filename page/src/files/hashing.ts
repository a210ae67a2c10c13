// What a file or a folder is known by, read a few megabytes at a time, so that memory stays the same for any size.
import { createSHA256 } from "hash-wasm";
import type { Folder } from "./folders";
import { cidText, FileTree, PROFILES } from "./unixfs";
import type { Tree } from "./unixfs";

/** `digest` is a file's SHA-256, or that of a folder's root block, which its CID holds. */
export type Hashed = { digest: Uint8Array; cid: string; size: number; folder: boolean };
type Progress = (done: number) => void;

/** The leaves of a stretch of a file, and the state of SHA-256 behind it. */
export type Stretch = { leaves: Tree[]; state: Uint8Array };
export type HashStretch = (bytes: Blob, profile: string, state: Uint8Array | undefined, progress: Progress) => Promise<Stretch>;

const AT_ONCE = 4 << 20;
/** What one thread reads: its end gives back what the browser has not yet collected of the parts it read. */
const STRETCH = 256 << 20;
const subtle = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));

/** Hash `file` by one of PROFILES; `progress` is told the bytes that were read. */
export async function hashFile(file: Blob, profile: string, progress: Progress, stretch: HashStretch = hashStretch): Promise<Hashed> {
  const { root, state } = await fileTree(file, profile, progress, stretch);
  return { digest: (await resumed(state)).digest("binary"), cid: cidText(root.cid), size: file.size, folder: false };
}

/** The same of a folder: the CID that Kubo and `diln` give it. Rejects for names that no folder may have. */
export async function hashFolder(folder: Folder, profile: string, progress: Progress, stretch: HashStretch = hashStretch): Promise<Hashed> {
  const { folderTree } = await import("./foldertree");
  let before = 0;
  const ofFile = async (file: File): Promise<Tree> => {
    const ownThread = file.size > AT_ONCE; // to begin one costs more than a small file
    const { root } = await fileTree(file, profile, done => progress(before + done), ownThread ? stretch : hashStretch);
    before += file.size;
    return root;
  };
  const { cid, size } = await folderTree(folder, PROFILES[profile]!, ofFile, subtle);
  return { digest: cid.slice(-32), cid: cidText(cid), size, folder: true };
}

async function fileTree(file: Blob, profile: string, progress: Progress, stretch: HashStretch): Promise<{ root: Tree; state: Uint8Array | undefined }> {
  const tree = new FileTree(PROFILES[profile]!, subtle);
  let state: Uint8Array | undefined;
  for (let at = 0; at < file.size; at += STRETCH) {
    const told = await stretch(file.slice(at, at + STRETCH), profile, state, done => progress(at + done));
    for (const leaf of told.leaves) await tree.push(0, leaf);
    state = told.state;
  }
  return { root: await tree.root(), state };
}

/** Hash the stretch `bytes`, before which SHA-256 had come to `state`. */
export async function hashStretch(bytes: Blob, profile: string, state: Uint8Array | undefined, progress: Progress): Promise<Stretch> {
  const shape = PROFILES[profile]!;
  const whole = await resumed(state);
  const tree = new FileTree(shape, subtle);
  const leaves: Tree[] = [];
  let next = bytes.slice(0, AT_ONCE).arrayBuffer();
  for (let at = 0; at < bytes.size; at += AT_ONCE) {
    const part = new Uint8Array(await next);
    next = bytes.slice(at + AT_ONCE, at + 2 * AT_ONCE).arrayBuffer();
    const hashed = []; // on the browser's own threads, while this one hashes the whole
    for (let from = 0; from < part.length; from += shape.chunk) hashed.push(tree.leaf(part.subarray(from, from + shape.chunk)));
    whole.update(part);
    leaves.push(...await Promise.all(hashed));
    progress(at + part.length);
  }
  return { leaves, state: whole.save() };
}

async function resumed(state: Uint8Array | undefined) {
  const hasher = await createSHA256();
  return state ? hasher.load(state) : hasher.init();
}
