// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Rule} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";

/// @title Rules
/// @notice How the updates of one chunk become one, coordinate by coordinate, in whole numbers rounded down. The same
/// in numpy: orchestrator/learning/aggregation.
library Rules {
    uint256 internal constant FACTOR_BITS = 15; // a factor of 2^15 leaves an update as it is

    /// @notice The model after the round: `before` plus the aggregate, kept within int32.
    /// @param updates of one chunk, by ascending seats; used up.
    /// @param weights of the updates.
    function applied(
        Rule rule,
        uint256 trim,
        int256[] memory before,
        int256[][] memory updates,
        uint256[] memory weights
    ) internal pure returns (int256[] memory after_) {
        if (rule == Rule.Median) after_ = middle(updates, (updates.length - 1) / 2);
        else if (rule == Rule.TrimmedMean) after_ = middle(updates, _trimOf(trim, updates.length));
        else after_ = mean(updates, weights);
        unchecked {
            // Both are int32.
            for (uint256 k = 0; k < after_.length; ++k) {
                int256 x = before[k] + after_[k];
                after_[k] = x > type(int32).max ? type(int32).max : x < type(int32).min ? type(int32).min : x;
            }
        }
    }

    /// @dev ⌊Σ w·u / Σ w⌋. Weights are not all zero.
    function mean(int256[][] memory updates, uint256[] memory weights) internal pure returns (int256[] memory sums) {
        sums = new int256[](updates[0].length);
        int256 total;
        unchecked {
            // Updates are int32 and weights uint16.
            for (uint256 i = 0; i < updates.length; ++i) {
                int256[] memory u = updates[i];
                int256 w = int256(weights[i]);
                total += w;
                for (uint256 k = 0; k < sums.length; ++k) {
                    sums[k] += w * u[k];
                }
            }
            for (uint256 k = 0; k < sums.length; ++k) {
                sums[k] = floorDiv(sums[k], total);
            }
        }
    }

    /// @dev The mean of what is left when the `trim` least and the `trim` greatest are gone: one or two of them, in the
    /// case of the median.
    function middle(int256[][] memory updates, uint256 trim) internal pure returns (int256[] memory out) {
        uint256 n = updates.length;
        out = new int256[](updates[0].length);
        int256[] memory column = new int256[](n);
        unchecked {
            // Indices stay below n, sums below 16 · 2^31.
            for (uint256 k = 0; k < out.length; ++k) {
                for (uint256 i = 0; i < n; ++i) {
                    int256 x = updates[i][k];
                    uint256 place = i;
                    for (; place != 0 && column[place - 1] > x; --place) {
                        column[place] = column[place - 1];
                    }
                    column[place] = x;
                }
                int256 sum;
                for (uint256 i = trim; i < n - trim; ++i) {
                    sum += column[i];
                }
                out[k] = floorDiv(sum, int256(n - 2 * trim));
            }
        }
    }

    /// @dev ⌊u·factor / 2^15⌋ in the place of each u. Updates are those of the seats in `mask`, ascending.
    function scale(int256[][] memory updates, uint256 mask, uint256 factors) internal pure {
        uint256 row = 0;
        for (uint256 seat = 0; mask >> seat != 0; ++seat) {
            if (mask >> seat & 1 == 0) continue;
            int256 factor = int256(Lanes.small(factors, seat));
            int256[] memory u = updates[row];
            ++row;
            unchecked {
                // int32 times uint16.
                for (uint256 k = 0; k < u.length; ++k) {
                    u[k] = u[k] * factor >> FACTOR_BITS;
                }
            }
        }
    }

    /// @dev ⌊a / b⌋ for positive b.
    function floorDiv(int256 a, int256 b) internal pure returns (int256 q) {
        unchecked {
            // b is positive, so nothing overflows.
            q = a / b;
            if (a < 0 && q * b != a) --q;
        }
    }

    function _trimOf(uint256 trim, uint256 n) private pure returns (uint256) {
        uint256 most = (n - 1) / 2;
        return trim < most ? trim : most;
    }
}
