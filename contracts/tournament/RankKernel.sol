// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITournament} from "./ITournament.sol";

// Beside this stands orchestrator/systems/tournament/reference.py.
// solhint-disable no-inline-assembly

/// @title RankKernel
/// @notice Sums over rows of what ranks stand for.
library RankKernel {
    /// @dev Between the classes of a lane accumulator: 2¹³ entries of 32 bits have 45.
    uint256 internal constant LANE = 48;

    /// @notice For each class the sum of `table[rank]` over its rows, in 48 bits each; `shifts` (one byte a row, from
    /// `offset` of `data` on) are the classes times 48. Reverts unless `ranks` is a permutation.
    /// @dev Each rank below n sets its byte in `seen`; n of them set all n bytes only if each comes once. A rank beyond
    /// reads and writes above all memory in use, and leaves a byte unset.
    function lanes(bytes calldata ranks, bytes memory table, bytes memory data, uint256 offset)
        internal
        pure
        returns (uint256 sums)
    {
        uint256 seen;
        (sums, seen) = _sum(ranks, table, data, offset);
        uint256 bad = 0;
        assembly ("memory-safe") {
            let n := shr(1, ranks.length)
            let ones := div(not(0), 0xff)
            let last := add(seen, and(n, not(0x1f)))
            for { let i := seen } lt(i, last) { i := add(i, 0x20) } { bad := or(bad, xor(mload(i), ones)) }
            // The last n mod 32 bytes; a shift by 256 leaves nothing.
            bad := or(bad, shr(sub(256, shl(3, and(n, 0x1f))), xor(mload(last), ones)))
        }
        require(bad == 0, ITournament.NotAPermutation());
    }

    /// @notice Σ table[a]·table[b] over rows, for a permutation `ranks` and another one from `offset` of `data` on.
    function dot(bytes calldata ranks, bytes memory table, bytes memory data, uint256 offset)
        internal
        pure
        returns (uint256 sum)
    {
        assembly ("memory-safe") {
            let entries := add(table, 0x20)
            let other := sub(add(add(data, 0x20), offset), ranks.offset)
            let end := add(ranks.offset, ranks.length)
            for { let at := ranks.offset } lt(at, end) { at := add(at, 2) } {
                let a := shr(224, mload(add(entries, shl(2, shr(240, calldataload(at))))))
                let b := shr(224, mload(add(entries, shl(2, shr(240, mload(add(other, at)))))))
                sum := add(sum, mul(a, b))
            }
        }
    }

    /// @notice Σ powers² of a table of `rows` entries. Zero unless the table ascends, is antisymmetric around 2³¹ (so
    /// that its values sum to zero) and has two different values.
    function squares(bytes memory table, uint256 rows) internal pure returns (uint256 sum) {
        if (table.length != 4 * rows) return 0;
        uint256 below = 0;
        for (uint256 k = 0; k < (rows + 1) / 2; ++k) {
            uint256 entry = _entry(table, k);
            if (entry < below || entry > 1 << 31 || entry + _entry(table, rows - 1 - k) != 1 << 32) return 0;
            below = entry;
            // The middle of an odd table is its own mirror, so zero.
            sum += 2 * ((1 << 31) - entry) ** 2;
        }
    }

    /// @dev `seen`, in memory that nobody owns: a byte for each rank, 1 where it came.
    function _sum(bytes calldata ranks, bytes memory table, bytes memory data, uint256 offset)
        private
        pure
        returns (uint256 sums, uint256 seen)
    {
        assembly ("memory-safe") {
            let entries := add(table, 0x20)
            let shifts := add(add(data, 0x20), offset)
            seen := mload(0x40)
            calldatacopy(seen, calldatasize(), ranks.length)
            let at := ranks.offset
            let end := add(at, ranks.length)
            for { let whole := add(at, and(ranks.length, not(0xf))) } lt(at, whole) { at := add(at, 0x10) } {
                let w := calldataload(at)
                let s := mload(shifts)
                shifts := add(shifts, 8)
                let r := shr(240, w)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(0, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(224, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(1, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(208, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(2, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(192, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(3, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(176, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(4, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(160, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(5, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(144, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(6, s), shr(224, mload(add(entries, shl(2, r))))))
                r := and(shr(128, w), 0xffff)
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(7, s), shr(224, mload(add(entries, shl(2, r))))))
            }
            for {} lt(at, end) { at := add(at, 2) } {
                let r := shr(240, calldataload(at))
                mstore8(add(seen, r), 1)
                sums := add(sums, shl(byte(0, mload(shifts)), shr(224, mload(add(entries, shl(2, r))))))
                shifts := add(shifts, 1)
            }
        }
    }

    function _entry(bytes memory table, uint256 k) private pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := shr(224, mload(add(add(table, 0x20), shl(2, k))))
        }
    }
}
