// SHA-256 of a file and its CID, read a few megabytes at a time, so that memory stays the same for any size.
import { createSHA256 } from "hash-wasm";
import { FileTree, PROFILES } from "./unixfs";
import type { Tree } from "./unixfs";

export type Hashed = { sha256: Uint8Array; cid: string; size: number };
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
  const tree = new FileTree(PROFILES[profile]!, subtle);
  let state: Uint8Array | undefined;
  for (let at = 0; at < file.size; at += STRETCH) {
    const told = await stretch(file.slice(at, at + STRETCH), profile, state, done => progress(at + done));
    for (const leaf of told.leaves) await tree.push(0, leaf);
    state = told.state;
  }
  return { sha256: (await resumed(state)).digest("binary"), cid: await tree.root(), size: file.size };
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
