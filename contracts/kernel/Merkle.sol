// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

// Pairs are hashed in scratch space; the tests hold it against Python.
// solhint-disable no-inline-assembly

/**
 * @title Merkle
 * @notice Merkle trees in which a leaf's place is part of what is proven.
 *
 * A pair is hashed left before right, and a node without a partner rises as it is. Where a leaf stands therefore
 * follows from its index and the count of leaves alone: `climb` walks that way, uses up the whole proof and no other
 * length, and so no root has room for two versions of one leaf.
 */
library Merkle {
    /// Where the walk from `node`, the `index`-th of `count`, ends; 0 unless that takes all of `proof`.
    function climb(bytes32 node, bytes32[] calldata proof, uint256 index, uint256 count)
        internal
        pure
        returns (bytes32)
    {
        if (index >= count) return 0;
        uint256 used = 0;
        unchecked {
            // Below the length of the proof; nothing has 2^256 − 1 leaves.
            for (; count > 1; count = (count + 1) / 2) {
                if ((index ^ 1) < count) {
                    if (used == proof.length) return 0;
                    assembly ("memory-safe") {
                        // In scratch space, the node behind its sibling where its index is odd.
                        let odd := and(index, 1)
                        mstore(shl(5, odd), node)
                        mstore(shl(5, iszero(odd)), calldataload(add(proof.offset, shl(5, used))))
                        node := keccak256(0, 64)
                    }
                    ++used;
                }
                index /= 2;
            }
        }
        return used == proof.length ? node : bytes32(0);
    }

    /// Whether `leaf` is the `index`-th of `count` under `root`.
    function proves(bytes32 root, bytes32 leaf, bytes32[] calldata proof, uint256 index, uint256 count)
        internal
        pure
        returns (bool)
    {
        return root != 0 && climb(leaf, proof, index, count) == root;
    }

    /// The root over `nodes`, which is used up.
    function rootOf(bytes32[] memory nodes) internal pure returns (bytes32) {
        uint256 count = nodes.length;
        unchecked {
            // Indices stay below the length.
            while (count > 1) {
                uint256 half = count / 2;
                assembly ("memory-safe") {
                    // Pairs lie behind what is written.
                    let target := add(nodes, 32)
                    let source := target
                    for { let end := add(target, shl(5, half)) } lt(target, end) { target := add(target, 32) } {
                        mstore(target, keccak256(source, 64))
                        source := add(source, 64)
                    }
                }
                if (count % 2 == 1) nodes[half] = nodes[count - 1];
                count = half + count % 2;
            }
        }
        return nodes[0];
    }
}
