// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The logistic function
/// @notice 1 / (1 + e^−z) in fixed point, from a table with straight lines between (within 0.0031 of the function).
library Sigmoid {
    uint256 internal constant BITS = 15;
    int256 internal constant ONE = 1 << 15;

    /// @dev σ(0), σ(½) … σ(7½) in 1/2^15, 16 bits each, from the low end.
    uint256 private constant TABLE = 0x7fee7fe27fcf7faf7f7b7f257e987db37c3f79ee764a70be68a65d934fad4000;
    /// @dev σ(8): what every z from 8 on is taken for.
    uint256 private constant LAST = 32757;

    /// @notice The logistic function.
    /// @param score z with `bits` fractional bits, 1 at least.
    /// @return p in 1/2^15.
    function value(int256 score, uint256 bits) internal pure returns (int256 p) {
        uint256 size = score < 0 ? uint256(-score) : uint256(score);
        uint256 i = size >> (bits - 1); // which half
        uint256 result = LAST;
        if (i < 16) {
            uint256 low = _at(i);
            uint256 part = size & ((1 << (bits - 1)) - 1);
            result = low + ((_at(i + 1) - low) * part >> (bits - 1));
        }
        return score < 0 ? ONE - int256(result) : int256(result);
    }

    function _at(uint256 i) private pure returns (uint256) {
        return i < 16 ? uint16(TABLE >> (16 * i)) : LAST;
    }
}
