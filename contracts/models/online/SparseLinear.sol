// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Model, Scores} from "./Model.sol";
import {Shape} from "./Shape.sol";
import {Words} from "./Words.sol";
import {SparseLanes} from "./SparseLanes.sol";

/// @title Linear models over sparse features
/// @notice What linear models over sparse binary features share: int16 weights, one row for two classes (label 1
/// where the score is above zero), else one for each class (the first of the highest scores).
abstract contract SparseLinear is Model {
    /// @dev Weights are kept with 2^15 added. The weight of feature f in row r is the model's lane r·dims + f.
    uint256 private constant ZERO = 1 << 15;

    function _checkModel() internal view virtual override {
        Shape shape = Words.shape();
        uint256 dims = shape.dims();
        require(dims >= 2, IOnlineModelErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, IOnlineModelErrors.BadArguments("classes"));
        require(shape.limit() != 0, IOnlineModelErrors.BadArguments("limit"));
        require(shape.rate() != 0 && shape.rate() < 1 << 14, IOnlineModelErrors.BadArguments("rate"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Words.Loaded memory) {
        return Words.load();
    }

    function _length(Shape shape) internal pure virtual override returns (uint256) {
        return (8 + shape.dims() * shape.rows() + 15) / 16;
    }

    function _checkSample(Words.Loaded memory loaded, bytes calldata x) internal pure virtual override {
        SparseLanes.check(loaded.shape, x);
    }

    function _predict(Words.Loaded memory loaded, bytes calldata x)
        internal
        view
        virtual
        override
        returns (uint256 label)
    {
        if (loaded.shape.classes() == 2) return _score(loaded, x, 0) > 0 ? 1 : 0;
        label = Scores.label(_scores(loaded, x));
    }

    function _scores(Words.Loaded memory loaded, bytes calldata x)
        internal
        view
        returns (int256[] memory scores)
    {
        scores = new int256[](loaded.shape.classes());
        for (uint256 row; row < scores.length; ++row) {
            scores[row] = _score(loaded, x, row);
        }
    }

    /// @dev w[0] + Σ w[f] over one row.
    function _score(Words.Loaded memory loaded, bytes calldata x, uint256 row)
        internal
        view
        returns (int256)
    {
        return _signed(SparseLanes.sum(loaded, x, _first(loaded, row)), x);
    }

    /// @dev As `_score`; what `SparseLanes.shift` needs is noted up to `end`.
    function _noteScore(Words.Loaded memory loaded, bytes calldata x, uint256 row)
        internal
        view
        returns (int256 score, uint256 end)
    {
        uint256 total;
        (total, end) = SparseLanes.weigh(loaded, x, _first(loaded, row));
        score = _signed(total, x);
    }

    /// @dev Move the weights of the sample's features in one row.
    function _shift(Words.Loaded memory loaded, bytes calldata x, uint256 row, int256 step) internal {
        SparseLanes.shift(loaded, SparseLanes.note(loaded, x, _first(loaded, row), 1), step);
    }

    function _first(Words.Loaded memory loaded, uint256 row) private pure returns (uint256) {
        return SparseLanes.origin(row * loaded.shape.dims());
    }

    function _signed(uint256 total, bytes calldata x) private pure returns (int256) {
        unchecked {
            return int256(total) - int256(ZERO * (x.length / 2 + 1)); // of at most 2^16 lanes
        }
    }
}
