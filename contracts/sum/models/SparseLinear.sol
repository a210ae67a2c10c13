// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISumErrors} from "../ISum.sol";
import {Certainty, Model} from "../Model.sol";
import {Shape} from "../Shape.sol";
import {Words} from "../Words.sol";
import {SparseLanes} from "./SparseLanes.sol";

/// @notice What linear models over sparse binary features share: int16 weights, one row for two classes (label 1
/// where the score is above zero), else one for each class (the first of the highest scores).
abstract contract SparseLinear is Model {
    function _checkModel() internal view virtual override {
        Shape shape = Words.shape();
        uint256 dims = shape.dims();
        require(dims >= 2, ISumErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, ISumErrors.BadArguments("classes"));
        require(shape.limit() != 0, ISumErrors.BadArguments("limit"));
        require(shape.rate() != 0 && shape.rate() < 1 << 14, ISumErrors.BadArguments("rate"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Words.Loaded memory) {
        Shape shape = Words.shape();
        uint256 touched = shape.limit() + 1;
        uint256 length = _length(shape);
        return Words.load(3 * (touched < length ? touched : length)); // three words a note
    }

    function _length(Shape shape) internal pure virtual override returns (uint256) {
        return (8 + shape.dims() * shape.rows() + 15) / 16;
    }

    function _predict(Words.Loaded memory loaded, bytes calldata x)
        internal
        view
        virtual
        override
        returns (uint256 label)
    {
        if (loaded.shape.classes() == 2) return _score(loaded, x, 0) > 0 ? 1 : 0;
        (label,) = _best(_scores(loaded, x), type(uint256).max);
    }

    function _scores(Words.Loaded memory loaded, bytes calldata x) internal view returns (int256[] memory scores) {
        scores = new int256[](loaded.shape.classes());
        for (uint256 row; row < scores.length; ++row) {
            scores[row] = _score(loaded, x, row);
        }
    }

    function _score(Words.Loaded memory loaded, bytes calldata x, uint256 row) internal view returns (int256 total) {
        (total,) = SparseLanes.score(loaded, x, row);
    }

    /// @dev Move the weights of the sample's features in one row.
    function _shift(Words.Loaded memory loaded, bytes calldata x, uint256 row, int256 step) internal {
        (, uint256 end) = SparseLanes.score(loaded, x, row);
        SparseLanes.shift(loaded, end, step);
    }

    /// @dev The first of the highest scores, `except` left out.
    function _best(int256[] memory scores, uint256 except) internal pure returns (uint256 best, int256 highest) {
        highest = type(int256).min;
        for (uint256 i; i < scores.length; ++i) {
            if (i != except && scores[i] > highest) (best, highest) = (i, scores[i]);
        }
    }

    /// @dev How sure the scores are of `y`.
    function _certainty(Words.Loaded memory loaded, int256[] memory scores, uint256 y)
        internal
        pure
        returns (uint256)
    {
        (, int256 rival) = _best(scores, y);
        return Certainty.ofMargin(scores[y] - rival, loaded.shape.bits());
    }
}
