// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title The binary logarithm
/// @notice The binary logarithm in fixed point, from a table with straight lines between (within 0.0002 of the
/// function, and monotonic).
library Logarithm {
    uint256 internal constant BITS = 16;

    /// @dev log2(1 + i/32) in 1/2^16, 16 bits each, from the low end: i from 0 to 15, and from 16 to 31.
    uint256 private constant LOW = 0x8dfa86087dea759d6d20646f5b89526a49103f78359f2b80211916640b5d0000;
    uint256 private constant HIGH = 0xfa2ff446ee45e82ae1f5dba5d538ceafc807c140ba59b350ac24a4d49d5e95c0;

    /// @notice The binary logarithm.
    /// @param value not zero.
    /// @return log2(value) with 16 fractional bits.
    function base2(uint256 value) internal pure returns (uint256) {
        unchecked {
            uint256 whole = FixedPointMathLib.log2(value);
            uint256 mantissa = value << (255 - whole); // the highest bit is 1: what follows is the fraction
            uint256 i = mantissa >> 250 & 31;
            uint256 part = mantissa >> 234 & 0xffff;
            uint256 low = _at(i);
            return (whole << BITS) + low + ((_at(i + 1) - low) * part >> 16);
        }
    }

    function _at(uint256 i) private pure returns (uint256) {
        if (i == 32) return 1 << BITS;
        return uint16((i < 16 ? LOW : HIGH) >> (16 * (i & 15)));
    }
}
