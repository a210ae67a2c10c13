// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Scores} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {Sigmoid} from "./Sigmoid.sol";
import {SparseLinear} from "./SparseLinear.sol";

/// @title Logistic regression, sparse
/// @notice Logistic regression over sparse binary features by online gradient descent; with more than two classes,
/// one against the rest. Weights have `bits` fractional bits; each moves by rate · (t − p), t being 1 for the label's
/// row and 0 for the others.
abstract contract SparseLogistic is SparseLinear {
    function _checkModel() internal view virtual override {
        super._checkModel();
        uint256 bits = Weights.shape().bits();
        require(bits >= 1 && bits <= 15, IOnlineModelErrors.BadArguments("bits"));
    }

    function _judge(ModelParams shape, int256 score, uint256 y)
        internal
        pure
        virtual
        override
        returns (uint256 predicted, uint256 certainty, int256 step)
    {
        predicted = score > 0 ? 1 : 0;
        // slither-disable-next-line unused-return (it is used)
        int256 p = Sigmoid.value(score, shape.bits());
        certainty = _sixteenths(y == 1 ? p : Sigmoid.ONE - p);
        step = _step(shape, y == 1, p);
    }

    function _learnMany(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x);
        predicted = Scores.label(scores);
        for (uint256 row; row < scores.length; ++row) {
            // slither-disable-next-line unused-return (it is used)
            int256 p = Sigmoid.value(scores[row], loaded.shape.bits());
            if (row == y) certainty = _sixteenths(p);
            int256 step = _step(loaded.shape, row == y, p);
            if (step == 0) continue;
            changed = true;
            _shift(loaded, x, row, step);
        }
    }

    /// @dev rate · (t − p), rounded (half up).
    function _step(ModelParams shape, bool target, int256 p) private pure returns (int256) {
        int256 gap = (target ? Sigmoid.ONE : int256(0)) - p;
        return (int256(shape.rate()) * gap + Sigmoid.ONE / 2) >> Sigmoid.BITS;
    }

    function _sixteenths(int256 p) private pure returns (uint256) {
        int256 value = (p * 16 + Sigmoid.ONE / 2) >> Sigmoid.BITS;
        return value < 1 ? 1 : uint256(value);
    }
}
