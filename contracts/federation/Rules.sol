// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Lanes} from "./Lanes.sol";

// Thirty-two coordinates of sixteen updates: the tests hold every loop against numpy.
// solhint-disable no-inline-assembly

/// @title Rules
/// @notice How the updates of one chunk become one, coordinate by coordinate, in whole numbers rounded down. The same
/// in numpy: orchestrator/learning/aggregation.
library Rules {
    uint256 internal constant FACTOR_BITS = 15; // a factor of 2^15 leaves an update as it is

    /// @notice Whether `claimed` is `before` plus `delta`, kept within int32. Both have four bytes a number.
    function follows(bytes calldata claimed, bytes calldata before, int256[] memory delta)
        internal
        pure
        returns (bool right)
    {
        assembly ("memory-safe") {
            let difference := 0
            let at := add(delta, 32)
            let from := before.offset
            let to := claimed.offset
            for { let end := add(at, shl(5, mload(delta))) } lt(at, end) { at := add(at, 32) } {
                let x := add(sar(224, calldataload(from)), mload(at)) // both are int32
                // Beyond int32: the greatest, or with all its bits turned the least.
                if xor(signextend(3, x), x) { x := xor(0x7fffffff, sar(255, x)) }
                difference := or(difference, xor(sar(224, calldataload(to)), x))
                from := add(from, 4)
                to := add(to, 4)
            }
            right := iszero(difference)
        }
    }

    /// @dev ⌊Σ w·u / Σ w⌋. Weights are not all zero.
    function mean(int256[][] memory updates, uint256[] memory weights) internal pure returns (int256[] memory sums) {
        sums = new int256[](updates[0].length);
        assembly ("memory-safe") {
            // Updates are int32 and weights uint16: no sum overflows.
            let first := add(sums, 32)
            let end := add(first, shl(5, mload(sums)))
            let total := 0
            let last := add(updates, shl(5, mload(updates)))
            for { let row := updates } lt(row, last) {} {
                row := add(row, 32)
                weights := add(weights, 32)
                let w := mload(weights)
                total := add(total, w)
                let from := add(mload(row), 32)
                for { let to := first } lt(to, end) { to := add(to, 32) } {
                    mstore(to, add(mload(to), mul(w, mload(from))))
                    from := add(from, 32)
                }
            }
            for { let to := first } lt(to, end) { to := add(to, 32) } {
                let x := mload(to)
                mstore(to, sub(sdiv(x, total), slt(smod(x, total), 0)))
            }
        }
    }

    /// @dev ⌊u·factor / 2^15⌋ in the place of each u. Updates are those of the seats in `mask`, ascending.
    function scale(int256[][] memory updates, uint256 mask, uint256 factors) internal pure {
        uint256 row = 0;
        for (uint256 seat = 0; mask >> seat != 0; ++seat) {
            if (mask >> seat & 1 == 0) continue;
            uint256 factor = Lanes.small(factors, seat);
            int256[] memory u = updates[row];
            ++row;
            assembly ("memory-safe") {
                let at := add(u, 32)
                for { let end := add(at, shl(5, mload(u))) } lt(at, end) { at := add(at, 32) } {
                    mstore(at, sar(FACTOR_BITS, mul(mload(at), factor))) // int32 times uint16
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

    /// @dev How many of `n` are left out at each end: as many as the terms say, and something is left.
    function trimOf(uint256 trim, uint256 n) internal pure returns (uint256) {
        uint256 most = (n - 1) / 2;
        return trim < most ? trim : most;
    }
}
