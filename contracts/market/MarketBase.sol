// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Model} from "../models/online/Model.sol";
import {Words} from "../models/online/Words.sol";
import {Pot} from "./Pot.sol";
import {Contribution, Cursor, Outcome, Participant, Phase, Status} from "./MarketTypes.sol";
import {Rules} from "./Rules.sol";

// slither-disable-start timestamp,incorrect-equality
// (time ends phases, whose number lies beside it in storage; a proposer can shift it by seconds, deadlines are hours)

/// @title What the phases share
/// @notice What the phases of a market share, those in PredictionMarket as those in MarketReward: its storage (both
/// inherit all of it from here, and add to it only behind it), and what time it is.
abstract contract MarketBase is Pot, Model {
    /// @dev Losses and scores are counted in billionths.
    uint256 internal constant ONE = 1e9;

    /// @notice How long anyone may go on measuring before everything may be returned instead.
    uint256 public constant MEASURE_WAIT = 90 days;

    /// @dev How often the trial portion is learned before anything is measured: so often that handing it back once
    /// more is not worth anything (docs/market-rules.md has the figures).
    uint256 internal constant LESSONS = 3;

    // slither-disable-start unused-state,constable-states,uninitialized-state
    // (each of the two contracts uses what it needs of it)
    Status internal _status;
    Cursor internal _cursor;
    bytes32 internal _root;
    /// @dev The hash of the trial portion's samples, which are learned first.
    bytes32 internal _lesson;
    Contribution[] internal _contributions;
    Participant[] internal _participants;
    mapping(address who => uint256) internal _numbers;
    /// @dev Contracts that hold the portions as code.
    mapping(uint256 index => address) internal _portions;
    // slither-disable-end unused-state,constable-states,uninitialized-state

    function _rules() internal view returns (Rules) {
        return Rules.wrap(Words.argument(Words.TERMS));
    }

    /// @dev The provider.
    function _creator() internal view returns (address) {
        return address(uint160(Words.argument(Words.PROXY) >> 96));
    }

    /// @dev What `weight` puts at stake, in the token's smallest unit.
    function _stake(uint256 weight) internal view returns (uint256) {
        (, uint256 unit) = _money();
        return weight * _rules().stake() * unit;
    }

    /// @dev What each contribution pays for being measured: tips for looking at the test set once, and for learning.
    function _fee() internal view returns (uint256) {
        Rules rules = _rules();
        (, uint256 unit) = _money();
        return rules.tip() * unit * ((rules.portions() - 1) * rules.samples() + 1);
    }

    /// @dev What is left of the contributions' fees.
    function _fees() internal view returns (uint256) {
        return _status.contributions * _fee() - _escrow.spent;
    }

    function _phase() internal view returns (Phase) {
        Phase stage = _status.stage;
        if (stage != Phase.Participation || block.timestamp < _status.closesAt) return stage;
        if (_status.hidden != 0 && block.timestamp < _status.closesAt + _rules().openWait()) return Phase.Opening;
        return Phase.Revealing;
    }

    function _checkPhase(Phase wanted) internal view {
        Phase phase_ = _phase();
        require(phase_ == wanted, WrongPhase(phase_));
    }

    function _end(Outcome outcome, Phase stage) internal {
        (_status.outcome, _status.stage) = (outcome, stage);
        emit Ended(outcome);
    }
}

// slither-disable-end timestamp,incorrect-equality
