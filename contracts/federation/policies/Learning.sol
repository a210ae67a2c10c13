// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Lanes} from "../Lanes.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {Medians} from "./Medians.sol";
import {Quality} from "./Quality.sol";

/// @title Learning
/// @notice Each round is a task: the best model of several wins it (Bravo-Marquez, Reeves and Ugarte 2019,
/// Proof-of-Learning). The committee is that of IQuality, with others in it and for another purpose.
///
///   - Supplier: the organizer. It posts the task and pays for it: the descriptor names the data, and has the digest
///     of a test set that nobody knows. It releases the test set once models are revealed. Its bond is the reward: it
///     is paid out in full once the committee has judged, released or not.
///   - Trainer: a party that commits in the round. A model that is not committed to, or not revealed, in time does not
///     count. It is the update, on the model before.
///   - Validator: a party that commits to none. Of these the committee is drawn, once the models are there, by a
///     block that nobody knows yet. So nobody judges who competes. A score is the error on the test set; 65535 where
///     the model or the test set is not to be had in time.
///
///   The least median wins, of equal ones the lower seat. Its model is the round's, and it claims first. Of the reward
///   it gets four parts of five; the fifth is of the validators whose score of the winner is its median, or no further
///   from that than a thousandth.
///
///   Where a test set was never released, the least median is 65535, and there is no winner: all models are in, as
///   their mean, and share the reward; validators get nothing. So nobody gains by keeping a test set, nor, as a
///   validator, by saying that it was kept. Where no more than half of a whole committee judged, the round is void, as
///   it is with too few models: the reward is the supplier's again, and the silent pay the fine to the trainers. So
///   nobody is paid for filling the seats with models, so that none is left to judge.
///
///   A majority of validators decides as it likes. A supplier that trains on its own test set wins its own task, and
///   has the models of the others for a fifth of the reward: nobody can tell. Send models to suppliers that you know.
///   The best of bad models wins as well; and whoever holds all seats has no rivals: the remedy is an inviter.
abstract contract Learning is Quality {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;
    using Lanes for uint256;

    uint256 private constant WORST = type(uint16).max; // not to be had
    uint256 private constant NEAR = 65; // a thousandth: floating-point numbers differ between machines
    uint256 private constant WINNER = 4; // parts, to each one of a validator

    // ── the policy ──────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Nobody loses a seat for judging, or for waiting to be drawn.
    function _absent(PackedState memory) internal pure override returns (uint256) {
        return 0;
    }

    function _needed(PackedTerms) internal pure override returns (uint256) {
        return 1;
    }

    function _judges(PackedState memory s) internal pure override returns (uint256) {
        return s.seats() & ~s.committed();
    }

    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        // One model can win, but not alone: with fewer than the quorum the round is void, judged or not.
        if (LibBit.popCount(s.revealed()) < t.quorum()) return (0, 0, 0);
        PackedBallot memory b = _loadBallot();
        uint256 judged = b.round() == s.round() ? b.judged() : 0;
        if (2 * LibBit.popCount(judged) <= t.committee()) return (0, 0, 0);
        uint256[] memory ranks = Medians.ranked(Medians.find(_scores, judged), s.revealed());
        unchecked {
            // Sixteen seats.
            for (uint256 i = 0; i < ranks.length; ++i) {
                order |= (uint256(uint8(ranks[i])) + 1) << (8 * i);
            }
        }
        (uint256 best, uint256 score) = (uint8(ranks[0]), ranks[0] >> 8);
        if (score == WORST) return (s.revealed(), order, Lanes.ones(s.revealed()));
        return (1 << best, order, _merits(judged, best, score));
    }

    /// @dev One for each validator that has the same score of the `best`, and four times as many for that.
    function _merits(uint256 judged, uint256 best, uint256 score) private view returns (uint256 merits) {
        uint256[] memory judges = _seatsOf(judged);
        uint256 agreed = 0;
        unchecked {
            // Sixteen seats, scores of 16 bits.
            for (uint256 i = 0; i < judges.length; ++i) {
                uint256 own = uint256(_scores[judges[i]]).small(best);
                if (own > score + NEAR || score > own + NEAR) continue;
                merits |= Lanes.lane(1, judges[i]);
                ++agreed;
            }
            merits |= Lanes.lane(WINNER * agreed, best);
        }
    }
}
