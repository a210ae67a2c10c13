// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Scores} from "../Model.sol";
import {Words} from "../Words.sol";
import {Logarithm} from "./Logarithm.sol";
import {SparseCounts} from "./SparseCounts.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @notice Multinomial naive Bayes over sparse binary features, in the log domain, with add-one smoothing:
/// score(c) = log(n[0,c] + 1) + Σ log(n[f,c] + 1) − m · log(N[c] + V) for a sample of m features, V being how many
/// there are, n[0,c] the class's samples and N[c] (its statistics) all its features. Scores have 16 fractional bits.
abstract contract NaiveBayes is SparseCounts {
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
        (, uint256 end) = _walk(loaded, x, y);
        SparseLanes.count(loaded, end);
        Stats.set(loaded, y, Stats.get(loaded, y) + x.length / 2);
        changed = true;
    }

    function _scores(Words.Loaded memory loaded, bytes calldata x) private view returns (int256[] memory scores) {
        scores = new int256[](loaded.shape.classes());
        uint256 features = loaded.shape.dims() - 1;
        for (uint256 class; class < scores.length; ++class) {
            (, uint256 end) = _walk(loaded, x, class);
            uint256 penalty = Logarithm.base2(Stats.get(loaded, class) + features) * (x.length / 2);
            scores[class] = int256(_logProduct(loaded, end)) - int256(penalty);
        }
    }

    /// @dev Σ log(n + 1) over the lanes noted: the logarithm of their product, a run of at most 2^256 at a time.
    function _logProduct(Words.Loaded memory loaded, uint256 end) private pure returns (uint256 total) {
        uint256 base = SparseLanes.addressOf(loaded);
        uint256 product = 1;
        for (uint256 note = loaded.cache; note < end; note += SparseLanes.NOTE) {
            (uint256 word, uint256 ones) = SparseLanes.noted(base, note);
            while (ones != 0) {
                uint256 lane = ones & (~ones + 1); // the lowest 1
                ones ^= lane;
                product *= uint16(word / lane) + uint256(1);
                if (product >> 239 == 0) continue; // one more factor, of up to 2^16, still fits
                total += Logarithm.base2(product);
                product = 1;
            }
        }
        total += Logarithm.base2(product);
    }
}
