// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {HeldLanes} from "./HeldLanes.sol";
import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Model, Scores} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {SparseLanes} from "./SparseLanes.sol";

/// @title Linear models over sparse features
/// @notice What linear models over sparse binary features share: int16 weights, one row for two classes (label 1
/// where the score is above zero), else one for each class (the first of the highest scores).
abstract contract SparseLinear is Model {
    /// @dev Weights are kept with 2^15 added. The weight of feature f in row r is the model's lane r·dims + f.
    uint256 private constant ZERO = 1 << 15;

    function _checkModel() internal view virtual override {
        ModelParams shape = Weights.shape();
        uint256 dims = shape.dims();
        require(dims >= 2, IOnlineModelErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, IOnlineModelErrors.BadArguments("classes"));
        require(shape.limit() != 0, IOnlineModelErrors.BadArguments("limit"));
        require(shape.rate() != 0 && shape.rate() < 1 << 14, IOnlineModelErrors.BadArguments("rate"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure virtual override returns (uint256) {
        return (8 + shape.dims() * shape.rows() + 15) / 16;
    }

    function _checkSample(Weights.Loaded memory loaded, bytes calldata x) internal pure virtual override {
        SparseLanes.check(loaded.shape, x);
    }

    function _predict(Weights.Loaded memory loaded, bytes calldata x)
        internal
        view
        virtual
        override
        returns (uint256 label)
    {
        if (loaded.shape.classes() == 2) return _score(loaded, x, 0) > 0 ? 1 : 0;
        label = Scores.label(_scores(loaded, x));
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        if (loaded.shape.classes() != 2) return _learnMany(loaded, x, y);
        (int256 score, uint256 end) = _noteScore(loaded, x, 0);
        int256 step;
        (predicted, certainty, step) = _judge(loaded.shape, score, y);
        changed = step != 0;
        if (changed) SparseLanes.shift(loaded, end, step);
    }

    /// @dev As many bytes of features as of words are about sixteen features for each word: then reading all words once
    /// is cheaper than each where it is needed. Two classes have one row.
    function _hold(Weights.Loaded memory loaded, bytes[] calldata xs) internal view override returns (bool held) {
        if (loaded.shape.classes() != 2) return false;
        uint256 length = _length(loaded.shape);
        uint256 features;
        for (uint256 i; i < xs.length; ++i) {
            features += xs[i].length;
        }
        held = features >= 32 * length;
        if (held) HeldLanes.hold(loaded, length);
    }

    function _learnHeld(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        view
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256 step;
        (predicted, certainty, step) = _judge(loaded.shape, _signed(HeldLanes.sum(loaded, x, 0), x), y);
        changed = step != 0;
        if (changed) HeldLanes.shift(loaded, x, 0, step);
    }

    function _keep(Weights.Loaded memory loaded) internal override {
        HeldLanes.keep(loaded, _length(loaded.shape));
    }

    /// @notice What a score, above zero for label 1, says of a sample that is a `y`, and by how much the weights of its
    /// features move: less than 2^14 either way.
    function _judge(ModelParams shape, int256 score, uint256 y)
        internal
        view
        virtual
        returns (uint256 predicted, uint256 certainty, int256 step);

    /// @notice `_learn` with more than two classes.
    function _learnMany(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        returns (uint256 predicted, uint256 certainty, bool changed);

    function _scores(Weights.Loaded memory loaded, bytes calldata x)
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
    function _score(Weights.Loaded memory loaded, bytes calldata x, uint256 row)
        internal
        view
        returns (int256)
    {
        return _signed(SparseLanes.sum(loaded, x, _first(loaded, row)), x);
    }

    /// @dev As `_score`; what `SparseLanes.shift` needs is noted up to `end`.
    function _noteScore(Weights.Loaded memory loaded, bytes calldata x, uint256 row)
        internal
        view
        returns (int256 score, uint256 end)
    {
        uint256 total;
        (total, end) = SparseLanes.weigh(loaded, x, _first(loaded, row));
        score = _signed(total, x);
    }

    /// @dev Move the weights of the sample's features in one row.
    function _shift(Weights.Loaded memory loaded, bytes calldata x, uint256 row, int256 step) internal {
        SparseLanes.shift(loaded, SparseLanes.note(loaded, x, _first(loaded, row), 1), step);
    }

    function _first(Weights.Loaded memory loaded, uint256 row) private pure returns (uint256) {
        return SparseLanes.origin(row * loaded.shape.dims());
    }

    function _signed(uint256 total, bytes calldata x) private pure returns (int256) {
        unchecked {
            return int256(total) - int256(ZERO * (x.length / 2 + 1)); // of at most 2^16 lanes
        }
    }
}
