// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {Balances} from "../kernel/Balances.sol";
import {Currency} from "../kernel/Currency.sol";
import {Delegation} from "./Delegation.sol";
import {FederationLedger} from "./FederationLedger.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";
import {IFederation, Phase, State, Terms} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take minutes)

/// @title FederationBase
/// @notice Phases, the ends of rounds, balances. See IFederation.
abstract contract FederationBase is IFederation, FederationLedger, Delegation, Balances, EIP712 {
    using FederationTerms for PackedTerms;
    using Lanes for uint256[4];

    /// @notice End the round: settle fines and the count of missed rounds, and open the next one.
    /// @param sums what seats earn in this round; fines are added to it.
    /// @param leader a mask of the leader that did not claim.
    function _endRound(
        PackedTerms memory t,
        State memory s,
        uint256[4] memory sums,
        uint256 idle,
        uint256 leader
    ) internal {
        if (t.obliged()) idle |= s.seats & ~s.committed;
        // A seat that was excluded in this round has paid, and may belong to somebody else by now.
        _fine(t, s, sums, idle & s.seats, leader & s.seats);
        _earned.add(sums);
        uint256 missed = s.seats & ~s.committed;
        s.seats &= ~(missed & s.missedTwice);
        (s.missedOnce, s.missedTwice) = (missed & ~s.missedOnce & ~s.missedTwice, missed & s.missedOnce);
        if (s.done == t.rounds() || s.voids == t.maxVoids()) _close(t, s);
        else _open(s);
        _save(s);
    }

    function _phaseOf(PackedTerms memory t, State memory s) internal view returns (Phase) {
        if (s.closed) return Phase.Closed;
        if (s.round == 0) return Phase.Joining;
        if (s.claimedAfter != 0) return Phase.Challenging;
        if (_isCommitting(t, s)) return Phase.Committing;
        if (_isRevealing(t, s)) return Phase.Revealing;
        if (block.timestamp < _claimsFrom(t, s.since) && !_hasJudged(t, s)) return Phase.Judging;
        return Phase.Claiming;
    }

    function _requirePhase(PackedTerms memory t, State memory s, Phase phase_) internal view {
        Phase now_ = _phaseOf(t, s);
        require(now_ == phase_, WrongPhase(now_));
    }

    /// @inheritdoc IFederation
    function terms() external view returns (Terms memory) {
        return FederationTerms.unpacked(_terms());
    }

    /// @inheritdoc IFederation
    function state() external view returns (State memory) {
        return _load();
    }

    /// @inheritdoc IFederation
    function partyOf(address party)
        external
        view
        returns (uint256 seat, bytes32 kept, uint256 deposit, uint256 earned)
    {
        seat = _seatOf(party);
        if (seat == NO_SEAT) return (seat, 0, 0, 0);
        PackedTerms memory t = _terms();
        kept = bytes32(_parties[party] & ~uint256(0xff));
        deposit = (t.deposit() - _lost.get(seat)) * t.unit();
        earned = _earned.get(seat) * t.unit();
    }

    /// @inheritdoc IFederation
    function heads() external view returns (bytes32 record, bytes32 pending) {
        return (_lastRecord(_terms()), _load().claimedAfter == 0 ? bytes32(0) : _pending);
    }

    // ── balances ────────────────────────────────────────────────────────────────────────────────────────────

    function _currency() internal view override returns (Currency) {
        return _terms().currency();
    }

    function _balance(address who) internal view override returns (uint256 balance) {
        balance = _balances[who];
        uint256 seat = _seatOf(who);
        if (seat != NO_SEAT) balance += _earned.get(seat) * _terms().unit();
    }

    function _setBalance(address who, uint256 amount) internal override {
        uint256 seat = _seatOf(who);
        if (seat != NO_SEAT) _earned.clear(seat);
        _balances[who] = amount;
    }

    function _anyoneWithdrawsFor(address account) internal pure override returns (bool) {
        return account == BURN;
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("DILN federation", "1");
    }

    // ── what a policy says ──────────────────────────────────────────────────────────────────────────────────

    /// @dev Whether all have judged, before the time for it is over.
    function _hasJudged(PackedTerms memory t, State memory s) internal view virtual returns (bool);

    /// @dev The seats that owed a judgement and gave none.
    function _idleJudges(PackedTerms memory t, State memory s) internal view virtual returns (uint256);

    /// @dev Which updates are in; in which order seats may claim (bytes of seat plus one, the first in the lowest); by
    /// which merits they are paid.
    function _judge(PackedTerms memory t, State memory s)
        internal
        view
        virtual
        returns (uint256 accepted, uint256 order, uint256 merits);
}

// slither-disable-end timestamp
