// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @dev Who judges in a round, and who has, in one word; see Ballots.
struct PackedBallot {
    uint256 word;
}

/// @title Ballots
/// @notice The fields of a ballot as they lie in its slot. Masks have a bit for each of sixteen seats.
library Ballots {
    uint256 private constant ROUND = 232;
    uint256 private constant DRAWN_FROM = 168;
    uint256 private constant COMMITTEE = 152;
    uint256 private constant SPOKE = 136;
    uint256 private constant JUDGED = 120;
    uint256 private constant AMONG = 104;
    uint256 private constant ORDER = 40; // eight seats
    uint256 private constant LAST = 0;

    /// @dev Of `round_`: the committee will be drawn from the seats in `among_`, by the hash of block `number`.
    function begin(PackedBallot memory b, uint256 round_, uint256 number, uint256 among_) internal pure {
        b.word = round_ << ROUND | uint256(uint64(number)) << DRAWN_FROM | among_ << AMONG;
    }

    function round(PackedBallot memory b) internal pure returns (uint256) {
        return b.word >> ROUND;
    }

    function drawnFrom(PackedBallot memory b) internal pure returns (uint256) {
        return uint64(b.word >> DRAWN_FROM);
    }

    function committee(PackedBallot memory b) internal pure returns (uint256) {
        return uint16(b.word >> COMMITTEE);
    }

    /// @dev Who committed to scores.
    function spoke(PackedBallot memory b) internal pure returns (uint256) {
        return uint16(b.word >> SPOKE);
    }

    /// @dev Who revealed them, or voted.
    function judged(PackedBallot memory b) internal pure returns (uint256) {
        return uint16(b.word >> JUDGED);
    }

    function among(PackedBallot memory b) internal pure returns (uint256) {
        return uint16(b.word >> AMONG);
    }

    /// @dev Who claims first, a byte of seat plus one each, the first in the lowest.
    function order(PackedBallot memory b) internal pure returns (uint256) {
        return uint64(b.word >> ORDER);
    }

    /// @dev When the last of them voted.
    function last(PackedBallot memory b) internal pure returns (uint256) {
        return uint40(b.word >> LAST);
    }

    function setOrder(PackedBallot memory b, uint256 seats) internal pure {
        b.word |= uint256(uint64(seats)) << ORDER; // once in a round
    }

    function setLast(PackedBallot memory b, uint256 time) internal pure {
        b.word = b.word & ~uint256(type(uint40).max) | uint40(time);
    }

    function setCommittee(PackedBallot memory b, uint256 mask) internal pure {
        b.word |= mask << COMMITTEE; // once in a round
    }

    function addSpoke(PackedBallot memory b, uint256 mask) internal pure {
        b.word |= mask << SPOKE;
    }

    function addJudged(PackedBallot memory b, uint256 mask) internal pure {
        b.word |= mask << JUDGED;
    }
}
