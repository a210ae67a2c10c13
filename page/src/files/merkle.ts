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
