// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {Pay, Rule} from "./IFederation.sol";
import {Lanes} from "./Lanes.sol";
import {Rules} from "./Rules.sol";
import {FederationTerms, PackedTerms} from "./FederationTerms.sol";

// A row is sorted while it is made; the tests hold it against numpy.
// solhint-disable no-inline-assembly

/// @title Selection
/// @notice What follows from the inner products of updates: which are selected, by which factors they are clipped, by
/// which merits they are paid.
///
/// Krum and multi-Krum: Blanchard et al. 2017. Nearest: Chen et al. 2018 (LearningChain), literally and with what
/// makes it bear attacks. Rows stand for the accepted seats, in ascending order. The same in Python:
/// orchestrator/learning/aggregation.
library Selection {
    using FederationTerms for PackedTerms;
    uint256 private constant UNIT = 1 << Rules.FACTOR_BITS;

    function follow(PackedTerms t, int256[][] memory g, uint256 accepted)
        internal
        pure
        returns (uint256 selected, uint256 factors, uint256 merits)
    {
        uint256[] memory norms;
        if (t.rule() != Rule.MultiKrum || t.pay() == Pay.Alignment) norms = _norms(g);
        uint256[] memory scales;
        if (t.clips()) scales = _scales(norms, t.bound());
        uint256 rows = _rows(t, g, norms, scales);
        uint256[] memory shares;
        if (t.pay() == Pay.Alignment) shares = _alignments(g, norms, scales, rows);
        uint256 row = 0;
        for (uint256 seat = 0; accepted >> seat != 0; ++seat) {
            if (accepted >> seat & 1 == 0) continue;
            selected |= (rows >> row & 1) << seat;
            if (scales.length != 0) factors |= Lanes.lane(scales[row], seat);
            if (shares.length != 0) merits |= Lanes.lane(shares[row], seat);
            ++row;
        }
    }

    /// @dev The mask of the rows that are selected.
    function _rows(PackedTerms t, int256[][] memory g, uint256[] memory norms, uint256[] memory scales)
        private
        pure
        returns (uint256)
    {
        Rule rule = t.rule();
        if (rule == Rule.MultiKrum) return _least(_distances(g, t.faulty()), t.keep());
        if (rule == Rule.NearestUnit) return _least(_farUnit(g, norms), t.keep());
        if (rule == Rule.NearestLiteral) return _least(_far(g, norms), t.keep());
        if (rule == Rule.NearestClipped) return _least(_farClipped(g, scales), t.keep());
        return (1 << g.length) - 1;
    }

    /// @dev √⟨u,u⟩, at least one.
    function _norms(int256[][] memory g) private pure returns (uint256[] memory norms) {
        norms = new uint256[](g.length);
        for (uint256 i = 0; i < g.length; ++i) {
            norms[i] = _root(g[i][i]);
        }
    }

    function _root(int256 square) private pure returns (uint256) {
        return square < 2 ? 1 : FixedPointMathLib.sqrt(uint256(square));
    }

    /// @dev By which factor each is clipped to `bound`, or to the upper median of the norms.
    function _scales(uint256[] memory norms, uint256 bound) private pure returns (uint256[] memory scales) {
        if (bound == 0) {
            uint256[] memory sorted = LibSort.copy(norms);
            LibSort.insertionSort(sorted);
            bound = sorted[sorted.length / 2];
        }
        scales = new uint256[](norms.length);
        for (uint256 i = 0; i < norms.length; ++i) {
            scales[i] = FixedPointMathLib.min(UNIT, bound * UNIT / norms[i]);
        }
    }

    /// @dev Krum's scores: the sum of the squared distances to the n − faulty − 2 nearest others.
    function _distances(int256[][] memory g, uint256 faulty) private pure returns (int256[] memory scores) {
        unchecked {
            // Sixteen rows of int128.
            uint256 n = g.length;
            scores = new int256[](n);
            if (n == 1) return scores;
            uint256 near = n > faulty + 3 ? n - faulty - 2 : 1;
            int256[] memory squares = new int256[](n);
            for (uint256 i = 0; i < n; ++i) {
                squares[i] = g[i][i];
            }
            int256[] memory column = new int256[](n);
            for (uint256 i = 0; i < n; ++i) {
                scores[i] = int256(near) * squares[i] + _nearest(g[i], squares, i, near, column);
            }
        }
    }

    /// @dev The sum of the `near` least of squares[j] − 2 · row[j], where j is not `i`; `column` has room for all.
    function _nearest(int256[] memory row, int256[] memory squares, uint256 i, uint256 near, int256[] memory column)
        private
        pure
        returns (int256 sum)
    {
        assembly ("memory-safe") {
            let size := shl(5, mload(row))
            let own := shl(5, add(i, 1))
            mstore(column, shl(255, 1)) // below whatever sinks towards it
            let end := column
            for { let at := 32 } iszero(gt(at, size)) { at := add(at, 32) } {
                if xor(at, own) {
                    let x := sub(mload(add(squares, at)), shl(1, mload(add(row, at))))
                    let place := end
                    let y := mload(place)
                    for {} sgt(y, x) {} {
                        mstore(add(place, 32), y)
                        place := sub(place, 32)
                        y := mload(place)
                    }
                    mstore(add(place, 32), x)
                    end := add(end, 32)
                }
            }
            end := add(column, shl(5, near))
            for { let place := add(column, 32) } iszero(gt(place, end)) { place := add(place, 32) } {
                sum := add(sum, mload(place))
            }
        }
    }

    /// @dev The nearest have the least: minus the projection on the sum of all.
    function _far(int256[][] memory g, uint256[] memory norms) private pure returns (int256[] memory scores) {
        scores = new int256[](g.length);
        for (uint256 i = 0; i < g.length; ++i) {
            int256 sum = 0;
            for (uint256 j = 0; j < g.length; ++j) {
                sum += g[i][j];
            }
            scores[i] = -Rules.floorDiv(sum << 32, int256(norms[i]));
        }
    }

    /// @dev As if all had the same norm.
    function _farUnit(int256[][] memory g, uint256[] memory norms) private pure returns (int256[] memory scores) {
        scores = new int256[](g.length);
        for (uint256 i = 0; i < g.length; ++i) {
            for (uint256 j = 0; j < g.length; ++j) {
                scores[i] -= Rules.floorDiv(g[i][j] << 32, int256(norms[i] * norms[j]));
            }
        }
    }

    /// @dev Of the updates as they are clipped; `g` is changed to their products.
    function _farClipped(int256[][] memory g, uint256[] memory scales) private pure returns (int256[] memory) {
        int256[][] memory h = new int256[][](g.length);
        for (uint256 i = 0; i < g.length; ++i) {
            h[i] = new int256[](g.length);
            for (uint256 j = 0; j < g.length; ++j) {
                h[i][j] = g[i][j] * int256(scales[i] * scales[j]) >> (2 * Rules.FACTOR_BITS);
            }
        }
        return _far(h, _norms(h));
    }

    /// @dev The mask of the `count` least, of equal ones the first.
    function _least(int256[] memory scores, uint256 count) private pure returns (uint256 mask) {
        unchecked {
            // Sixteen scores at most.
            uint256 n = scores.length;
            for (; count != 0 && mask + 1 != 1 << n; --count) {
                int256 least = type(int256).max;
                uint256 best = 0;
                for (uint256 i = n; i != 0; --i) {
                    int256 score = scores[i - 1];
                    if (score <= least && mask >> (i - 1) & 1 == 0) (least, best) = (score, i - 1);
                }
                mask |= 1 << best;
            }
        }
    }

    /// @dev max(0, ⟨u, aggregate⟩ / |u|) in parts of 65535 of the greatest; a one for all if nobody's is positive.
    function _alignments(int256[][] memory g, uint256[] memory norms, uint256[] memory scales, uint256 rows)
        private
        pure
        returns (uint256[] memory shares)
    {
        uint256 n = g.length;
        shares = new uint256[](n);
        uint256 most = 0;
        for (uint256 i = 0; i < n; ++i) {
            int256 sum = 0;
            for (uint256 j = 0; j < n; ++j) {
                if (rows >> j & 1 != 0) sum += int256(scales.length == 0 ? UNIT : scales[j]) * g[i][j];
            }
            if (sum > 0) shares[i] = uint256(sum) / norms[i];
            most = FixedPointMathLib.max(most, shares[i]);
        }
        for (uint256 i = 0; i < n; ++i) {
            shares[i] = most == 0 ? 1 : shares[i] * type(uint16).max / most;
        }
    }
}
