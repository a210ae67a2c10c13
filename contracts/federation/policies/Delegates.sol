// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Lanes} from "../Lanes.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {Votes} from "./Votes.sol";

/// @title Delegates
/// @notice As many parties as the terms' `committee` says are elected by what is behind them (see IBacking), of equals
/// the lower seats. They vote: an update is in with more than two thirds of them. They claim in turn: in each round
/// another one is first.
///
/// A cartel of a third of the delegates keeps out what it likes, and of two thirds lets it in. Whoever backs it may
/// choose others before the next round.
abstract contract Delegates is Votes {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;
    using Lanes for uint256[4];

    uint256 private constant LEADERS = 8;

    function _prepare(PackedTerms t, PackedState memory s, PackedBallot memory b) internal view override {
        if (b.committee() != 0) return;
        uint256 elected = _elected(t, s);
        b.setCommittee(elected);
        b.setOrder(_inTurn(elected, s.round()));
    }

    function _voters(PackedTerms t, PackedState memory s, PackedBallot memory b)
        internal
        view
        override
        returns (uint256)
    {
        bool known = b.round() == s.round() && b.committee() != 0;
        return known ? b.committee() : _elected(t, s);
    }

    function _most(PackedTerms t, PackedState memory s, PackedBallot memory b)
        internal
        view
        override
        returns (uint256)
    {
        return 2 * LibBit.popCount(_voters(t, s, b)) / 3;
    }

    /// @dev The seats with the most behind them, of those who take part.
    function _elected(PackedTerms t, PackedState memory s) private view returns (uint256 mask) {
        uint256[] memory behind = new uint256[](16);
        for (uint256 seat = 0; seat < 16; ++seat) {
            if (s.seats() >> seat & 1 != 0) behind[seat] = _backed.get(seat) + 1;
        }
        for (uint256 k = t.committee(); k != 0; --k) {
            uint256 best = 0;
            for (uint256 seat = 1; seat < 16; ++seat) {
                if (behind[seat] > behind[best]) best = seat;
            }
            if (behind[best] == 0) break;
            (behind[best], mask) = (0, mask | 1 << best);
        }
    }

    /// @dev Those of `mask` from one on that is another one in each round.
    function _inTurn(uint256 mask, uint256 round) private pure returns (uint256 order) {
        uint256 count = LibBit.popCount(mask);
        if (count == 0) return 0;
        uint256[] memory seats = new uint256[](count);
        uint256 found = 0;
        for (uint256 seat = 0; mask >> seat != 0; ++seat) {
            if (mask >> seat & 1 == 0) continue;
            seats[found] = seat;
            ++found;
        }
        for (uint256 i = 0; i < count && i < LEADERS; ++i) {
            order |= (seats[(round + i) % count] + 1) << (8 * i);
        }
    }
}
