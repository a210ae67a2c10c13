// Trees in which a leaf's place is part of what is proven: the reader of contracts/kernel's ordered trees.
import { concat, keccak256 } from "viem/utils";
import type { Hex } from "viem";

/** Whether `proof` leads from the record, number `index` of `count`, to `root`. */
export function proves(record: Hex, index: number, count: number, proof: Hex[], root: Hex): boolean {
  if (index < 0 || index >= count) return false;
  let node = keccak256(keccak256(record)), used = 0;
  for (; count > 1; index = Math.floor(index / 2), count = Math.ceil(count / 2)) {
    if ((index ^ 1) >= count) continue;
    const sibling = proof[used++];
    if (!sibling) return false;
    node = keccak256(index % 2 ? concat([sibling, node]) : concat([node, sibling]));
  }
  return used === proof.length && node === root;
}

/** The tree's levels over its leaves, which come first; a node without a partner rises as it is. */
function levels(leaves: Hex[]): Hex[][] {
  const found = [leaves];
  for (let below = leaves; below.length > 1; found.push(below)) {
    below = Array.from({ length: Math.ceil(below.length / 2) }, (_, at) => {
      const left = below[2 * at]!, right = below[2 * at + 1];
      return right ? keccak256(concat([left, right])) : left;
    });
  }
  return found;
}

export const rootOf = (leaves: Hex[]): Hex => levels(leaves).at(-1)![0]!;

/** The siblings from a leaf up to the root. */
export const proofOf = (leaves: Hex[], index: number): Hex[] =>
  levels(leaves).slice(0, -1).flatMap((level, depth) => level[(index >> depth) ^ 1] ?? []);
