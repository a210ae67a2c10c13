// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISumErrors} from "../ISum.sol";
import {Words} from "../Words.sol";

/// @notice The two inner loops of sparse linear models, in assembly. tests/contracts/mocks/SumReference.sol has the
/// same in plain Solidity; tests hold the two together.
///
/// Features are packed big-endian uint16 indices, strictly increasing, from 1 on: feature 0 is the intercept, which
/// is always there. The weight of feature f in row r is lane 8 + r·dims + f of the model's words, as weight + 2^15.
/// So kept, weights can be added to a word at a time: no lane borrows from the next, unless one would leave int16.
library SparseLanes {
    uint256 private constant ZERO = 1 << 15;

    /// @dev A note about a word that a sample touches: its slot, what that holds, a 1 in each lane touched.
    uint256 private constant NOTE = 0x60;

    /// @notice w[0] + Σ w[f] over one row. Notes the words it reads at `loaded.cache`, up to `end`.
    /// Reverts BadFeatures unless there are 1 to `limit` features, strictly increasing, in 1 … dims−1.
    function score(Words.Loaded memory loaded, bytes calldata x, uint256 row)
        internal
        view
        returns (int256 total, uint256 end)
    {
        require(_fits(x.length, loaded.shape.limit()), ISumErrors.BadFeatures());
        (uint256 first, uint256 base) = _origin(loaded, row);
        uint256 f;
        uint256 unsorted;
        end = loaded.cache;
        total = -int256(ZERO * (x.length / 2 + 1)); // each lane has 2^15 too much
        assembly ("memory-safe") {
            let slot := 0
            let word
            let ones
            let i := x.offset
            let last := add(i, x.length)
            for {} 1 {} {
                let p := add(first, f)
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

    /// @notice Add `step`, less than 2^14 either way, to the weights that `score` has just noted, saturating.
    /// @param end where the notes end, as `score` returned it.
    function shift(Words.Loaded memory loaded, uint256 end, int256 step) internal {
        uint256 note = loaded.cache;
        (, uint256 base) = _origin(loaded, 0);
        assembly ("memory-safe") {
            for {} lt(note, end) { note := add(note, NOTE) } {
                let slot := mload(note)
                let raw := mload(add(note, 0x20))
                let ones := mload(add(note, 0x40))
                let word := add(raw, mload(add(base, shl(5, slot))))
                // Only a lane whose two top bits are equal is near an end of its range: then lane by lane
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

    /// @return first the number of a row's first lane, counted from storage's first lane on.
    /// @return base the address in memory to which 32 · slot is added, modulo 2^256.
    function _origin(Words.Loaded memory loaded, uint256 row) private pure returns (uint256 first, uint256 base) {
        unchecked {
            first = (Words.SPAN << 4) + 8 + row * loaded.shape.dims();
            base = loaded.base - (Words.SPAN << 5);
        }
    }

    function _fits(uint256 length, uint256 limit) private pure returns (bool) {
        return length != 0 && length & 1 == 0 && length <= 2 * limit;
    }
}
