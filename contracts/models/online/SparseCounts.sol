// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Scores, Unheld} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @title Counting models over sparse features
/// @notice What models share that count, for each class, its samples and in how many of them each sparse binary
/// feature occurs. Counts are uint16 and stop at 65,535; "feature 0" counts the class's samples. After the statistics
/// (Stats), from a word of its own on, each feature has a lane for each class, their number rounded up to a power of
/// two, so that what belongs to one feature stands in one word: one look serves all classes.
abstract contract SparseCounts is Unheld {
    function _checkModel() internal view virtual override {
        ModelParams shape = Weights.shape();
        require(shape.dims() >= 2, IOnlineModelErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 16, IOnlineModelErrors.BadArguments("classes"));
        require(shape.limit() != 0, IOnlineModelErrors.BadArguments("limit"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure virtual override returns (uint256) {
        return _firstWord(shape) + (shape.dims() * _stride(shape) + 15) / 16;
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
        label = Scores.label(_scores(loaded, x, _note(loaded, x)));
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        uint256 end = _note(loaded, x);
        int256[] memory scores = _scores(loaded, x, end);
        predicted = Scores.label(scores);
        certainty = Scores.certainty(scores, y, loaded.shape.bits());
        changed = _count(loaded, x, y, end);
    }

    /// @notice A score for each class.
    /// @param end where the notes about the sample end, see SparseLanes.note.
    function _scores(Weights.Loaded memory loaded, bytes calldata x, uint256 end)
        internal
        view
        virtual
        returns (int256[] memory);

    /// @dev Count the sample in, and return whether anything has changed.
    function _count(Weights.Loaded memory loaded, bytes calldata x, uint256 y, uint256 end)
        internal
        virtual
        returns (bool changed);

    /// @dev The number of samples of a class.
    function _samples(Weights.Loaded memory loaded, uint256 class) internal view returns (uint256) {
        return uint16(Weights.get(loaded, _firstWord(loaded.shape)) >> (class << 4));
    }

    function _note(Weights.Loaded memory loaded, bytes calldata x) internal view returns (uint256 end) {
        uint256 first = SparseLanes.origin(16 * _firstWord(loaded.shape) - 8);
        return SparseLanes.note(loaded, x, first, _stride(loaded.shape));
    }

    /// @dev The word that feature 0 stands in.
    function _firstWord(ModelParams shape) private pure returns (uint256) {
        return (8 + Stats.LANES * shape.classes() + 15) / 16;
    }

    function _stride(ModelParams shape) private pure returns (uint256 stride) {
        uint256 classes = shape.classes();
        for (stride = 2; stride < classes; stride <<= 1) {} // solhint-disable-line no-empty-blocks
    }
}
