// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {State} from "./IFederation.sol";

/// @dev What moves, in one word; see StateCodec.
struct PackedState {
    uint256 word;
}

/// @title StateCodec
/// @notice The fields of a State in one word of memory, as they lie in its slot. Rounds are bounded by the terms, times
/// by the terms, masks by sixteen seats, and demands by the parts of a model: nothing outgrows its place.
library StateCodec {
    using StateCodec for PackedState;

    uint256 private constant ROUND = 232;
    uint256 private constant SINCE = 192;
    uint256 private constant DONE = 176;
    uint256 private constant VOIDS = 168;
    uint256 private constant CLOSED = 160;
    uint256 private constant TAKEN = 144;
    uint256 private constant SEATS = 128;
    uint256 private constant COMMITTED = 112;
    uint256 private constant REVEALED = 96;
    uint256 private constant TRIED = 80;
    uint256 private constant DEMANDED = 60;
    uint256 private constant MISSED_ONCE = 44;
    uint256 private constant MISSED_TWICE = 28;

    /// @dev In a round 16 claims fall by refutation and 16 by an exclusion. Of each, 2^10 groups of the model and 2^6
    /// of the trace can be demanded, besides 2^10 groups of 16 updates: 51,200.
    uint256 private constant MAX_DEMANDED = 2 ** 20 - 1;
    /// @dev The lowest 28 bits: a claim comes within months.
    uint256 private constant MAX_WAIT = 2 ** 28 - 1;

    function unpacked(PackedState memory p) internal pure returns (State memory s) {
        (s.round, s.since, s.done) = (p.round(), p.since(), p.done());
        (s.voids, s.closed) = (p.voids(), p.closed());
        (s.taken, s.seats, s.committed) = (p.taken(), p.seats(), p.committed());
        (s.revealed, s.tried, s.demanded) = (p.revealed(), p.tried(), p.demanded());
        (s.missedOnce, s.missedTwice) = (p.missedOnce(), p.missedTwice());
        s.claimedAfter = p.claimedAfter();
    }

    function round(PackedState memory s) internal pure returns (uint256) {
        return uint24(s.word >> ROUND);
    }

    function since(PackedState memory s) internal pure returns (uint256) {
        return uint40(s.word >> SINCE);
    }

    function done(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> DONE);
    }

    function voids(PackedState memory s) internal pure returns (uint256) {
        return uint8(s.word >> VOIDS);
    }

    function closed(PackedState memory s) internal pure returns (bool) {
        return uint8(s.word >> CLOSED) != 0;
    }

    function taken(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> TAKEN);
    }

    function seats(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> SEATS);
    }

    function committed(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> COMMITTED);
    }

    function revealed(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> REVEALED);
    }

    function tried(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> TRIED);
    }

    function demanded(PackedState memory s) internal pure returns (uint256) {
        return s.word >> DEMANDED & MAX_DEMANDED;
    }

    function missedOnce(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> MISSED_ONCE);
    }

    function missedTwice(PackedState memory s) internal pure returns (uint256) {
        return uint16(s.word >> MISSED_TWICE);
    }

    function claimedAfter(PackedState memory s) internal pure returns (uint256) {
        return s.word & MAX_WAIT;
    }

    function setSince(PackedState memory s, uint256 time) internal pure {
        s.word = s.word & ~(uint256(type(uint40).max) << SINCE) | uint256(uint40(time)) << SINCE;
    }

    function setClaimedAfter(PackedState memory s, uint256 seconds_) internal pure {
        s.word = s.word & ~MAX_WAIT | seconds_ & MAX_WAIT;
    }

    function setClosed(PackedState memory s) internal pure {
        s.word |= 1 << CLOSED;
    }

    /// @dev One more that counts; the void ones begin again.
    function addDone(PackedState memory s) internal pure {
        unchecked {
            // At most 1024 rounds.
            s.word = (s.word + (1 << DONE)) & ~(uint256(type(uint8).max) << VOIDS);
        }
    }

    function addVoid(PackedState memory s) internal pure {
        unchecked {
            // At most ten in a row.
            s.word += 1 << VOIDS;
        }
    }

    function addDemand(PackedState memory s) internal pure {
        unchecked {
            // See MAX_DEMANDED.
            s.word += 1 << DEMANDED;
        }
    }

    function removeDemand(PackedState memory s) internal pure {
        unchecked {
            // Only what was added.
            s.word -= 1 << DEMANDED;
        }
    }

    /// @dev The next round begins at `time`.
    function open(PackedState memory s, uint256 time) internal pure {
        uint256 masks = uint256(type(uint48).max) << TRIED | MAX_DEMANDED << DEMANDED; // and committed, revealed
        unchecked {
            // At most 1024 · 11 rounds.
            s.word = (s.word & ~masks) + (1 << ROUND);
        }
        s.setSince(time);
        s.setClaimedAfter(0);
    }

    function addCommitted(PackedState memory s, uint256 mask) internal pure {
        s.word |= mask << COMMITTED;
    }

    function addRevealed(PackedState memory s, uint256 mask) internal pure {
        s.word |= mask << REVEALED;
    }

    function addTried(PackedState memory s, uint256 mask) internal pure {
        s.word |= mask << TRIED;
    }

    /// @dev Seats that somebody has, and that take part.
    function addSeats(PackedState memory s, uint256 mask) internal pure {
        s.word |= mask << TAKEN | mask << SEATS;
    }

    /// @dev They do not take part any longer.
    function dropSeats(PackedState memory s, uint256 mask) internal pure {
        s.word &= ~(mask << SEATS);
    }

    /// @dev They did not commit, nor reveal.
    function dropUpdates(PackedState memory s, uint256 mask) internal pure {
        s.word &= ~(mask << COMMITTED | mask << REVEALED);
    }

    /// @dev Nobody has these seats, and nothing is known of them.
    function vacate(PackedState memory s, uint256 mask) internal pure {
        s.word &= ~(mask << TAKEN | mask << SEATS | mask << MISSED_ONCE | mask << MISSED_TWICE);
    }

    function setMissed(PackedState memory s, uint256 once, uint256 twice) internal pure {
        uint256 both = uint256(type(uint32).max) << MISSED_TWICE;
        s.word = s.word & ~both | once << MISSED_ONCE | twice << MISSED_TWICE;
    }
}
