// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Four lanes at once; the tests hold it against numpy.
// solhint-disable no-inline-assembly

/// @title Sums
/// @notice Weighted sums of the updates of one chunk, in eight words of four lanes of 64 bits, without unpacking them.
///
/// A word of calldata has 4, 2 or 1 times as many numbers as a word of sums has lanes (they have 1, 2 or 4 bytes), so
/// it is shifted and masked as many times. Numbers are biased to be at least zero: one of `width` bytes times 2^shift
/// is below 2^32 then, a weight below 2^16, and of sixteen the sum below 2^52.
library Sums {
    uint256 private constant WORDS = 8;

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
