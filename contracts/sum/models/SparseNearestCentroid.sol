// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Scores} from "../Model.sol";
import {Words} from "../Words.sol";
import {SparseCounts} from "./SparseCounts.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @notice The nearest centroid over sparse binary features. A centroid is counts over n samples, c[f] = n[f] / n, so
/// one more sample changes its own features' counts only. ‖x − c‖² = ‖x‖² − 2·Σ c[f] + Σ c[f]²; with S the sum of
/// the sample's counts and Q that of all squares (the class's statistics), the score is (2·S·n − Q) / n², with 32
/// fractional bits. A class that has 65,535 samples learns no more; one that has none is the furthest.
abstract contract SparseNearestCentroid is SparseCounts {
    int256 private constant FURTHEST = -(1 << 200);
    uint256 private constant FULL = type(uint16).max;

    function _predict(Words.Loaded memory loaded, bytes calldata x)
        internal
        view
        virtual
        override
        returns (uint256 label)
    {
        (label,) = Scores.best(_scores(loaded, x));
    }

    function _learn(Words.Loaded memory loaded, bytes calldata x, uint256 y)
        internal
        virtual
        override
        returns (uint256 predicted, uint256 certainty, bool changed)
    {
        int256[] memory scores = _scores(loaded, x);
        (predicted,) = Scores.best(scores);
        certainty = Scores.certainty(scores, y, loaded.shape.bits());
        uint256 samples = _samples(loaded, y);
        if (samples == FULL) return (predicted, certainty, false);
        (uint256 total, uint256 end) = _walk(loaded, x, y);
        SparseLanes.count(loaded, end);
        // (n + 1)² − n² for each feature
        Stats.set(loaded, y, Stats.get(loaded, y) + 2 * (total - samples) + x.length / 2);
        changed = true;
    }

    function _scores(Words.Loaded memory loaded, bytes calldata x) private view returns (int256[] memory scores) {
        scores = new int256[](loaded.shape.classes());
        for (uint256 class; class < scores.length; ++class) {
            (uint256 total,) = _walk(loaded, x, class);
            uint256 samples = _samples(loaded, class);
            int256 twice = int256(2 * (total - samples) * samples);
            scores[class] = samples == 0
                ? FURTHEST
                : (twice - int256(Stats.get(loaded, class))) * (1 << 32) / int256(samples * samples);
        }
    }
}
