// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @notice The binary logarithm in fixed point, by squaring: each square of the mantissa gives one more bit.
library Logarithm {
    uint256 internal constant BITS = 16;

    /// @param value not zero.
    /// @return result log2(value) with 16 fractional bits, rounded down (the mantissa is cut to 128 bits).
    function base2(uint256 value) internal pure returns (uint256 result) {
        uint256 whole = FixedPointMathLib.log2(value);
        uint256 mantissa = whole > 127 ? value >> (whole - 127) : value << (127 - whole); // 2^127 to 2^128
        result = whole << BITS;
        unchecked {
            for (uint256 bit = 1 << (BITS - 1); bit != 0; bit >>= 1) {
                mantissa = mantissa * mantissa >> 127; // below 2^129
                if (mantissa >> 128 == 0) continue;
                mantissa >>= 1;
                result |= bit;
            }
        }
    }
}
