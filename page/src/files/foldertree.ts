// The CID of a folder: a node that links to its entries by name, or a tree of shards where it would be larger than
// 256 KiB (https://specs.ipfs.tech/unixfs/).
import { murmur3x64 } from "../encode/murmur3x64";
import type { Folder } from "./folders";
import { bytesField, cidBytes, DAG_PB, linking, numberField, type Digest, type Link, type Profile, type Tree } from "./unixfs";

const FOLDER = 1, SHARD = 5, MURMUR3 = 0x22, FANOUT = 256;
const LARGEST = 256 << 10; // bytes of a folder that is not sharded
const LEVELS = 8; // bytes of a name's hash
const PLAIN = numberField(1, FOLDER);

/** The root of a folder. Rejects for names that no folder may have. */
export async function folderTree(folder: Folder, profile: Profile, ofFile: (file: File) => Promise<Tree>, hash: Digest): Promise<Tree> {
  const links: Link[] = [];
  let size = 0;
  for (const [name, each] of folder.entries) {
    if (!name || name === "." || name === ".." || /[/\0\p{Cs}]/u.test(name)) throw new Error(`“${name.slice(0, 80)}” cannot be a name inside a folder.`);
    const tree = each instanceof Blob ? await ofFile(each) : await folderTree(each, profile, ofFile, hash);
    links.push({ name: new TextEncoder().encode(name), cid: tree.cid, stored: tree.stored });
    size += tree.size;
  }
  links.sort((one, other) => compared(one.name, other.name));
  const emit = async (block: Uint8Array): Promise<Uint8Array> => cidBytes(profile.version, DAG_PB, await hash(block));
  const flat = linking(links, PLAIN);
  const weight = profile.sharding === "block" ? flat.length : links.reduce((sum, { name, cid }) => sum + name.length + cid.length, 0);
  if (weight <= LARGEST) return { cid: await emit(flat), size, stored: flat.length + below(links) };
  return { size, ...(await shards(links.map(link => ({ link, path: murmur3x64(link.name) })), 0, emit)) };
}

type Placed = { link: Link; path: Uint8Array };

/** Entries by one byte of their names' hashes a level; two digits before a name say which. */
async function shards(all: Placed[], depth: number, emit: (block: Uint8Array) => Promise<Uint8Array>): Promise<{ cid: Uint8Array; stored: number }> {
  if (depth === LEVELS) throw new Error("Two names of the folder have the same hash.");
  const links: Link[] = [];
  let bits = 0n;
  for (let place = 0; place < FANOUT; place++) {
    const bucket = all.filter(({ path }) => path[depth] === place);
    if (!bucket.length) continue;
    bits |= 1n << BigInt(place);
    const prefix = new TextEncoder().encode(place.toString(16).toUpperCase().padStart(2, "0"));
    const [{ link }] = bucket as [Placed];
    links.push(bucket.length === 1
      ? { name: Uint8Array.from([...prefix, ...link.name]), cid: link.cid, stored: link.stored }
      : { name: prefix, ...(await shards(bucket, depth + 1, emit)) });
  }
  const text = bits.toString(16), field = (text.length % 2 ? `0${text}` : text).match(/../g)!.map(each => parseInt(each, 16));
  const block = linking(links, [...numberField(1, SHARD), ...bytesField(2, field), ...numberField(5, MURMUR3), ...numberField(6, FANOUT)]);
  return { cid: await emit(block), stored: block.length + below(links) };
}

const below = (links: Link[]): number => links.reduce((sum, { stored }) => sum + stored, 0);

function compared(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < one.length && at < other.length; at++) if (one[at] !== other[at]) return one[at]! - other[at]!;
  return one.length - other.length;
}
