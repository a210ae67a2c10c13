// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "./Words.sol";
import {Logarithm} from "./Logarithm.sol";
import {SparseCounts} from "./SparseCounts.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @title Multinomial naive Bayes
/// @notice Multinomial naive Bayes over sparse binary features, in the log domain, with add-one smoothing:
/// score(c) = log(n[0,c] + 1) + Σ log(n[f,c] + 1) − m · log(N[c] + V) for a sample of m features, V being how many
/// there are, n[0,c] the class's samples and N[c] (its statistics) all its features. Scores have 16 fractional bits.
abstract contract NaiveBayes is SparseCounts {
    function _scores(Words.Loaded memory loaded, bytes calldata x, uint256 end)
        internal
        view
        virtual
        override
        returns (int256[] memory scores)
    {
        uint256 classes = loaded.shape.classes();
        scores = new int256[](classes);
        unchecked {
            for (uint256 class; class < classes; class += 2) {
                (uint256 first, uint256 second) = _logProducts(loaded, end, class);
                scores[class] = int256(first) - _penalty(loaded, x, class);
                if (class + 1 < classes) scores[class + 1] = int256(second) - _penalty(loaded, x, class + 1);
            }
        }
    }

    function _count(Words.Loaded memory loaded, bytes calldata x, uint256 y, uint256 end)
        internal
        virtual
        override
        returns (bool)
    {
        SparseLanes.count(loaded, end, y);
        Stats.set(loaded, y, Stats.get(loaded, y) + x.length / 2);
        return true;
    }

    /// @dev m · log(N[c] + V).
    function _penalty(Words.Loaded memory loaded, bytes calldata x, uint256 class) private view returns (int256) {
        unchecked {
            uint256 features = loaded.shape.dims() - 1;
            return int256(Logarithm.base2(Stats.get(loaded, class) + features) * (x.length >> 1));
        }
    }

    /// @dev Σ log(n + 1) over the lanes noted, for a class and the next one: the logarithms of their products.
    function _logProducts(Words.Loaded memory loaded, uint256 end, uint256 class)
        private
        pure
        returns (uint256, uint256)
    {
        unchecked {
            (uint256 p, uint256 i, uint256 q, uint256 j) = SparseLanes.products(loaded, end, class);
            return ((i << Logarithm.BITS) + Logarithm.base2(p), (j << Logarithm.BITS) + Logarithm.base2(q));
        }
    }
}
