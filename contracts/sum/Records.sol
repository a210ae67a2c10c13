// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Facts} from "./Facts.sol";
import {ISumErrors} from "./ISum.sol";
import {Words} from "../models/online/Words.sol";

/// @title The records of contributions
/// @notice The storage that the data handler and the incentive mechanism share: one slot for each open contribution
/// and half a slot of counters.
///
/// The slot of a settled contribution is used again by a later one (the free ones form a list), so that in the long
/// run a contribution writes where something stood before, and storage grows with what is open, not with what ever
/// was. An id is number · 2^32 + slot: the number says which contribution it is, the slot where it is kept.
abstract contract Records is ISumErrors {
    /// @param digest of the id, the facts and the features; zero in a free slot.
    /// @param left what remains of the deposit, in units; in a free slot, the next free one.
    /// @param look the last look at the model that changed sides, where the contribution is disputed: 2 · its time, and
    /// 1 if the model was against it; zero where nobody disputes it; 1 in a free slot, so that it is never zero.
    struct Record {
        uint160 digest;
        uint48 left;
        uint48 look;
    }

    /// @param count of contributions so far: the last one's number.
    /// @param free the first free slot, zero if there is none.
    /// @param moved when the model last changed, modulo 2^24 seconds: enough to tell this block from an earlier one.
    /// @param valid how many contributions earned reputation.
    /// @param pricedAt when the last contribution was admitted.
    /// @param model lanes 8 to 15 of word 0, see Words.
    struct State {
        uint24 count;
        uint24 free;
        uint24 moved;
        uint24 valid;
        uint32 pricedAt;
        uint128 model;
    }

    /// @notice What changes in `State` while contributions are taken in.
    /// @param hidden 0x40 if they were committed to before, else 0, as `Facts` has it.
    struct Intake {
        uint256 count;
        uint256 free;
        bool changed;
        uint256 hidden;
    }

    mapping(uint256 slot => Record) internal _records;

    function _state() internal pure returns (State storage state) {
        uint256 slot = Words.SPAN;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            state.slot := slot
        }
    }

    /// @notice What is left of the record `id` and the last look at it, if `facts` and `x` are what was recorded.
    function _open(uint256 id, Facts facts, bytes calldata x) internal view returns (uint256 left, uint256 look) {
        Record storage record = _records[uint32(id)];
        // slither-disable-next-line incorrect-equality (digests)
        require(record.digest == _digest(id, facts, x), NotRecorded(id));
        return (record.left, record.look);
    }

    /// @notice Give the slot of a settled contribution back.
    /// @param earned how much reputation came of it.
    function _settle(uint256 id, uint256 earned) internal {
        State storage state = _state();
        Record storage record = _records[uint32(id)];
        // record = Record(0, state.free, 1); state.free = uint24(id); state.valid += earned: one store for each slot
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let word := sload(state.slot)
            sstore(record.slot, or(shl(160, and(shr(24, word), 0xffffff)), shl(208, 1)))
            word := or(and(word, not(shl(24, 0xffffff))), shl(24, and(id, 0xffffff)))
            sstore(state.slot, add(word, shl(72, earned))) // valid ≤ count < 2^24: it does not overflow
        }
    }

    /// @notice Set all counters but `valid`.
    function _setState(uint256 count, uint256 free, uint256 moved, uint256 pricedAt) internal {
        State storage state = _state();
        // (state.count, state.free, state.moved, state.pricedAt) = (count, free, moved, pricedAt): in one store
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let word := or(or(count, shl(24, free)), or(shl(48, moved), shl(96, pricedAt)))
            let others := not(0xffffffff000000ffffffffffffffffff)
            sstore(state.slot, or(and(sload(state.slot), others), word))
        }
    }

    /// @notice A slot for the next contribution, and its id.
    function _reserve(Intake memory intake) internal view returns (uint256 id) {
        uint256 number = ++intake.count;
        require(number <= type(uint24).max, Full());
        uint256 slot = intake.free;
        if (slot == 0) return number << 32 | number;
        intake.free = _records[slot].left;
        return number << 32 | slot;
    }

    function _digest(uint256 id, Facts facts, bytes calldata x) internal pure returns (uint160) {
        return uint160(uint256(keccak256(abi.encodePacked(id, facts, x))));
    }
}
