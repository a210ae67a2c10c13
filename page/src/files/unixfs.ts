// The CID that Kubo and `diln` give a file: leaves of equal size under a balanced tree. How large, how many and
// how encoded is a profile; a CID does not say which made it.
const RAW = 0x55;
export const DAG_PB = 0x70;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** `sharding` says what of a folder decides whether it is sharded: its whole block, or names and CIDs only. */
export type Profile = { chunk: number; width: number; version: 0 | 1; rawLeaves: boolean; sharding: "block" | "links" };
export const PROFILES: Record<string, Profile> = {
  "unixfs-v1-2025": { chunk: 1 << 20, width: 1024, version: 1, rawLeaves: true, sharding: "block" },
  "unixfs-v0-2015": { chunk: 256 << 10, width: 174, version: 0, rawLeaves: false, sharding: "links" },
  "legacy-v1": { chunk: 256 << 10, width: 174, version: 1, rawLeaves: true, sharding: "links" },
};
export const DEFAULT_PROFILE = "unixfs-v1-2025";

export type Digest = (bytes: Uint8Array) => Promise<Uint8Array>;
/** A root: its CID, bytes of content, and bytes of blocks below and in it. */
export type Tree = { cid: Uint8Array; size: number; stored: number };

/** A CID's text, from its bytes: base58 of version 0, base32 of version 1. */
export function cidText(bytes: Uint8Array): string {
  return bytes[0] === 0x12 ? base58(bytes) : base32(bytes);
}

/** The CID of one raw block, such as a manifest, by its SHA-256. */
export const rawCid = (digest: Uint8Array): string => base32(cidBytes(1, RAW, digest));

export function cidBytes(version: 0 | 1, codec: number, digest: Uint8Array): Uint8Array {
  return Uint8Array.from([...(version ? [1, codec] : []), 0x12, 32, ...digest]);
}

function base32(bytes: Uint8Array): string {
  let out = "b", bits = 0, value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      out += ALPHABET[(value >>> (bits -= 5)) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return bits ? out + ALPHABET[(value << (5 - bits)) & 31] : out;
}

function base58(bytes: Uint8Array): string {
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let out = "";
  for (; number; number /= 58n) out = BASE58[Number(number % 58n)] + out;
  return out;
}

function varint(number: number): number[] {
  const out = [];
  for (; number > 127; number = Math.floor(number / 128)) out.push((number % 128) | 128);
  return [...out, number];
}

export const bytesField = (field: number, bytes: ArrayLike<number>): number[] => [(field << 3) | 2, ...varint(bytes.length), ...Array.from(bytes)];
export const numberField = (field: number, number: number): number[] => [field << 3, ...varint(number)];

export type Link = { name: Uint8Array; cid: Uint8Array; stored: number };

const NAMELESS = new Uint8Array();

/** A node's block: its links, whose name is empty in files, then what it is. */
export function linking(links: (Omit<Link, "name"> & { name?: Uint8Array })[], unixfs: number[]): Uint8Array {
  const all: number[] = [];
  for (const { name = NAMELESS, cid, stored } of links) {
    for (const byte of bytesField(2, [...bytesField(1, cid), ...bytesField(2, name), ...numberField(3, stored)])) all.push(byte);
  }
  return Uint8Array.from([...all, ...bytesField(1, unixfs)]);
}

/** Builds a file's tree from its leaves, holding one node of each level. */
export class FileTree {
  private levels: Tree[][] = [[]];

  constructor(private readonly profile: Profile, private readonly hash: Digest) {}

  /** Take the next chunk. */
  async add(chunk: Uint8Array): Promise<void> {
    await this.push(0, await this.leaf(chunk));
  }

  /** The root, once all chunks are there. */
  async root(): Promise<Tree> {
    if (this.levels.length === 1 && !this.levels[0]!.length) await this.add(new Uint8Array());
    for (let level = 0; level < this.levels.length - 1 || this.levels[level]!.length > 1; level++) {
      if (this.levels[level]!.length) await this.close(level);
    }
    return this.levels.at(-1)![0]!;
  }

  /** A leaf, hashed elsewhere meanwhile: many may be asked for at once. */
  async leaf(chunk: Uint8Array): Promise<Tree> {
    if (this.profile.rawLeaves) {
      return { cid: cidBytes(1, RAW, await this.hash(chunk)), size: chunk.length, stored: chunk.length };
    }
    const content = chunk.length ? header(2, chunk.length) : Uint8Array.of();
    const tail = Uint8Array.from(numberField(3, chunk.length));
    const unixfs = joined(Uint8Array.from(numberField(1, 2)), content, chunk, tail);
    return this.node(joined(header(1, unixfs.length), unixfs), chunk.length, 0);
  }

  async push(level: number, tree: Tree): Promise<void> {
    if (level === this.levels.length) this.levels.push([]);
    if (this.levels[level]!.length === this.profile.width) await this.close(level);
    this.levels[level]!.push(tree);
  }

  private async close(level: number): Promise<void> {
    const children = this.levels[level]!;
    this.levels[level] = [];
    const size = children.reduce((sum, child) => sum + child.size, 0);
    const below = children.reduce((sum, child) => sum + child.stored, 0);
    const unixfs = [...numberField(1, 2), ...numberField(3, size), ...children.flatMap(child => numberField(4, child.size))];
    await this.push(level + 1, await this.node(linking(children, unixfs), size, below));
  }

  private async node(block: Uint8Array, size: number, below: number): Promise<Tree> {
    const cid = cidBytes(this.profile.version, DAG_PB, await this.hash(block));
    return { cid, size, stored: block.length + below };
  }
}

const header = (field: number, length: number): Uint8Array => Uint8Array.from([(field << 3) | 2, ...varint(length)]);

function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A CID's text taken apart as the registry keeps it: 1 raw, 2 dag-pb, 3 dag-pb of version 0. Throws for others. */
export function parseCid(text: string): { kind: 1 | 2 | 3; digest: Uint8Array } {
  const bytes = text.startsWith("Qm") ? fromBase58(text) : fromBase32(text.slice(1));
  const head = [...bytes.slice(0, -32)].join();
  const kind = { "1,85,18,32": 1, "1,112,18,32": 2, "18,32": 3 }[head] as 1 | 2 | 3 | undefined;
  if (!kind || cidText(bytes) !== text) throw new Error(`“${text.slice(0, 80)}” is not a CID that is known here.`);
  return { kind, digest: bytes.slice(-32) };
}

function fromBase32(text: string): Uint8Array {
  const out = [];
  let bits = 0, value = 0;
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits >= 8) out.push((value >>> (bits -= 8)) & 255);
  }
  return Uint8Array.from(out);
}

function fromBase58(text: string): Uint8Array {
  let number = [...text].reduce((sum, letter) => sum * 58n + BigInt(Math.max(0, BASE58.indexOf(letter))), 0n);
  const out = [];
  for (; number; number >>= 8n) out.unshift(Number(number & 255n));
  return Uint8Array.from(out);
}
