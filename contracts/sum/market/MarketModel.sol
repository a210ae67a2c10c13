// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Model, Scores} from "../Model.sol";
import {SparseCounts} from "../models/SparseCounts.sol";
import {SparseLinear} from "../models/SparseLinear.sol";
import {Words} from "../Words.sol";

/// @notice What a market asks of a model beyond `Model`: how far the true label leads.
abstract contract MarketModel is Model {
    /// @return predicted the label that `_predict` returns.
    /// @return margin by how much `y` leads the best other label: what `_learn` tells the certainty from.
    function _judged(Words.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        view
        virtual
        returns (uint256 predicted, int256 margin);

    function _led(int256[] memory scores, uint256 y) internal pure returns (uint256 predicted, int256 margin) {
        (predicted,) = Scores.best(scores);
        (, int256 rival) = Scores.bestBut(scores, y);
        margin = scores[y] - rival;
    }
}

/// @notice For models that build on SparseLinear.
abstract contract MarketLinear is MarketModel, SparseLinear {
    function _judged(Words.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        view
        override
        returns (uint256 predicted, int256 margin)
    {
        if (loaded.shape.classes() != 2) return _led(_scores(loaded, x), y);
        int256 score = _score(loaded, x, 0);
        return (score > 0 ? 1 : 0, y == 1 ? score : -score);
    }
}

/// @notice For models that build on SparseCounts.
abstract contract MarketCounts is MarketModel, SparseCounts {
    function _judged(Words.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        view
        override
        returns (uint256 predicted, int256 margin)
    {
        return _led(_scores(loaded, x, _note(loaded, x)), y);
    }
}
