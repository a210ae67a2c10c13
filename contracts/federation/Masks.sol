// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Batch} from "./Batch.sol";
import {Lanes} from "./Lanes.sol";

// Eight lanes at once; the tests hold it against Python.
// solhint-disable no-inline-assembly

/// @title Masks
/// @notice Sums modulo 2^32 of the 32 numbers of one chunk: of masked updates, and of masks that are taken off again.
/// The same in numpy: orchestrator/learning/privacy/masks.
///
/// The mask of a seed is keccak256(seed, uint32 number), word after word, eight numbers in each; so a chunk's is four
/// hashes. Sums are in eight words of four lanes of 64 bits: numbers at even places of a word, then those at odd ones.
library Masks {
    using Batch for bytes;

    uint256 internal constant HEAD = 64; // bytes of a sheet before its words
    uint256 private constant WORDS = 4; // of 32 bytes in a chunk
    uint256 private constant LANES = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant MODULI = 0x0000000100000000000000010000000000000001000000000000000100000000;

    /// @dev Sums of nothing.
    function none() internal pure returns (uint256[] memory) {
        return new uint256[](2 * WORDS);
    }

    /// @dev Add the chunk `data`, of 128 bytes.
    function add(uint256[] memory sums, bytes calldata data) internal pure {
        assembly ("memory-safe") {
            let to := add(sums, 32)
            let from := data.offset
            for { let end := add(from, 128) } lt(from, end) { from := add(from, 32) } {
                let x := calldataload(from)
                mstore(to, add(mload(to), and(shr(32, x), LANES)))
                mstore(add(to, 32), add(mload(add(to, 32)), and(x, LANES)))
                to := add(to, 64)
            }
        }
    }

    /// @dev Add what the mask of `seed` has in chunk `index`, or take it off.
    function mask(uint256[] memory sums, bytes32 seed, uint256 index, bool off) internal pure {
        assembly ("memory-safe") {
            // Seed and number, in scratch space.
            mstore(0, seed)
            let to := add(sums, 32)
            let block_ := shl(2, index)
            for { let end := add(block_, WORDS) } lt(block_, end) { block_ := add(block_, 1) } {
                mstore(32, shl(224, block_))
                let x := keccak256(0, 36)
                let even := and(shr(32, x), LANES)
                let odd := and(x, LANES)
                if off {
                    even := sub(MODULI, even)
                    odd := sub(MODULI, odd)
                }
                mstore(to, add(mload(to), even))
                mstore(add(to, 32), add(mload(add(to, 32)), odd))
                to := add(to, 64)
            }
        }
    }

    /// @dev The seats whose seeds with `seat` are told where `parties` are in: its own, those of who is gone, and those
    /// of whom it disagrees with.
    function due(uint256 among, uint256 parties, uint256 disagreed, uint256 seat) internal pure returns (uint256) {
        return among & ~parties | 1 << seat | Lanes.small(disagreed, seat);
    }

    /// @dev Take the masks of `seat` off whose seeds are at the places `shown` of a sheet of `among`.
    function takeOff(
        uint256[] memory sums,
        bytes calldata sheet,
        uint256 among,
        uint256 shown,
        uint256 seat,
        uint256 index
    ) internal pure {
        uint256 place = HEAD;
        unchecked {
            // Sixteen seats; the sheet is as long as `lengthOf` says.
            for (uint256 other = 0; among >> other != 0; ++other) {
                if (among >> other & 1 == 0) continue;
                bytes32 seed = bytes32(sheet[place:place + 32]);
                // The higher seat of a pair had subtracted its mask.
                if (shown >> other & 1 != 0) mask(sums, seed, index, other >= seat);
                place += 32;
            }
        }
    }

    /// @dev The 32 sums modulo 2^32, as signed numbers, each divided by `count` and rounded down. Of at most sixteen
    /// updates and 256 masks, no lane is full.
    function mean(uint256[] memory sums, uint256 count) internal pure returns (int256[] memory means) {
        means = new int256[](8 * WORDS);
        assembly ("memory-safe") {
            let to := add(means, 32)
            let from := add(sums, 32)
            for { let end := add(from, 256) } lt(from, end) { from := add(from, 64) } {
                for { let shift := 192 } slt(0, add(shift, 64)) { shift := sub(shift, 64) } {
                    let x := signextend(3, shr(shift, mload(from)))
                    mstore(to, sub(sdiv(x, count), slt(smod(x, count), 0)))
                    x := signextend(3, shr(shift, mload(add(from, 32))))
                    mstore(add(to, 32), sub(sdiv(x, count), slt(smod(x, count), 0)))
                    to := add(to, 64)
                }
            }
        }
    }

    /// @dev A sheet as it was committed to (see IMasked), of one in which the seeds at the places of `shown` stand in
    /// the place of their hashes. The hash of it is a file's.
    function asCommitted(bytes calldata sheet, uint256 among, uint256 shown)
        internal
        pure
        returns (bytes memory plain)
    {
        plain = sheet;
        unchecked {
            // Sixteen seats; the sheet is as long as `lengthOf` says.
            uint256 place = HEAD;
            for (uint256 seat = 0; among >> seat != 0; ++seat) {
                if (among >> seat & 1 == 0) continue;
                if (shown >> seat & 1 != 0) {
                    assembly ("memory-safe") {
                        let at := add(add(plain, 32), place)
                        mstore(at, keccak256(at, 32))
                    }
                }
                place += 32;
            }
        }
    }

    /// @dev One number of all hashes, in a sheet as it was committed to, of seeds that `seat` shares with others in
    /// `parties`, and of whom each is with: those of two who agree are the same, and leave nothing when one is taken
    /// exclusively or with the other.
    function shared(bytes memory sheet, uint256 among, uint256 parties, uint256 seat)
        internal
        pure
        returns (uint256 sum)
    {
        uint256 place = HEAD;
        unchecked {
            // Sixteen seats; the sheet is as long as `lengthOf` says.
            for (uint256 other = 0; among >> other != 0; ++other) {
                if (among >> other & 1 == 0) continue;
                place += 32;
                if (other == seat || parties >> other & 1 == 0) continue;
                uint256 pair = 1 << seat | 1 << other;
                assembly ("memory-safe") {
                    mstore(0, pair)
                    mstore(32, mload(add(sheet, place)))
                    sum := xor(sum, keccak256(0, 64))
                }
            }
        }
    }

    /// @dev Which two of `parties` have committed to other hashes of the seed that they share, by their sheets as they
    /// were committed to, in the order of seats: one of `entries` each, which ends with the sheet. Sixteen bits a seat.
    function disagreeing(bytes calldata entries, uint256 length, uint256 among, uint256 parties)
        internal
        pure
        returns (uint256 pairs)
    {
        uint256 words = length - 32 * LibBit.popCount(among);
        unchecked {
            // Sixteen seats; there is an entry for each of `parties`.
            uint256 entry = words;
            for (uint256 seat = 0; parties >> seat != 0; ++seat) {
                if (parties >> seat & 1 == 0) continue;
                uint256 before = words;
                for (uint256 other = 0; other < seat; ++other) {
                    if (parties >> other & 1 == 0) continue;
                    bytes32 own = entries.word(entry + 32 * LibBit.popCount(among & ((1 << other) - 1)));
                    bytes32 others = entries.word(before + 32 * LibBit.popCount(among & ((1 << seat) - 1)));
                    if (own != others) pairs |= Lanes.lane(1 << other, seat) | Lanes.lane(1 << seat, other);
                    before += length;
                }
                entry += length;
            }
        }
    }

    /// @dev Two CIDs and a word for each seat.
    function lengthOf(uint256 among) internal pure returns (uint256) {
        return HEAD + 32 * LibBit.popCount(among);
    }
}
