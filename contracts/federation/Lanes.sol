// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Lanes
/// @notice Small numbers by seat: sixteen of 64 bits in four words of storage, or of 16 bits in one word. What enters a
/// lane stays below its width (see FederationTerms.MAX_AMOUNT), so lanes are added as whole words.
library Lanes {
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

    /// @dev A one for each seat of `mask`.
    function ones(uint256 mask) internal pure returns (uint256 word) {
        unchecked {
            // Sixteen seats.
            for (uint256 seat = 0; mask >> seat != 0; ++seat) {
                word |= (mask >> seat & 1) << (16 * seat);
            }
        }
    }
}
