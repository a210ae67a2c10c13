// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Split
/// @notice Draws which groups are for testing.
library Split {
    /// `needed` of `groups` bits, each choice as likely as any other: group by group, a group is chosen with
    /// probability (still needed) / (groups left).
    function draw(bytes32 seed, uint256 groups, uint256 needed) internal pure returns (uint256 mask) {
        unchecked {
            // Groups are 256 at most, and `needed` reaches zero before they end.
            for (uint256 group = 0; group < groups; ++group) {
                // 256 random bits reduced modulo at most 256: no measurable bias.
                uint256 random = uint256(keccak256(abi.encode(seed, group)));
                if (random % (groups - group) < needed) {
                    mask |= 1 << group;
                    --needed;
                }
            }
        }
    }

    /// The `ordinal`-th lowest bit of `mask` and all above it.
    function skip(uint256 mask, uint256 ordinal) internal pure returns (uint256) {
        for (uint256 i = 0; i < ordinal; ++i) mask &= mask - 1;
        return mask;
    }
}
