// MurmurHash3 (x86, 32 bits, seed 0) by Austin Appleby, public domain: https://github.com/aappleby/smhasher

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const mixed = (value: number): number => Math.imul(rotated(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593);

/** The hash of `bytes` as a signed number. */
export function murmur3(bytes: Uint8Array): number {
  const size = bytes.length, whole = size & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = (Math.imul(rotated(hash ^ mixed(block), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = size - 1; at >= whole; at--) tail = (tail << 8) | bytes[at]!;
  if (size > whole) hash ^= mixed(tail);
  hash ^= size;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
