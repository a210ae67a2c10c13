// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using ContributionInfoLibrary for ContributionInfo global;

/// @notice Everything about one contribution but its features, in one word that its event announces and that
/// whoever settles it gives back:
/// contributor (160 bits) | deposit in units (48) | time (32) | label (8) | surprise (1) | hidden (1) | certainty (6).
type ContributionInfo is uint256;

/// @title A contribution's facts
/// @notice What stands where in `ContributionInfo`.
library ContributionInfoLibrary {
    /// @notice Put facts together.
    /// @param deposit_ below 2^48, in units of `ISum.money`.
    /// @param surprise_ whether the model had said otherwise before it learned.
    /// @param hidden_ 0x40 if it had been committed to in an earlier block, else 0.
    /// @param certainty_ P(h(x) = y) before the model learned, in sixteenths: 1 to 16.
    function pack(
        address contributor_,
        uint256 deposit_,
        uint256 time_,
        uint256 label_,
        bool surprise_,
        uint256 hidden_,
        uint256 certainty_
    ) internal pure returns (ContributionInfo) {
        uint256 low = uint256(uint48(deposit_)) << 48 | uint256(uint32(time_)) << 16 | uint256(uint8(label_)) << 8;
        uint256 flag = surprise_ ? 0x80 : 0;
        return ContributionInfo.wrap(uint256(uint160(contributor_)) << 96 | low | flag | hidden_ | (certainty_ & 0x3f));
    }

    function contributor(ContributionInfo facts) internal pure returns (address) {
        return address(uint160(ContributionInfo.unwrap(facts) >> 96));
    }

    function deposit(ContributionInfo facts) internal pure returns (uint256) {
        return uint48(ContributionInfo.unwrap(facts) >> 48);
    }

    function time(ContributionInfo facts) internal pure returns (uint256) {
        return uint32(ContributionInfo.unwrap(facts) >> 16);
    }

    function label(ContributionInfo facts) internal pure returns (uint256) {
        return uint8(ContributionInfo.unwrap(facts) >> 8);
    }

    function surprise(ContributionInfo facts) internal pure returns (bool) {
        return ContributionInfo.unwrap(facts) & 0x80 != 0;
    }

    function hidden(ContributionInfo facts) internal pure returns (bool) {
        return ContributionInfo.unwrap(facts) & 0x40 != 0;
    }

    function certainty(ContributionInfo facts) internal pure returns (uint256) {
        return ContributionInfo.unwrap(facts) & 0x3f;
    }
}
