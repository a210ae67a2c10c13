// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Four lanes at once; the tests hold it against numpy.
// solhint-disable no-inline-assembly

/// @title Sums
/// @notice Sums of the updates of one chunk, of all or of those in the middle, in eight words of four lanes of 64 bits,
/// without unpacking them.
///
/// A word of calldata has 4, 2 or 1 times as many numbers as a word of sums has lanes (they have 1, 2 or 4 bytes), so
/// it is shifted and masked as many times. Numbers are biased to be at least zero: one of `width` bytes times 2^shift
/// is below 2^32 then, a weight below 2^16, and of sixteen the sum below 2^52.
library Sums {
    uint256 private constant WORDS = 8;
    uint256 private constant CARRY = 0x8000000000000000800000000000000080000000000000008000000000000000;

    /// @dev Add `factor` (a weight times 2^shift) times what is in `data`, 32 numbers of `width` bytes, to `sums`.
    function add(uint256[] memory sums, bytes calldata data, uint256 width, uint256 factor) internal pure {
        uint256 mask = _ofLanes((1 << 8 * width) - 1);
        uint256 bias = _ofNumbers(width);
        assembly ("memory-safe") {
            let bits := shl(3, width)
            let to := add(sums, 32)
            let from := data.offset
            for { let end := add(from, shl(5, width)) } lt(from, end) { from := add(from, 32) } {
                let x := xor(calldataload(from), bias)
                for { let shift := 0 } lt(shift, 64) { shift := add(shift, bits) } {
                    mstore(to, add(mload(to), mul(factor, and(shr(shift, x), mask))))
                    to := add(to, 32)
                }
            }
        }
    }

    /// @dev The 32 sums, each divided by `total` and rounded down. `factors` is the sum of all that were added with.
    function mean(uint256[] memory sums, uint256 width, uint256 factors, uint256 total)
        internal
        pure
        returns (int256[] memory means)
    {
        means = new int256[](4 * WORDS);
        uint256 bias = factors << (8 * width - 1);
        assembly ("memory-safe") {
            let lanes := div(8, width) // numbers in as many bits as a lane has; so many words hold one of calldata
            let from := add(sums, 32)
            let first := add(means, 32)
            for { let end := add(first, 1024) } lt(first, end) { first := add(first, shl(7, lanes)) } {
                for { let at := sub(add(first, shl(5, lanes)), 32) } iszero(lt(at, first)) { at := sub(at, 32) } {
                    let word := mload(from)
                    from := add(from, 32)
                    let to := at
                    for { let shift := 192 } slt(0, add(shift, 64)) { shift := sub(shift, 64) } {
                        let x := sub(and(shr(shift, word), 0xffffffffffffffff), bias)
                        mstore(to, sub(sdiv(x, total), slt(smod(x, total), 0)))
                        to := add(to, shl(5, lanes))
                    }
                }
            }
        }
    }

    /// @dev The numbers in `data`, times 2^`shift`, as row `i` of `rows`: biased by 2^31, whatever their width is.
    function put(uint256[] memory rows, uint256 i, bytes calldata data, uint256 width, uint256 shift) internal pure {
        uint256 mask = _ofLanes((1 << 8 * width) - 1);
        uint256 bias = _ofNumbers(width);
        uint256 rest = _ofLanes((1 << 31) - (1 << 8 * width - 1 + shift)); // an update is int32, so that is positive
        assembly ("memory-safe") {
            let bits := shl(3, width)
            let to := add(add(rows, 32), shl(8, i))
            let from := data.offset
            for { let end := add(from, shl(5, width)) } lt(from, end) { from := add(from, 32) } {
                let x := xor(calldataload(from), bias)
                for { let cut := 0 } lt(cut, 64) { cut := add(cut, bits) } {
                    mstore(to, add(rest, shl(shift, and(shr(cut, x), mask))))
                    to := add(to, 32)
                }
            }
        }
    }

    /// @dev The mean of each of 32 numbers, rounded down, in the `n` rows that `put` filled, when the `trim` least and
    /// the `trim` greatest are gone: one or two of them, in the case of the median. `trim` is less than half of `n`.
    function middle(uint256[] memory rows, uint256 n, uint256 width, uint256 trim)
        internal
        pure
        returns (int256[] memory)
    {
        uint256[] memory sums = _between(rows, n, trim);
        unchecked {
            // Sixteen rows at most.
            uint256 left = n - 2 * trim;
            return mean(sums, width, left << (32 - 8 * width), left); // it takes 2^31 off for each
        }
    }

    /// @dev Lane by lane: of any n − trim + 1 rows the least and the greatest are among those that go. Both are dropped
    /// where they are, and one more row is looked at.
    function _between(uint256[] memory rows, uint256 n, uint256 trim) private pure returns (uint256[] memory sums) {
        sums = none();
        assembly ("memory-safe") {
            let to := add(sums, 32)
            let first := add(rows, 32)
            for { let last := add(first, 256) } lt(first, last) { first := add(first, 32) } {
                let from := first
                let end := add(first, shl(8, sub(n, trim)))
                for { let left := trim } left { left := sub(left, 1) } {
                    end := add(end, 256)
                    // A lane keeps its carry where the first is not less than the second: they change places.
                    let least := mload(from)
                    let most := mload(add(from, 256))
                    let carry := and(sub(or(least, CARRY), most), CARRY)
                    let change := and(xor(least, most), sub(carry, shr(63, carry)))
                    least := xor(least, change)
                    most := xor(most, change)
                    from := add(from, 512)
                    for { let at := from } lt(at, end) { at := add(at, 256) } {
                        let x := mload(at)
                        carry := and(sub(or(least, CARRY), x), CARRY)
                        change := and(xor(least, x), sub(carry, shr(63, carry)))
                        least := xor(least, change)
                        x := xor(x, change)
                        carry := and(sub(or(x, CARRY), most), CARRY)
                        change := and(xor(x, most), sub(carry, shr(63, carry)))
                        most := xor(most, change)
                        mstore(at, xor(x, change))
                    }
                }
                let sum := 0
                for {} lt(from, end) { from := add(from, 256) } { sum := add(sum, mload(from)) }
                mstore(to, sum)
                to := add(to, 32)
            }
        }
    }

    /// @dev Room for `n` rows.
    function rowsOf(uint256 n) internal pure returns (uint256[] memory) {
        return new uint256[](WORDS * n);
    }

    /// @dev Sums of nothing.
    function none() internal pure returns (uint256[] memory) {
        return new uint256[](WORDS);
    }

    function _ofLanes(uint256 x) private pure returns (uint256) {
        unchecked {
            return x * 0x0000000000000001000000000000000100000000000000010000000000000001; // less than a lane
        }
    }

    /// @dev The sign bit of every number in a word.
    function _ofNumbers(uint256 width) private pure returns (uint256) {
        unchecked {
            return type(uint256).max / ((1 << 8 * width) - 1) << (8 * width - 1); // 1, 2 or 4 bytes
        }
    }
}
