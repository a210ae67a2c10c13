// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {Delegation} from "./Delegation.sol";
import {FederationLedger} from "./FederationLedger.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {PackedState, StateCodec} from "./StateCodec.sol";
import {IRounds, Phase} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title FederationBase
/// @notice Phases, the ends of rounds, balances. See IFederation.
abstract contract FederationBase is IRounds, FederationLedger, Delegation, EIP712 {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Lanes for uint256[4];

    /// @notice End the round: settle fines and the count of missed rounds, and open the next one.
    /// @param sums what seats earn in this round; fines are added to it.
    /// @param leader a mask of the leader that did not claim.
    function _endRound(
        PackedTerms t,
        PackedState memory s,
        uint256[4] memory sums,
        uint256 idle,
        uint256 leader
    ) internal {
        if (t.obliged()) idle |= s.seats() & ~s.committed();
        // A seat that was excluded in this round has paid, and may belong to somebody else by now.
        _fine(t, s, sums, idle & s.seats(), leader & s.seats());
        _earned.add(sums);
        uint256 missed = _absent(s);
        s.dropSeats(missed & s.missedTwice());
        s.setMissed(missed & ~s.missedOnce() & ~s.missedTwice(), missed & s.missedOnce());
        if (s.done() == t.rounds() || s.voids() == t.maxVoids()) _close(t, s);
        else _openRound(t, s);
        _save(s);
    }

    function _phaseOf(PackedTerms t, PackedState memory s) internal view returns (Phase) {
        if (s.closed()) return Phase.Closed;
        if (s.round() == 0) return Phase.Joining;
        if (s.claimedAfter() != 0) return Phase.Challenging;
        if (_isCommitting(t, s)) return Phase.Committing;
        if (_isRevealing(t, s)) return Phase.Revealing;
        if (block.timestamp < _claimsFrom(t, s.since()) && !_hasJudged(t, s)) return Phase.Judging;
        return Phase.Claiming;
    }

    function _requirePhase(PackedTerms t, PackedState memory s, Phase phase_) internal view {
        Phase now_ = _phaseOf(t, s);
        require(now_ == phase_, WrongPhase(now_));
    }

    /// @dev What was meant for another round must not count in this one.
    function _requireRound(PackedState memory s, uint256 round) internal pure {
        require(s.round() == round, WrongRound(round));
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("DILN federation", "1");
    }

    // ── what a policy says ──────────────────────────────────────────────────────────────────────────────────

    /// @dev The seats for which the round counts as missed.
    function _absent(PackedState memory s) internal view virtual returns (uint256) {
        return s.seats() & ~s.committed();
    }

    /// @dev Whether all have judged, before the time for it is over.
    function _hasJudged(PackedTerms t, PackedState memory s) internal view virtual returns (bool);

    /// @dev The seats that owed a judgement and gave none.
    function _idleJudges(PackedTerms t, PackedState memory s) internal view virtual returns (uint256);

    /// @dev Which updates are in; in which order seats may claim (bytes of seat plus one, the first in the lowest); by
    /// which merits they are paid.
    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        virtual
        returns (uint256 accepted, uint256 order, uint256 merits);
}

// slither-disable-end timestamp
