// A file from the storage by its CID: of one block, or of many under a tree. Each block is believed by its hash only.
import { hex, stored } from "./bytes";
import { cidText, parseCid } from "./unixfs";

const RAW = 1;
const MOST_BLOCKS = 4096;

/** The content of a CID. Throws where the storage does not have a block of it, or it has more than `limit` bytes. */
export async function fetched(cid: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0, blocks = 0;
  async function gather(text: string): Promise<void> {
    const { kind, digest } = parseCid(text);
    if (++blocks > MOST_BLOCKS) throw new Error("The content has too many blocks for this page.");
    const content = await stored(text, hex(digest));
    if (!content) throw new Error(`The storage does not have ${text}: \`diln pin get\` brings it.`);
    const { links, data } = kind === RAW ? { links: [], data: content } : node(content);
    size += data.length;
    if (size > limit) throw new Error(`The content is above ${limit} bytes.`);
    parts.push(data);
    for (const link of links) await gather(cidText(link));
  }
  await gather(cid);
  const found = new Uint8Array(size);
  parts.reduce((at, part) => (found.set(part, at), at + part.length), 0);
  return found;
}

/** A node of dag-pb: its links' CIDs in order, and what its UnixFS holds itself. */
function node(block: Uint8Array): { links: Uint8Array[]; data: Uint8Array } {
  const found = fields(block);
  const links = found.filter(each => each.field === 2).map(each => fields(each.bytes).find(({ field }) => field === 1)!.bytes);
  const unixfs = found.find(each => each.field === 1);
  const data = unixfs && fields(unixfs.bytes).find(each => each.field === 2 && each.bytes.length);
  return { links, data: data?.bytes ?? new Uint8Array() };
}

/** The fields of a protobuf message; numbers have no bytes. Throws for what is none. */
function fields(message: Uint8Array): { field: number; bytes: Uint8Array }[] {
  const found = [];
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 49) throw new Error("A block of the storage is not of dag-pb.");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint(), length = varint();
    const bytes = tag % 8 === 2 ? message.subarray(at, at + length) : new Uint8Array();
    if (tag % 8 !== 2 && tag % 8 !== 0) throw new Error("A block of the storage is not of dag-pb.");
    if (tag % 8 === 2 && bytes.length < length) throw new Error("A block of the storage ends early.");
    at += bytes.length;
    found.push({ field: tag >> 3, bytes });
  }
  return found;
}
