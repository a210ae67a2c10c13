// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Certainty, Scores, Unheld} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {DenseLanes} from "./DenseLanes.sol";

/// @title Perceptron, dense
/// @notice The perceptron over dense features of one byte each. score = 256·w₀ + Σ w·x; one row for two classes
/// (label 1 where it is above zero), else one for each. From a mistake, each weight moves by rate·x / 256, rounded,
/// and the intercept, whose feature is always 256, by `rate`: towards the label, and away from the one predicted
/// instead if there are more than two. Weights are int16, kept with 2^15 added. The intercepts come first, then the
/// rows, each from a word of its own on (DenseLanes).
abstract contract DensePerceptron is Unheld {
    uint256 private constant ZERO = 1 << 15;

    function _checkModel() internal view virtual override {
        ModelParams shape = Weights.shape();
        require(shape.dims() != 0, IOnlineModelErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, IOnlineModelErrors.BadArguments("classes"));
        require(shape.rate() != 0 && shape.rate() < 1 << 14, IOnlineModelErrors.BadArguments("rate"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure virtual override returns (uint256) {
        return _row(shape, shape.rows());
    }

    function _checkSample(Weights.Loaded memory loaded, bytes calldata x) internal pure virtual override {
        DenseLanes.check(x, loaded.shape.dims());
    }

    function _predict(Weights.Loaded memory loaded, bytes calldata x)
        internal
        view
        virtual
        override
        returns (uint256 label)
    {
        return _label(_scores(loaded, x));
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x);
        predicted = _label(scores);
        changed = predicted != y;
        uint256 bits = loaded.shape.bits();
        if (scores.length == 1) {
            certainty = Certainty.ofMargin(y == 1 ? scores[0] : -scores[0], bits);
            if (changed) _move(loaded, x, 0, y == 1);
            return (predicted, certainty, changed);
        }
        certainty = Scores.certainty(scores, y, bits);
        if (!changed) return (predicted, certainty, changed);
        _move(loaded, x, y, true);
        _move(loaded, x, predicted, false);
    }

    function _label(int256[] memory scores) private pure returns (uint256 label) {
        if (scores.length == 1) return scores[0] > 0 ? 1 : 0;
        label = Scores.label(scores);
    }

    function _scores(Weights.Loaded memory loaded, bytes calldata x) private view returns (int256[] memory scores) {
        scores = new int256[](loaded.shape.rows());
        int256 excess = int256(ZERO * (DenseLanes.sum(x) + 256));
        for (uint256 row; row < scores.length; ++row) {
            uint256 intercept = uint16(Weights.get(loaded, (8 + row) >> 4) >> (((8 + row) & 15) << 4));
            scores[row] = int256(256 * intercept + DenseLanes.dot(loaded, x, _row(loaded.shape, row))) - excess;
        }
    }

    /// @dev The word that a row begins with.
    function _row(ModelParams shape, uint256 row) private pure returns (uint256) {
        unchecked {
            return (8 + shape.rows() + 15) / 16 + row * DenseLanes.rowWords(shape.dims()); // below 2^48
        }
    }

    /// @dev Add rate·x / 256 to a row's weights, or subtract it.
    function _move(Weights.Loaded memory loaded, bytes calldata x, uint256 row, bool up) private {
        uint256 rate = loaded.shape.rate();
        _moveIntercept(loaded, 8 + row, rate, up);
        uint256 k = _row(loaded.shape, row);
        unchecked {
            for (uint256 i; i < x.length; i += 32) {
                uint256 word = DenseLanes.mirrorBytes(DenseLanes.features(x, i));
                for (uint256 s; s < 2; ++s) {
                    uint256 old = Weights.get(loaded, k);
                    uint256 low = _moved(old & DenseLanes.HALVES, word >> 24, rate, up);
                    uint256 high = _moved(old >> 16 & DenseLanes.HALVES, word >> 16, rate, up);
                    Weights.set(loaded, k, low | high << 16);
                    ++k;
                    word <<= 16;
                }
            }
        }
    }

    /// @dev Eight weights, saturating: bit 16 of a lane tells that it left its range (or, downwards, that it did not).
    function _moved(uint256 octet, uint256 word, uint256 rate, bool up) private pure returns (uint256) {
        unchecked {
            uint256 step = (word & DenseLanes.BYTES) * rate + DenseLanes.ONES * 128;
            step = step >> 8 & DenseLanes.HALVES;
            if (up) {
                octet += step;
                return (octet | (octet >> 16 & DenseLanes.ONES) * 0xffff) & DenseLanes.HALVES;
            }
            octet = octet + DenseLanes.ONES * 0x10000 - step;
            return octet & (octet >> 16 & DenseLanes.ONES) * 0xffff;
        }
    }

    function _moveIntercept(Weights.Loaded memory loaded, uint256 lane, uint256 rate, bool up) private {
        uint256 at = (lane & 15) << 4;
        uint256 word = Weights.get(loaded, lane >> 4);
        uint256 old = uint16(word >> at);
        uint256 next = up ? old + rate : old < rate ? 0 : old - rate;
        if (next > type(uint16).max) next = type(uint16).max;
        Weights.set(loaded, lane >> 4, word ^ (old ^ next) << at);
    }
}
