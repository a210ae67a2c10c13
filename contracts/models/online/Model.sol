// SPDX-License-Identifier: MIT
// solhint-disable one-contract-per-file
// (the two small libraries are what models have in common)
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";

/// @title The model, one of the three parts
/// @notice The first of the three parts: a model that predicts and updates. Whoever writes another one implements
/// these functions over the words of `Weights` (or over storage of its own) and composes it with a data handler and
/// an incentive mechanism, see Compositions.sol.
///
/// A model must refuse features that are malformed, repeated, unsorted, out of range or empty (`_checkSample`; labels
/// below `ModelParams.classes` are known); bound what one sample can change; and saturate instead of wrapping.
abstract contract Model {
    /// @notice Revert unless the clone's shape and base are such as this model can work with.
    function _checkModel() internal view virtual;

    /// @notice What is read once per call and handed to `_predict` and `_learn`.
    function _load() internal view virtual returns (Weights.Loaded memory);

    /// @notice Revert unless `x` is a sample, see above. It is asked once about each, before the functions below.
    function _checkSample(Weights.Loaded memory loaded, bytes calldata x) internal view virtual;

    function _predict(Weights.Loaded memory loaded, bytes calldata x) internal view virtual returns (uint256 label);

    /// @notice Predict `x`, then learn that it is a `y`.
    /// @return predicted the label before learning.
    /// @return certainty P(h(x) = y) before learning, in sixteenths: 1 to 16.
    /// @return changed whether any prediction may have changed.
    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        returns (uint256 predicted, uint256 certainty, bool changed);

    /// @notice Read all words once, for a batch, and tell so; or leave them, where that would not pay. What was read
    /// stands in memory: `_learnHeld` learns there, `_keep` writes it back.
    function _hold(Weights.Loaded memory loaded, bytes[] calldata xs) internal view virtual returns (bool);

    /// @notice As `_learn`, between `_hold` and `_keep`.
    function _learnHeld(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        returns (uint256 predicted, uint256 certainty, bool changed);

    function _keep(Weights.Loaded memory loaded) internal virtual;

    /// @notice How many words the model has.
    function _length(ModelParams shape) internal pure virtual returns (uint256);

    /// @dev The base is complete: code is all that a model starts from.
    function _checkBase(ModelParams shape, uint256 length) internal view {
        require(shape.baseBytes() == 32 * length, IOnlineModelErrors.BadArguments("baseBytes"));
        require(address(this).code.length == Weights.BASE + 32 * length, IOnlineModelErrors.BadArguments("base"));
        require(uint128(Weights.argument(Weights.BASE)) == 0, IOnlineModelErrors.BadArguments("base"));
    }
}

/// @title A model that reads its words where it needs them
/// @notice Each sample changes all words that it reads, or touches few of many: nothing is gained by holding them.
abstract contract Unheld is Model {
    function _hold(Weights.Loaded memory, bytes[] calldata) internal view virtual override returns (bool) {
        return false;
    }

    function _learnHeld(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256, uint256, bool)
    {
        return _learn(loaded, x, y);
    }

    // solhint-disable-next-line no-empty-blocks
    function _keep(Weights.Loaded memory) internal virtual override {}
}

/// @title How sure a model is
/// @notice P(h(x) = y) as a straight line over the margin between `y` and the best other label.
library Certainty {
    /// @notice P(h(x) = y) for a margin.
    /// @return sixteenths 1 to 16; 8 where the two are even, 16 from a margin of 2^bits on.
    function ofMargin(int256 margin, uint256 bits) internal pure returns (uint256 sixteenths) {
        int256 value = 8 + ((margin << 3) >> bits); // an arithmetic shift: it rounds down on either side
        if (value < 1) return 1;
        return value > 16 ? 16 : uint256(value);
    }
}

/// @title One score for each class
/// @notice What models with one score for each class share.
library Scores {
    /// @notice The label that the scores speak for: the first of the highest.
    function label(int256[] memory scores) internal pure returns (uint256 first) {
        (first,) = bestBut(scores, scores.length);
    }

    /// @notice That label and its score.
    function best(int256[] memory scores) internal pure returns (uint256 first, int256 highest) {
        return bestBut(scores, scores.length);
    }

    /// @notice The first of the highest scores, `except` left out.
    function bestBut(int256[] memory scores, uint256 except) internal pure returns (uint256 first, int256 highest) {
        highest = type(int256).min;
        uint256 classes = scores.length;
        for (uint256 i; i < classes; ++i) {
            int256 score = scores[i];
            if (score > highest && i != except) (first, highest) = (i, score);
        }
    }

    /// @notice How sure the scores are of `y`: by how much it leads the best of the others.
    function certainty(int256[] memory scores, uint256 y, uint256 bits) internal pure returns (uint256) {
        (, int256 rival) = bestBut(scores, y);
        return Certainty.ofMargin(scores[y] - rival, bits);
    }
}
