// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {Words} from "../models/online/Words.sol";
import {IPredictionMarket} from "./IPredictionMarket.sol";
import {MarketBase} from "./MarketBase.sol";
import {MarketModel} from "./MarketModel.sol";
import {MarketBalances} from "./MarketBalances.sol";
import {Tally} from "./MarketTypes.sol";
import {Samples} from "./Samples.sol";

/// @title Evaluation
/// @notice How the model does on samples: to measure by, and to let only such data in as it takes.
abstract contract MarketEvaluation is MarketBalances, MarketBase, MarketModel {
    /// @dev Hinge losses are counted in 1/65,536.
    uint256 private constant WHOLE = 1 << 16;

    /// @inheritdoc IPredictionMarket
    function evaluate(bytes calldata run, uint256 most) external view returns (Tally memory) {
        return _evaluate(run, most);
    }

    /// @inheritdoc IPredictionMarket
    function evaluatePortion(uint256 index, uint256 from, uint256 most)
        external
        view
        returns (Tally memory tally, bool last)
    {
        bytes memory run = SSTORE2.read(_portions[index], from);
        // Interaction: with itself, because the model reads samples from calldata
        tally = this.evaluate(run, most);
        last = tally.end == run.length;
        tally.end += from;
    }

    /// @inheritdoc IPredictionMarket
    function predict(bytes calldata x) external view returns (uint256 label) {
        Words.Loaded memory loaded = _load();
        _checkSample(loaded, x);
        (label,) = _judged(loaded, x, 0); // what `_predict` says, whichever the true label
    }

    /// @dev How many samples there are in `run`, of `maxBytes`, all of which the model takes, using `maxGas` for it.
    function _count(bytes calldata run, uint256 maxBytes, uint256 maxGas) internal view returns (uint256 count) {
        require(run.length <= maxBytes, TooMuchData(run.length, maxBytes));
        uint256 gas = gasleft();
        uint256 free = Words.mark();
        count = _evaluate(run, type(uint256).max).seen;
        Words.release(free);
        gas -= gasleft();
        require(gas <= maxGas, TooMuchWork(gas, maxGas));
    }

    function _checkCount(uint256 count, uint256 expected) internal pure {
        require(count == expected && count != 0, WrongCount(count, expected));
    }

    function _evaluate(bytes calldata run, uint256 most) private view returns (Tally memory tally) {
        Words.Loaded memory loaded = _load();
        uint256 classes = loaded.shape.classes();
        uint256 bits = loaded.shape.bits();
        uint256 free = Words.mark();
        while (tally.end < run.length && tally.seen < most) {
            uint256 label;
            bytes calldata x;
            (label, x, tally.end) = Samples.at(run, tally.end);
            require(label < classes, UnknownLabel(label, classes));
            _checkSample(loaded, x);
            (uint256 predicted, int256 margin) = _judged(loaded, x, label);
            Words.release(free);
            unchecked {
                // Counts of samples
                ++tally.seen;
                if (predicted != label) {
                    ++tally.wrong;
                    if (predicted == 1 || label == 1) ++tally.misses;
                } else if (label == 1) {
                    ++tally.hits;
                }
                tally.hinge += _hinge(margin, bits);
            }
        }
    }

    /// @dev (1 − margin / 2^bits) / 2, from 0 to 1, in 1/65,536, rounded down. Markets by this loss have 64 bits at
    /// most, so that nothing overflows.
    function _hinge(int256 margin, uint256 bits) private pure returns (uint256 loss) {
        unchecked {
            int256 gap = (int256(1) << bits) - margin;
            if (gap <= 0) return 0;
            loss = (uint256(gap) << 15) >> bits;
            if (loss > WHOLE) loss = WHOLE;
        }
    }
}
