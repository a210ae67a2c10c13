// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// 32 predictions at a time; the tests hold it against Python.
// solhint-disable no-inline-assembly
// For slither: the counters' width is a whole number of bits.
// slither-disable-start divide-before-multiply

/**
 * @title Score
 * @notice From predictions to a score.
 *
 * The points of all samples are added up in one word, the tally, so that partial work fits one slot and a tree
 * of predictions can carry sums.
 *
 *   accuracy      1 for each right prediction
 *   macro-F1      two counters a class, 256 / (2 · classes) bits each: predicted (2k), rightly predicted (2k+1)
 *   MAE           the absolute error
 */
library Score {
    uint256 internal constant ACCURACY = 0;
    uint256 internal constant MACRO_F1 = 1;
    uint256 internal constant MEAN_ABSOLUTE_ERROR = 2;
    uint256 internal constant ONE = 1e9;
    uint256 internal constant MILLIONTHS = 1e6;

    /// What one prediction adds to the tally. Classes lie below `classes`.
    function points(uint256 metric, uint256 classes, int256 prediction, int256 label) internal pure returns (uint256) {
        unchecked {
            // Predictions and labels are int32 at most; shifts stay below 256.
            if (metric == ACCURACY) return prediction == label ? 1 : 0;
            if (metric == MEAN_ABSOLUTE_ERROR) {
                return uint256(prediction > label ? prediction - label : label - prediction);
            }
            uint256 width = 128 / classes;
            uint256 added = 1 << (width * (2 * uint256(prediction)));
            return prediction == label ? added | (added << width) : added;
        }
    }

    /// In how many places two strings of the same length have the same byte: the points of accuracy, 32 at a time.
    function matches(bytes calldata a, bytes memory b) internal pure returns (uint256 same) {
        assembly ("memory-safe") {
            let low := 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f
            let ones := 0x0101010101010101010101010101010101010101010101010101010101010101
            for { let i := 0 } lt(i, a.length) { i := add(i, 32) } {
                let x := xor(calldataload(add(a.offset, i)), mload(add(add(b, 32), i)))
                // The top bit of each byte tells whether it is not zero, so its complement whether two are equal.
                let equal := and(shr(7, not(or(x, add(and(x, low), low)))), ones)
                let left := sub(a.length, i)
                if lt(left, 32) { equal := shr(shl(3, sub(32, left)), equal) }
                same := add(same, shr(248, mul(equal, ones))) // the sum of all bytes, at most 32
            }
        }
    }

    /// The score of `tally` over `samples` samples; `labels` counts the labels of each class (macro-F1 only).
    function score(uint256 metric, uint256 classes, uint256 tally, uint256 labels, uint256 samples)
        internal
        pure
        returns (uint64)
    {
        unchecked {
            // A million samples at most, errors of 32 bits; shifts below 256; `predicted` is not below `right`.
            if (metric == ACCURACY) return uint64(tally * ONE / samples);
            if (metric == MEAN_ABSOLUTE_ERROR) return type(uint64).max - uint64(tally * MILLIONTHS / samples);
            uint256 width = 128 / classes;
            uint256 mask = (1 << width) - 1;
            uint256 sum = 0;
            for (uint256 k = 0; k < classes; ++k) {
                uint256 right = (tally >> width) & mask;
                if (right != 0) sum += 2 * right * ONE / ((tally & mask) + (labels & mask));
                tally >>= 2 * width;
                labels >>= 2 * width;
            }
            return uint64(sum / classes);
        }
    }

    /// What one label adds to the count of labels.
    function labelCount(uint256 classes, uint256 label) internal pure returns (uint256) {
        return 1 << (128 / classes * 2 * label);
    }

    /// Whether the counters of macro-F1 can hold `samples`.
    function fits(uint256 classes, uint256 samples) internal pure returns (bool) {
        return classes > 0 && classes <= 64 && samples < 1 << (128 / classes);
    }

    /// The least score that wins.
    function passMark(uint256 metric, uint64 criterion) internal pure returns (uint64) {
        return metric == MEAN_ABSOLUTE_ERROR ? type(uint64).max - criterion : criterion;
    }
}
// slither-disable-end divide-before-multiply
