// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOnlineModelErrors} from "./IOnlineModelErrors.sol";
import {Scores, Unheld} from "./Model.sol";
import {ModelParams} from "./ModelParams.sol";
import {Weights} from "./Weights.sol";
import {DenseLanes} from "./DenseLanes.sol";
import {Stats} from "./Stats.sol";

/// @title Nearest centroid, dense
/// @notice The nearest centroid over dense features of one byte each. Centroids have 8 fractional bits (uint16).
/// A class's statistics are its number of samples n (the low 16 bits) and ‖c‖² (the others). The score is
/// 512·Σ x·c − ‖c‖², the distance to 256·x up to ‖x‖² and the sign. A sample moves its class's centroid by
/// 1 / (n + 1) of the way, c ← (c·(2^16 − r) + 256·x·r + 2^15) >> 16 with r = 2^16 / (n + 1) rounded, n being at most
/// rate − 1: a window, so that a centroid never freezes. A class that has no samples is the furthest.
abstract contract NearestCentroid is Unheld {
    uint256 private constant FOURTHS = 0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff;
    int256 private constant FURTHEST = -(1 << 200);

    function _checkModel() internal view virtual override {
        ModelParams shape = Weights.shape();
        require(shape.dims() != 0, IOnlineModelErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, IOnlineModelErrors.BadArguments("classes"));
        require(shape.rate() != 0, IOnlineModelErrors.BadArguments("rate"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Weights.Loaded memory) {
        return Weights.load();
    }

    function _length(ModelParams shape) internal pure virtual override returns (uint256) {
        return _centroid(shape, shape.classes());
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
        label = Scores.label(_scores(loaded, x, type(uint256).max));
    }

    function _learn(Weights.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x, y);
        uint256 stats = Stats.get(loaded, y);
        uint256 n = uint16(stats);
        if (n < loaded.shape.rate()) ++n;
        (uint256 product, uint256 norm) = _pull(loaded, x, _centroid(loaded.shape, y), ((1 << 16) + n / 2) / n);
        scores[y] = _score(product, stats);
        predicted = Scores.label(scores);
        certainty = Scores.certainty(scores, y, loaded.shape.bits());
        Stats.set(loaded, y, norm << 16 | n);
        changed = true;
    }

    /// @dev The score of every class but `except`.
    function _scores(Weights.Loaded memory loaded, bytes calldata x, uint256 except)
        private
        view
        returns (int256[] memory scores)
    {
        scores = new int256[](loaded.shape.classes());
        unchecked {
            for (uint256 class; class < scores.length; ++class) {
                if (class == except) continue;
                uint256 product = DenseLanes.dot(loaded, x, _centroid(loaded.shape, class));
                scores[class] = _score(product, Stats.get(loaded, class));
            }
        }
    }

    function _score(uint256 product, uint256 stats) private pure returns (int256) {
        unchecked {
            return uint16(stats) == 0 ? FURTHEST : int256(512 * product) - int256(stats >> 16); // below 2^57
        }
    }

    /// @dev The word that a class's centroid begins with.
    function _centroid(ModelParams shape, uint256 class) private pure returns (uint256) {
        unchecked {
            // below 2^48
            return (8 + Stats.LANES * shape.classes() + 15) / 16 + class * DenseLanes.rowWords(shape.dims());
        }
    }

    /// @notice Move the centroid that begins at word `k` towards `x` by r / 2^16.
    /// @return product Σ x·c with the centroid as it was.
    /// @return norm its new ‖c‖².
    function _pull(Weights.Loaded memory loaded, bytes calldata x, uint256 k, uint256 r)
        private
        returns (uint256 product, uint256 norm)
    {
        (uint256 slot, uint256 at) = Weights.place(loaded, k);
        unchecked {
            for (uint256 i; i < x.length; i += 32) {
                uint256 word = DenseLanes.features(x, i);
                (uint256 low, uint256 high) = Weights.pairAt(slot, at);
                product += DenseLanes.dotPair(word, low, high);
                word = DenseLanes.mirrorBytes(word);
                (low, high) = (_pulled(low, word, r), _pulled(high, word << 16, r));
                Weights.setPairAt(slot, at, low, high);
                norm += _squares(low) + _squares(high);
                slot += 2;
                at += 64;
            }
        }
    }

    /// @dev Sixteen numbers, by octets: both products and the half fit 32 bits, (2^16 − 1)·2^16 + 2^15 at most.
    function _pulled(uint256 old, uint256 word, uint256 r) private pure returns (uint256) {
        unchecked {
            uint256 half = DenseLanes.ONES << 15;
            uint256 rest = (1 << 16) - r;
            r <<= 8;
            uint256 low = (old & DenseLanes.HALVES) * rest + (word >> 24 & DenseLanes.BYTES) * r + half;
            uint256 high = (old >> 16 & DenseLanes.HALVES) * rest + (word >> 16 & DenseLanes.BYTES) * r + half;
            return (low >> 16 & DenseLanes.HALVES) | (high & DenseLanes.HALVES << 16);
        }
    }

    /// @dev Σ c² of sixteen numbers, four at a time: lane 4j + i meets itself in the mirror, at 4(3 − j) + (3 − i).
    function _squares(uint256 word) private pure returns (uint256 sum) {
        unchecked {
            uint256 mirrored = DenseLanes.mirrorLanes(word);
            sum = (word & FOURTHS) * (mirrored >> 48 & FOURTHS) >> 192;
            sum += (word >> 16 & FOURTHS) * (mirrored >> 32 & FOURTHS) >> 192;
            sum += (word >> 32 & FOURTHS) * (mirrored >> 16 & FOURTHS) >> 192;
            sum += (word >> 48 & FOURTHS) * (mirrored & FOURTHS) >> 192;
        }
    }
}
