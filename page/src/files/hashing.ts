// SHA-256 of a file and its CID, read a few megabytes at a time, so that memory stays the same for any size.
import { createSHA256 } from "hash-wasm";
import { FileTree, PROFILES } from "./unixfs";

export type Hashed = { sha256: Uint8Array; cid: string; size: number };

const AT_ONCE = 4 << 20;
const subtle = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));

/** Hash `file` by one of PROFILES; `progress` is told the bytes that were read. */
export async function hashFile(file: Blob, profile: string, progress: (done: number) => void): Promise<Hashed> {
  const shape = PROFILES[profile]!;
  const whole = (await createSHA256()).init();
  const tree = new FileTree(shape, subtle);
  let next = file.slice(0, AT_ONCE).arrayBuffer();
  for (let at = 0; at < file.size; at += AT_ONCE) {
    const bytes = new Uint8Array(await next);
    next = file.slice(at + AT_ONCE, at + 2 * AT_ONCE).arrayBuffer();
    const leaves = []; // hashed on the browser's own threads, while this one hashes the whole
    for (let from = 0; from < bytes.length; from += shape.chunk) leaves.push(tree.leaf(bytes.subarray(from, from + shape.chunk)));
    whole.update(bytes);
    for (const leaf of await Promise.all(leaves)) await tree.push(0, leaf);
    progress(at + bytes.length);
  }
  return { sha256: whole.digest("binary"), cid: await tree.root(), size: file.size };
}
