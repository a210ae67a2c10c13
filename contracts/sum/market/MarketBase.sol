// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Model} from "../Model.sol";
import {Words} from "../Words.sol";
import {Contribution, Cursor, IPredictionMarket, Outcome, Participant, Phase, Status} from "./IPredictionMarket.sol";
import {MarketPurse} from "./MarketPurse.sol";
import {Rules} from "./Rules.sol";
import {Samples} from "./Samples.sol";

/// @notice What the phases of a market share: its storage, and what time it is.
abstract contract MarketBase is MarketPurse, Model {
    /// @dev Losses and scores are counted in billionths.
    uint256 internal constant ONE = 1e9;

    /// @notice How long anyone may go on measuring before everything may be returned instead.
    uint256 public constant MEASURE_WAIT = 90 days;

    Status internal _status;
    Cursor internal _cursor;
    bytes32 internal _root;
    Contribution[] internal _contributions;
    Participant[] internal _participants;
    mapping(address who => uint256) internal _numbers;
    /// @dev Contracts that hold the portions as code.
    mapping(uint256 index => address) internal _portions;

    /// @inheritdoc IPredictionMarket
    function creator() public view returns (address) {
        return address(uint160(Words.argument(Words.PROXY) >> 96));
    }

    /// @inheritdoc IPredictionMarket
    function phase() public view returns (Phase) {
        Phase stage = _status.stage;
        if (stage != Phase.Participation || block.timestamp < _status.closesAt) return stage;
        if (_status.hidden != 0 && block.timestamp < _status.closesAt + _rules().openWait()) return Phase.Opening;
        return Phase.Revealing;
    }

    /// @inheritdoc IPredictionMarket
    function deadline() public view returns (uint256) {
        Phase phase_ = phase();
        Rules rules = _rules();
        if (phase_ == Phase.Trial) return _status.since + rules.revealWait();
        if (phase_ == Phase.Participation) return _status.closesAt;
        if (phase_ == Phase.Opening) return _status.closesAt + rules.openWait();
        if (phase_ == Phase.Revealing) return _status.closesAt + rules.openWait() + rules.revealWait();
        return phase_ == Phase.Rewarding ? _status.since + MEASURE_WAIT : 0;
    }

    /// @inheritdoc IPredictionMarket
    function evaluate(bytes calldata run, uint256 most)
        public
        view
        returns (uint256 wrong, uint256 hits, uint256 misses, uint256 seen, uint256 used)
    {
        Words.Loaded memory loaded = _load();
        uint256 classes = loaded.shape.classes();
        uint256 free = Words.mark();
        for (; used < run.length && seen < most; ++seen) {
            uint256 label;
            bytes calldata x;
            (label, x, used) = Samples.at(run, used);
            require(label < classes, UnknownLabel(label, classes));
            uint256 predicted = _predict(loaded, x);
            Words.release(free);
            unchecked {
                // Counts of samples
                if (predicted != label) {
                    ++wrong;
                    if (predicted == 1 || label == 1) ++misses;
                } else if (label == 1) {
                    ++hits;
                }
            }
        }
    }

    function _rules() internal view returns (Rules) {
        return Rules.wrap(Words.argument(Words.TERMS));
    }

    function _unit() internal view returns (uint256 unit) {
        (, unit) = money();
    }

    function _checkPhase(Phase wanted) internal view {
        Phase phase_ = phase();
        require(phase_ == wanted, WrongPhase(phase_));
    }

    /// @dev How many samples there are in `run`, of `maxBytes`, all of which the model takes, using `maxGas` for it.
    function _count(bytes calldata run, uint256 maxBytes, uint256 maxGas) internal view returns (uint256 count) {
        require(run.length <= maxBytes, TooMuchData(run.length, maxBytes));
        uint256 gas = gasleft();
        (,,, count,) = evaluate(run, type(uint256).max);
        gas -= gasleft();
        require(gas <= maxGas, TooMuchWork(gas, maxGas));
    }

    function _checkCount(uint256 count, uint256 expected) internal pure {
        require(count == expected && count != 0, WrongCount(count, expected));
    }

    function _end(Outcome outcome, Phase stage) internal {
        (_status.outcome, _status.stage) = (outcome, stage);
        emit Ended(outcome);
    }
}
