// MurmurHash3 (x64, 128 bits, seed 0; its first half) by Austin Appleby, public domain: https://github.com/aappleby/smhasher
const MASK = (1n << 64n) - 1n, C1 = 0x87c37b91114253d5n, C2 = 0x4cf5ad432745937fn;

const times = (one: bigint, other: bigint): bigint => (one * other) & MASK;
const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK;
const mixed1 = (value: bigint): bigint => times(rotated(times(value, C1), 31n), C2);
const mixed2 = (value: bigint): bigint => times(rotated(times(value, C2), 33n), C1);

function ended(value: bigint): bigint {
  value = times(value ^ (value >> 33n), 0xff51afd7ed558ccdn);
  value = times(value ^ (value >> 33n), 0xc4ceb9fe1a85ec53n);
  return value ^ (value >> 33n);
}

/** Eight bytes, the highest first, of which a folder's shards take one a level. */
export function murmur3x64(bytes: Uint8Array): Uint8Array {
  const word = (from: number): bigint => {
    let value = 0n;
    for (let at = Math.min(from + 8, bytes.length) - 1; at >= from; at--) value = (value << 8n) | BigInt(bytes[at]!);
    return value;
  };
  let one = 0n, two = 0n, at = 0;
  for (; at + 16 <= bytes.length; at += 16) {
    one = (times(rotated(one ^ mixed1(word(at)), 27n) + two, 5n) + 0x52dce729n) & MASK;
    two = (times(rotated(two ^ mixed2(word(at + 8)), 31n) + one, 5n) + 0x38495ab5n) & MASK;
  }
  one ^= mixed1(word(at)) ^ BigInt(bytes.length);
  two ^= mixed2(word(at + 8)) ^ BigInt(bytes.length);
  one = (one + two) & MASK;
  two = (two + one) & MASK;
  const first = (ended(one) + ended(two)) & MASK;
  return Uint8Array.from({ length: 8 }, (_, place) => Number((first >> BigInt(56 - 8 * place)) & 255n));
}
