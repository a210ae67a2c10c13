// SPDX-License-Identifier: MIT
// solhint-disable one-contract-per-file
// (a line or two for each family of models)
pragma solidity ^0.8.28;

import {Model, Scores} from "../models/online/Model.sol";
import {SparseCounts} from "../models/online/SparseCounts.sol";
import {SparseLinear} from "../models/online/SparseLinear.sol";
import {Words} from "../models/online/Words.sol";

/// @title A model to measure by
/// @notice What a market asks of a model beyond `Model`: how far the true label leads.
abstract contract MarketModel is Model {
    /// @notice Judge a sample that `_checkSample` lets pass.
    /// @return predicted the label that `_predict` returns.
    /// @return margin by how much `y` leads the best other label: what `_learn` tells the certainty from.
    function _judged(Words.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        view
        virtual
        returns (uint256 predicted, int256 margin);

    function _led(int256[] memory scores, uint256 y) internal pure returns (uint256 predicted, int256 margin) {
        // slither-disable-start unused-return (the other value is not needed)
        (predicted,) = Scores.best(scores);
        (, int256 rival) = Scores.bestBut(scores, y);
        // slither-disable-end unused-return
        margin = scores[y] - rival;
    }
}

/// @title Margins of linear models
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

/// @title Margins of models that count
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
