// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// solhint-disable no-inline-assembly
// (the inner loops; a plain reference is held beside them)

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";

/// @title Loops over sparse features
/// @notice The inner loops of models over sparse binary features, in assembly. tests/contracts/mocks/SumReference.sol
/// has the same in plain Solidity; tests hold the two together.
///
/// Features are packed big-endian uint16 indices, strictly increasing, from 1 on; feature 0 is always there (the
/// intercept of a linear model, the number of samples of a counting one). The lane of feature f is first + f·stride,
/// counted from the first lane of storage: see `origin`. `check` goes before all of this.
library SparseLanes {
    /// @dev A note about a word that a sample touches: its slot, what that holds, a 1 in each lane touched.
    uint256 private constant NOTE = 0x60;
    uint256 private constant EVEN = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant LOWEST = 0x0000000100000001000000010000000100000001000000010000000100000001;

    /// @notice Revert BadFeatures unless there are 1 to `limit` features, strictly increasing, in 1 … dims−1.
    ///
    /// Sixteen features at a time are compared with those before them: in lanes of 32 bits, a + 2^16 − 1 − b reaches
    /// bit 16 where a > b, and borrows from no other lane.
    function check(ModelParams shape, bytes calldata x) internal pure {
        uint256 length = x.length;
        uint256 wrong;
        uint256 before;
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, length) {} {
                let word := calldataload(add(x.offset, i))
                before := or(shl(240, before), shr(16, word))
                let even := sub(add(and(word, EVEN), EVEN), and(before, EVEN))
                let odd := sub(add(and(shr(16, word), EVEN), EVEN), and(shr(16, before), EVEN))
                i := add(i, 32)
                // what lies behind the last feature does not count
                let beyond := shl(3, mul(gt(i, length), sub(i, length)))
                let greater := or(and(shr(16, even), LOWEST), and(odd, shl(16, LOWEST)))
                wrong := or(wrong, shr(beyond, xor(greater, or(LOWEST, shl(16, LOWEST)))))
                before := and(shr(beyond, word), 0xffff)
            }
            wrong := or(wrong, or(and(length, 1), iszero(length)))
        }
        require(
            wrong == 0 && length >> 1 <= shape.limit() && before < shape.dims(), IOnlineModelErrors.BadFeatures()
        );
    }

    /// @notice The sum of the lanes of feature 0 and of the features of `x`, with stride 1.
    function sum(Weights.Loaded memory loaded, bytes calldata x, uint256 first) internal view returns (uint256 result) {
        uint256 base = _addressOf(loaded);
        assembly ("memory-safe") {
            let i := mload(0x40)
            calldatacopy(i, x.offset, x.length)
            mstore(add(i, x.length), 0) // no feature: the end
            let slot := shr(4, first)
            let word := add(sload(slot), mload(add(base, shl(5, slot))))
            result := and(shr(shl(4, and(first, 15)), word), 0xffff)
            for {} 1 {} {
                let p := shr(240, mload(i))
                if iszero(p) { break }
                p := add(p, first)
                i := add(i, 2)
                if xor(shr(4, p), slot) {
                    slot := shr(4, p)
                    word := add(sload(slot), mload(add(base, shl(5, slot))))
                }
                result := add(result, and(shr(shl(4, and(p, 15)), word), 0xffff))
            }
        }
    }

    /// @notice As `sum`, and notes about the words that the features stand in, at `loaded.notes` up to `end`, for
    /// `shift`.
    function weigh(Weights.Loaded memory loaded, bytes calldata x, uint256 first)
        internal
        view
        returns (uint256 result, uint256 end)
    {
        uint256 base = _addressOf(loaded);
        end = Weights.mark();
        loaded.notes = end;
        assembly ("memory-safe") {
            let slot := shr(4, first)
            // slither-disable-next-line incorrect-shift (a 1 in the lane)
            let ones := shl(shl(4, and(first, 15)), 1)
            let i := x.offset
            for { let last := add(i, x.length) } 1 {} {
                // Behind the last feature stands lane 0 of storage, in no word of a model
                let p := mul(add(first, shr(240, calldataload(i))), lt(i, last))
                if xor(shr(4, p), slot) {
                    let raw := sload(slot)
                    mstore(end, slot)
                    mstore(add(end, 0x20), raw)
                    mstore(add(end, 0x40), ones)
                    end := add(end, NOTE)
                    let lanes := and(mul(ones, 0xffff), add(raw, mload(add(base, shl(5, slot)))))
                    // eight lanes, each of two lanes of all words: 2 · 65,535 · 4,096 at most
                    result := add(result, add(and(lanes, EVEN), and(shr(16, lanes), EVEN)))
                    if iszero(p) { break }
                    slot := shr(4, p)
                    ones := 0
                }
                i := add(i, 2)
                // slither-disable-next-line incorrect-shift (a 1 in the lane)
                ones := or(ones, shl(and(shl(4, p), 0xf0), 1))
            }
            mstore(0x40, end)
            result := shr(224, mul(result, LOWEST)) // 2^16 lanes at most: below 2^32
        }
    }

    /// @notice Note the words that feature 0 and the features of `x` stand in, at `loaded.notes` up to `end`.
    function note(Weights.Loaded memory loaded, bytes calldata x, uint256 first, uint256 stride)
        internal
        view
        returns (uint256 end)
    {
        end = Weights.mark();
        loaded.notes = end;
        assembly ("memory-safe") {
            let slot := shr(4, first)
            // slither-disable-next-line incorrect-shift (a 1 in the lane)
            let ones := shl(shl(4, and(first, 15)), 1)
            let i := x.offset
            for { let last := add(i, x.length) } 1 { i := add(i, 2) } {
                // Behind the last feature stands one far beyond all words
                let p := add(add(first, mul(stride, shr(240, calldataload(i)))), shl(254, iszero(lt(i, last))))
                if xor(shr(4, p), slot) {
                    mstore(end, slot)
                    mstore(add(end, 0x20), sload(slot))
                    mstore(add(end, 0x40), ones)
                    end := add(end, NOTE)
                    if shr(254, p) { break }
                    slot := shr(4, p)
                    ones := 0
                }
                // slither-disable-next-line incorrect-shift (a 1 in the lane)
                ones := or(ones, shl(shl(4, and(p, 15)), 1))
            }
            mstore(0x40, end)
        }
    }

    /// @notice Add `step`, less than 2^14 either way, to the lanes that `note` has just noted, saturating.
    ///
    /// A word's lanes are added to at once: none borrows from the next, unless one would leave its range; only then
    /// they are looked at one by one. For signed weights, which are kept with 2^15 added, that is rare.
    /// @param end where the notes end, as `note` returned it.
    function shift(Weights.Loaded memory loaded, uint256 end, int256 step) internal {
        uint256 at = loaded.notes;
        uint256 base = _addressOf(loaded);
        assembly ("memory-safe") {
            for {} lt(at, end) { at := add(at, NOTE) } {
                let slot := mload(at)
                let raw := mload(add(at, 0x20))
                let ones := mload(add(at, 0x40))
                let word := add(raw, mload(add(base, shl(5, slot))))
                // Only a lane whose two top bits are equal is near an end of its range
                if and(shl(15, ones), not(xor(word, shl(1, word)))) {
                    for { let lane := 0 } lt(lane, 256) { lane := add(lane, 16) } {
                        if and(shr(lane, ones), 1) {
                            let old := and(shr(lane, word), 0xffff)
                            let value := add(old, step)
                            if slt(value, 0) { value := 0 }
                            if sgt(value, 0xffff) { value := 0xffff }
                            raw := add(raw, shl(lane, sub(value, old)))
                        }
                    }
                    sstore(slot, raw)
                    continue
                }
                sstore(slot, add(raw, mul(ones, step)))
            }
        }
    }

    /// @notice Add 1 to the lanes `offset` above those that `note` has just noted; those that are full stay so.
    function count(Weights.Loaded memory loaded, uint256 end, uint256 offset) internal {
        uint256 at = loaded.notes;
        uint256 base = _addressOf(loaded);
        offset <<= 4;
        assembly ("memory-safe") {
            for {} lt(at, end) { at := add(at, NOTE) } {
                let slot := mload(at)
                let raw := mload(add(at, 0x20))
                let ones := shl(offset, mload(add(at, 0x40)))
                let word := add(raw, mload(add(base, shl(5, slot))))
                // Only where a lane's top bit is set it may be full: all bits below are set too
                if and(shl(15, ones), word) {
                    let full := and(word, shl(1, word))
                    full := and(full, shl(2, full))
                    full := and(full, shl(4, full))
                    full := and(full, shl(8, full))
                    ones := and(ones, not(shr(15, full)))
                }
                sstore(slot, add(raw, ones))
            }
        }
    }

    /// @notice Π (n + 1) over the lanes `offset` above those noted, and over the lanes next to them, each as
    /// mantissa · 2^exponent: after each word a mantissa is cut to less than 2^128, 64 bits of it being left at least.
    function products(Weights.Loaded memory loaded, uint256 end, uint256 offset)
        internal
        pure
        returns (uint256 first, uint256 firstExponent, uint256 second, uint256 secondExponent)
    {
        uint256 base = _addressOf(loaded);
        uint256 at = loaded.notes;
        offset <<= 4;
        assembly ("memory-safe") {
            first := 1
            second := 1
            for {} lt(at, end) { at := add(at, NOTE) } {
                let word := shr(offset, add(mload(add(at, 0x20)), mload(add(base, shl(5, mload(at))))))
                for { let ones := mload(add(at, 0x40)) } ones {} { // eight lanes at most, 2^128
                    let others := and(ones, sub(ones, 1)) // without the lowest 1
                    let pair := div(word, xor(ones, others))
                    first := mul(first, add(and(pair, 0xffff), 1))
                    second := mul(second, add(and(shr(16, pair), 0xffff), 1))
                    ones := others
                }
                if shr(128, or(first, second)) {
                    let cut := shl(6, add(iszero(iszero(shr(128, first))), iszero(iszero(shr(192, first)))))
                    first := shr(cut, first)
                    firstExponent := add(firstExponent, cut)
                    cut := shl(6, add(iszero(iszero(shr(128, second))), iszero(iszero(shr(192, second)))))
                    second := shr(cut, second)
                    secondExponent := add(secondExponent, cut)
                }
            }
        }
    }

    /// @notice The sum of the lanes `offset` above those noted.
    function total(Weights.Loaded memory loaded, uint256 end, uint256 offset) internal pure returns (uint256 sum_) {
        uint256 base = _addressOf(loaded);
        uint256 at = loaded.notes;
        offset <<= 4;
        assembly ("memory-safe") {
            for {} lt(at, end) { at := add(at, NOTE) } {
                let word := shr(offset, add(mload(add(at, 0x20)), mload(add(base, shl(5, mload(at))))))
                let ones := mload(add(at, 0x40))
                for {} ones {} {
                    let others := and(ones, sub(ones, 1))
                    sum_ := add(sum_, and(div(word, xor(ones, others)), 0xffff))
                    ones := others
                }
            }
        }
    }

    /// @notice The lane of feature 0 of a run that begins at the model's lane `lane`.
    function origin(uint256 lane) internal pure returns (uint256) {
        return (Weights.SPAN << 4) + 8 + lane;
    }

    /// @notice Where base word 0 would stand in memory if words were addressed by slot, modulo 2^256.
    function _addressOf(Weights.Loaded memory loaded) private pure returns (uint256) {
        unchecked {
            return loaded.base - (Weights.SPAN << 5);
        }
    }
}
