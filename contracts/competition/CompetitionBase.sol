// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IModelRunner} from "../models/integer/IModelRunner.sol";
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
abstract contract CompetitionBase is ICompetition {
    using SafeERC20 for IERC20;

    /// Where halves of bonds go that nobody has earned.
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    IModelRunner internal immutable RUNNER;
    address private immutable IMPLEMENTATION = address(this);

    Progress internal _progress;
    uint256 internal _testMask;
    uint256 internal _labels; // of the open test groups by class, for macro-F1
    mapping(uint256 number => Submission) internal _submissions;
    mapping(uint256 ordinal => TestCode) internal _testData;
    mapping(uint256 group => Challenge) internal _challenges;
    mapping(address account => uint256) internal _credit;

    // ── terms and clock ─────────────────────────────────────────────────────────────────────────────────────

    function _terms() internal view returns (Terms memory) {
        require(address(this) != IMPLEMENTATION, NotAClone());
        return TermsCodec.read();
    }

    function _requireOpen(Progress memory p) internal pure {
        require(p.outcome == Outcome.Open, AlreadyClosed(p.outcome));
    }

    function _requireDrawn(Progress memory p) internal pure {
        _requireOpen(p);
        require(p.drawnAt != 0, NotDrawn());
    }

    function _notBefore(uint256 time) internal view {
        require(block.timestamp >= time, TooEarly(time));
    }

    function _before(uint256 time) internal view {
        require(block.timestamp < time, TooLate(time));
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

    /// Take exactly `amount` from the caller.
    function _take(Terms memory t, uint256 amount) internal {
        if (t.token == address(0)) {
            require(msg.value == amount, WrongPayment(msg.value, amount));
            return;
        }
        require(msg.value == 0, WrongPayment(msg.value, 0));
        if (amount == 0) return;
        IERC20 token = IERC20(t.token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, WrongPayment(received, amount));
    }

    /// Send to `to` what is due to `account`. Anybody may push money to the account itself.
    function _pay(Terms memory t, address account, address to, uint256 amount) internal {
        require(msg.sender == account || to == account, NotTheAccount(account));
        require(amount > 0, NothingDue());
        emit Paid(account, to, amount);
        if (t.token != address(0)) {
            IERC20(t.token).safeTransfer(to, amount);
            return;
        }
        (bool accepted,) = to.call{value: amount}("");
        require(accepted, PaymentRefused(to));
    }

    // ── closing ─────────────────────────────────────────────────────────────────────────────────────────────

    function _close(Outcome outcome) internal {
        _progress.outcome = outcome;
        emit Closed(outcome);
    }

    /// Close by the organizer's fault. Half of the bond is burnt: accusers, committers and revealers may all be the
    /// organizer itself, so whatever is paid to them may cost it nothing.
    function _closeWithFault(Terms memory t, Outcome outcome, uint256 remainder) internal {
        _credit[BURN] += t.bond - t.bond / 2;
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
