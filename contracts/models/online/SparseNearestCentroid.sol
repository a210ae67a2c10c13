// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "./Words.sol";
import {SparseCounts} from "./SparseCounts.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @title Nearest centroid, sparse
/// @notice The nearest centroid over sparse binary features. A centroid is counts over n samples, c[f] = n[f] / n, so
/// one more sample changes its own features' counts only. ‖x − c‖² = ‖x‖² − 2·Σ c[f] + Σ c[f]²; with S the sum of
/// the sample's counts and Q that of all squares (the class's statistics), the score is (2·S·n − Q) / n², with 32
/// fractional bits. A class that has 65,535 samples learns no more; one that has none is the furthest.
abstract contract SparseNearestCentroid is SparseCounts {
    int256 private constant FURTHEST = -(1 << 200);
    uint256 private constant FULL = type(uint16).max;

    function _scores(Words.Loaded memory loaded, bytes calldata, uint256 end)
        internal
        view
        virtual
        override
        returns (int256[] memory scores)
    {
        scores = new int256[](loaded.shape.classes());
        for (uint256 class; class < scores.length; ++class) {
            uint256 samples = _samples(loaded, class);
            int256 twice = int256(2 * _sum(loaded, end, class) * samples);
            scores[class] = samples == 0
                ? FURTHEST
                : (twice - int256(Stats.get(loaded, class))) * (1 << 32) / int256(samples * samples);
        }
    }

    function _count(Words.Loaded memory loaded, bytes calldata x, uint256 y, uint256 end)
        internal
        virtual
        override
        returns (bool)
    {
        if (_samples(loaded, y) == FULL) return false;
        // (n + 1)² − n² for each feature
        Stats.set(loaded, y, Stats.get(loaded, y) + 2 * _sum(loaded, end, y) + x.length / 2);
        SparseLanes.count(loaded, end, y);
        return true;
    }

    /// @dev The sum of the class's counts over the lanes noted, without feature 0's.
    function _sum(Words.Loaded memory loaded, uint256 end, uint256 class) private view returns (uint256) {
        return SparseLanes.total(loaded, end, class) - _samples(loaded, class);
    }
}
