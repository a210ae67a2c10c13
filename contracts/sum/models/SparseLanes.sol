// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISumErrors} from "../ISum.sol";
import {Words} from "../Words.sol";

/// @notice The inner loops of models over sparse binary features, in assembly. tests/contracts/mocks/SumReference.sol
/// has the same in plain Solidity; tests hold the two together.
///
/// Features are packed big-endian uint16 indices, strictly increasing, from 1 on; feature 0 is always there (the
/// intercept of a linear model, the number of samples of a counting one). The lane of feature f is first + f·stride,
/// counted from the first lane of storage: see `origin`.
library SparseLanes {
    /// @dev A note about a word that a sample touches: its slot, what that holds, a 1 in each lane touched.
    uint256 internal constant NOTE = 0x60;

    /// @notice The sum of the lanes of feature 0 and of the features of `x`. Notes the words it reads at
    /// `loaded.cache`, up to `end`. Reverts BadFeatures unless there are 1 to `limit` features, strictly increasing,
    /// in 1 … dims−1.
    function walk(Words.Loaded memory loaded, bytes calldata x, uint256 first, uint256 stride)
        internal
        view
        returns (uint256 total, uint256 end)
    {
        require(_fits(x.length, loaded.shape.limit()), ISumErrors.BadFeatures());
        uint256 base = addressOf(loaded);
        uint256 f;
        uint256 unsorted;
        end = loaded.cache;
        assembly ("memory-safe") {
            let slot := 0
            let word
            let ones
            let i := x.offset
            let last := add(i, x.length)
            for {} 1 {} {
                let p := add(first, mul(f, stride))
                if xor(shr(4, p), slot) {
                    slot := shr(4, p)
                    mstore(sub(end, 0x20), ones) // for the word before; at first, into the spare one
                    ones := 0
                    word := sload(slot)
                    mstore(end, slot)
                    mstore(add(end, 0x20), word)
                    end := add(end, NOTE)
                    word := add(word, mload(add(base, shl(5, slot))))
                }
                p := shl(4, and(p, 15))
                ones := or(ones, shl(p, 1))
                total := add(total, and(shr(p, word), 0xffff))
                if iszero(lt(i, last)) { break }
                p := shr(240, calldataload(i))
                unsorted := or(unsorted, add(p, not(f))) // p − f − 1 is negative
                f := p
                i := add(i, 2)
            }
            mstore(sub(end, 0x20), ones)
        }
        require(unsorted >> 255 == 0 && f < loaded.shape.dims(), ISumErrors.BadFeatures());
    }

    /// @notice Add `step`, less than 2^14 either way, to the lanes that `walk` has just noted, saturating.
    ///
    /// A word's lanes are added to at once: none borrows from the next, unless one would leave its range; only then
    /// they are looked at one by one. For signed weights, which are kept with 2^15 added, that is rare.
    /// @param end where the notes end, as `walk` returned it.
    function shift(Words.Loaded memory loaded, uint256 end, int256 step) internal {
        uint256 note = loaded.cache;
        uint256 base = addressOf(loaded);
        assembly ("memory-safe") {
            for {} lt(note, end) { note := add(note, NOTE) } {
                let slot := mload(note)
                let raw := mload(add(note, 0x20))
                let ones := mload(add(note, 0x40))
                let word := add(raw, mload(add(base, shl(5, slot))))
                // Only a lane whose two top bits are equal is near an end of its range
                if and(shl(15, ones), not(xor(word, shl(1, word)))) {
                    for { let at := 0 } lt(at, 256) { at := add(at, 16) } {
                        if and(shr(at, ones), 1) {
                            let old := and(shr(at, word), 0xffff)
                            let value := add(old, step)
                            if slt(value, 0) { value := 0 }
                            if sgt(value, 0xffff) { value := 0xffff }
                            raw := add(raw, shl(at, sub(value, old)))
                        }
                    }
                    sstore(slot, raw)
                    continue
                }
                sstore(slot, add(raw, mul(ones, step)))
            }
        }
    }

    /// @notice Add 1 to the lanes that `walk` has just noted; those that are full stay so.
    function count(Words.Loaded memory loaded, uint256 end) internal {
        uint256 note = loaded.cache;
        uint256 base = addressOf(loaded);
        assembly ("memory-safe") {
            for {} lt(note, end) { note := add(note, NOTE) } {
                let slot := mload(note)
                let raw := mload(add(note, 0x20))
                let ones := mload(add(note, 0x40))
                let word := add(raw, mload(add(base, shl(5, slot))))
                // A lane's top bit, where all the bits below are set too
                let full := and(word, shl(1, word))
                full := and(full, shl(2, full))
                full := and(full, shl(4, full))
                full := and(shr(15, and(full, shl(8, full))), ones)
                sstore(slot, add(raw, xor(ones, full)))
            }
        }
    }

    /// @notice The word of a note, and a 1 in each lane of it that the sample touches.
    function noted(uint256 base, uint256 note) internal pure returns (uint256 word, uint256 ones) {
        assembly ("memory-safe") {
            word := add(mload(add(note, 0x20)), mload(add(base, shl(5, mload(note)))))
            ones := mload(add(note, 0x40))
        }
    }

    /// @notice The lane of feature 0 of a run that begins at the model's lane `lane`.
    function origin(uint256 lane) internal pure returns (uint256) {
        return (Words.SPAN << 4) + 8 + lane;
    }

    /// @notice Where base word 0 would stand in memory if words were addressed by slot, modulo 2^256.
    function addressOf(Words.Loaded memory loaded) internal pure returns (uint256) {
        unchecked {
            return loaded.base - (Words.SPAN << 5);
        }
    }

    function _fits(uint256 length, uint256 limit) private pure returns (bool) {
        return length != 0 && length & 1 == 0 && length <= 2 * limit;
    }
}
