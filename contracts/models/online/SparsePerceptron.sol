// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Certainty, Scores} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {SparseLinear} from "./SparseLinear.sol";

/// @title Perceptron, sparse
/// @notice The perceptron over sparse binary features. It learns from its mistakes only: the weights of the sample's
/// features and the intercept move by `rate` towards the label (and, with more than two classes, those of the label
/// predicted instead move away).
abstract contract SparsePerceptron is SparseLinear {
    function _judge(ModelParams shape, int256 score, uint256 y)
        internal
        pure
        virtual
        override
        returns (uint256 predicted, uint256 certainty, int256 step)
    {
        predicted = score > 0 ? 1 : 0;
        certainty = Certainty.ofMargin(y == 1 ? score : -score, shape.bits());
        if (predicted != y) step = y == 1 ? int256(shape.rate()) : -int256(shape.rate());
    }

    function _learnMany(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x);
        predicted = Scores.label(scores);
        certainty = Scores.certainty(scores, y, loaded.shape.bits());
        if (predicted == y) return (predicted, certainty, false);
        int256 rate = int256(loaded.shape.rate());
        _shift(loaded, x, y, rate);
        _shift(loaded, x, predicted, -rate);
        return (predicted, certainty, true);
    }
}
