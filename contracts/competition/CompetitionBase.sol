// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRunner} from "../models/integer/IModelRunner.sol";
import {BURN_ADDRESS} from "../kernel/Currency.sol";
import {Commitments} from "../kernel/Commitments.sol";
import {Instance} from "../kernel/Instance.sol";
import {Phases} from "../kernel/Phases.sol";
import {ICompetition, Mode, Outcome, Progress, Status, Submission, Terms} from "./ICompetition.sol";
import {TermsCodec} from "./TermsCodec.sol";

// For slither: phases have deadlines; amounts are exact; ETH is sent to whatever wallet.
// slither-disable-start timestamp,incorrect-equality,naming-convention,low-level-calls

/// Test groups that one call opened: all of their samples in direct mode, only labels in optimistic mode.
struct TestCode {
    address code;
    uint8 groups;
}

struct Challenge {
    address challenger;
    uint40 deadline;
    bool concluded; // its stake has gone where it belongs
    bool answered;
}

/// @title CompetitionBase
/// @notice What all parts of a competition share: state, clock and money.
abstract contract CompetitionBase is ICompetition, Commitments, Instance, Phases {
    IModelRunner internal immutable RUNNER;

    Progress internal _progress;
    uint256 internal _testMask;
    uint256 internal _labels; // of the open test groups by class, for macro-F1
    mapping(uint256 number => Submission) internal _submissions;
    mapping(uint256 ordinal => TestCode) internal _testData;
    mapping(uint256 group => Challenge) internal _challenges;
    mapping(address account => uint256) internal _credit;

    // ── terms and clock ─────────────────────────────────────────────────────────────────────────────────────

    function _terms() internal view returns (Terms memory) {
        _checkClone();
        return TermsCodec.read();
    }

    function _requireOpen(Progress memory p) internal pure {
        require(p.outcome == Outcome.Open, AlreadyClosed(p.outcome));
    }

    function _requireDrawn(Progress memory p) internal pure {
        _requireOpen(p);
        require(p.drawnAt != 0, NotDrawn());
    }

    function _trainingEnd(Terms memory t, Progress memory p) internal pure returns (uint256) {
        return uint256(p.drawnAt) + t.training;
    }

    function _revealEnd(Terms memory t, Progress memory p) internal pure returns (uint256) {
        return _trainingEnd(t, p) + t.reveal;
    }

    function _openingEnd(Terms memory t, Progress memory p) internal pure returns (uint256) {
        return _revealEnd(t, p) + t.opening;
    }

    function _evaluationEnd(Terms memory t, Progress memory p) internal pure returns (uint256) {
        return _openingEnd(t, p) + t.evaluation;
    }

    /// When `finalize` waits for nobody: in optimistic mode the last claim can be refuted, and then settled, first.
    function _finalEnd(Terms memory t, Progress memory p) internal pure returns (uint256) {
        return _evaluationEnd(t, p) + (t.mode == Mode.Optimistic ? 2 * uint256(t.refute) : 0);
    }

    // ── shared checks ───────────────────────────────────────────────────────────────────────────────────────

    function _requireEvaluation(Terms memory t, Progress memory p, Mode mode) internal pure {
        _requireOpen(p);
        require(t.mode == mode, WrongMode(t.mode));
        _requireTestOpen(t, p);
    }

    function _requireTestOpen(Terms memory t, Progress memory p) internal pure {
        require(p.opened == t.testGroups, TestNotOpen(p.opened, t.testGroups));
    }

    function _requireStatus(uint256 number, Status actual, Status expected) internal pure {
        require(actual != Status.None, NoSuchSubmission(number));
        require(actual == expected, WrongStatus(number, actual));
    }

    // ── money ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Send to `to` what is due to `account`. Anybody may push money to the account itself.
    function _pay(Terms memory t, address account, address to, uint256 amount) internal {
        require(msg.sender == account || to == account, NotTheAccount(account));
        require(amount > 0, NothingDue());
        emit Paid(account, to, amount);
        t.token.push(to, amount);
    }

    // ── closing ─────────────────────────────────────────────────────────────────────────────────────────────

    function _close(Outcome outcome) internal {
        _progress.outcome = outcome;
        emit Closed(outcome);
    }

    /// Close by the organizer's fault. Half of the bond is burnt: accusers, committers and revealers may all be the
    /// organizer itself, so whatever is paid to them may cost it nothing.
    function _closeWithFault(Terms memory t, Outcome outcome, uint256 remainder) internal {
        _credit[BURN_ADDRESS] += t.bond - t.bond / 2;
        _credit[t.organizer] += remainder;
        _close(outcome);
    }

    /// The same, where the other half of the bond is `accuser`'s, and the prize the committers'; it goes back where
    /// there are none.
    function _closeWithAccuser(Terms memory t, Progress memory p, Outcome outcome, address accuser) internal {
        _credit[accuser] += t.bond / 2;
        _closeWithFault(t, outcome, p.committed == 0 ? t.prize : t.prize % p.committed);
    }
}
// slither-disable-end timestamp,incorrect-equality,naming-convention,low-level-calls
