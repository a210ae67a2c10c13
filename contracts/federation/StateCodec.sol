// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {State} from "./IFederation.sol";

/// @title StateCodec
/// @notice What moves, in one word. Rounds are bounded by the terms, times by reality, masks by sixteen seats, and
/// demands by the chunks of a model: nothing outgrows its place.
library StateCodec {
    function pack(State memory s) internal pure returns (uint256) {
        uint256 clock = s.round << 232 | s.since << 192 | s.done << 176 | s.voids << 168 | (s.closed ? 1 << 160 : 0);
        uint256 masks = s.taken << 144 | s.seats << 128 | s.committed << 112 | s.revealed << 96 | s.tried << 80;
        return clock | masks | s.demanded << 64 | s.missedOnce << 48 | s.missedTwice << 32 | s.claimedAfter;
    }

    function unpack(uint256 word) internal pure returns (State memory s) {
        (s.round, s.since, s.done) = (word >> 232, uint40(word >> 192), uint16(word >> 176));
        (s.voids, s.closed) = (uint8(word >> 168), word >> 160 & 1 != 0);
        (s.taken, s.seats, s.committed) = (uint16(word >> 144), uint16(word >> 128), uint16(word >> 112));
        (s.revealed, s.tried, s.demanded) = (uint16(word >> 96), uint16(word >> 80), uint16(word >> 64));
        (s.missedOnce, s.missedTwice) = (uint16(word >> 48), uint16(word >> 32));
        s.claimedAfter = uint32(word);
    }
}
