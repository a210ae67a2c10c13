// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Lanes
/// @notice Small numbers by seat: sixteen of 64 bits in four words of storage, or of 16 bits in one word. What enters a
/// lane stays below its width (see FederationTerms.MAX_AMOUNT), so lanes are added as whole words.
library Lanes {
    /// @dev A one in each of sixteen lanes.
    uint256 internal constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;

    function get(uint256[4] storage lanes, uint256 seat) internal view returns (uint256) {
        return lanes[seat / 4] >> (64 * (seat % 4)) & type(uint64).max;
    }

    function clear(uint256[4] storage lanes, uint256 seat) internal {
        uint256 mask = uint256(type(uint64).max) << (64 * (seat % 4));
        uint256 word = lanes[seat / 4];
        if (word & mask != 0) lanes[seat / 4] = word & ~mask;
    }

    /// @dev Add `amount` to what is to be added at once.
    function put(uint256[4] memory sums, uint256 seat, uint256 amount) internal pure {
        unchecked {
            // No lane outgrows its place.
            sums[seat / 4] += amount << (64 * (seat % 4));
        }
    }

    function add(uint256[4] storage lanes, uint256[4] memory sums) internal {
        unchecked {
            // No lane outgrows its place.
            for (uint256 i = 0; i < 4; ++i) {
                if (sums[i] != 0) lanes[i] += sums[i];
            }
        }
    }

    /// @dev The uint16 of `seat` in a word of sixteen.
    function small(uint256 word, uint256 seat) internal pure returns (uint256) {
        unchecked {
            return word >> (16 * seat) & type(uint16).max; // sixteen seats
        }
    }

    /// @dev `value`, an uint16, in the lane of `seat`.
    function lane(uint256 value, uint256 seat) internal pure returns (uint256 word) {
        unchecked {
            word = value << (16 * seat); // sixteen seats
        }
    }

    /// @dev A one for each seat of `mask`, whose sixteen bits part in halves until each has a lane.
    function ones(uint256 mask) internal pure returns (uint256 word) {
        word = (mask | mask << 120) & 0x000000000000000000000000000000ff000000000000000000000000000000ff;
        word = (word | word << 60) & 0x000000000000000f000000000000000f000000000000000f000000000000000f;
        word = (word | word << 30) & 0x0000000300000003000000030000000300000003000000030000000300000003;
        word = (word | word << 15) & ONES;
    }

    /// @dev The sum of all sixteen, which is below 2^16.
    function sum(uint256 word) internal pure returns (uint256) {
        unchecked {
            return word * ONES >> 240; // what lanes above the highest would get is not wanted
        }
    }
}
