// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Sixteen lanes at once; the tests hold it against numpy.
// solhint-disable no-inline-assembly

/// @title DirectSum
/// @notice Sums of int8 vectors. Numbers are biased by 128 to be at least zero; sums have 16 bits, which is room for
/// 257 vectors. Of each 32 numbers there are two words: the sums of those at even places, then of those at odd ones.
library DirectSum {
    uint256 private constant LANES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant SIGNS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant PARTY = 20; // bytes before each vector

    /// @notice The hash of the sums of `count` vectors of `size` numbers, each behind its party's address.
    function hash(bytes calldata entries, uint256 count, uint256 size) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let free := mload(64)
            let stride := add(size, PARTY)
            let first := add(entries.offset, PARTY)
            let to := free
            for { let at := 0 } lt(at, size) { at := add(at, 32) } {
                // What follows the last number belongs to the next party, and counts as zero.
                let left := sub(size, at)
                let cut := 0
                if lt(left, 32) { cut := shl(3, sub(32, left)) }
                let even := 0
                let odd := 0
                let from := add(first, at)
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    let x := xor(shl(cut, shr(cut, calldataload(from))), SIGNS)
                    even := add(even, and(shr(8, x), LANES))
                    odd := add(odd, and(x, LANES))
                    from := add(from, stride)
                }
                mstore(to, even)
                mstore(add(to, 32), odd)
                to := add(to, 64)
            }
            h := keccak256(free, sub(to, free))
        }
    }
}
