// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using FactsLibrary for Facts global;

/// @notice Everything about one contribution but its features, in one word that its event announces and that
/// whoever settles it gives back:
/// contributor (160 bits) | deposit in units (48) | time (32) | label (8) | surprise (1) | hidden (1) | certainty (6).
type Facts is uint256;

/// @title A contribution's facts
/// @notice What stands where in `Facts`.
library FactsLibrary {
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
    ) internal pure returns (Facts) {
        uint256 low = uint256(uint48(deposit_)) << 48 | uint256(uint32(time_)) << 16 | uint256(uint8(label_)) << 8;
        uint256 flag = surprise_ ? 0x80 : 0;
        return Facts.wrap(uint256(uint160(contributor_)) << 96 | low | flag | hidden_ | (certainty_ & 0x3f));
    }

    function contributor(Facts facts) internal pure returns (address) {
        return address(uint160(Facts.unwrap(facts) >> 96));
    }

    function deposit(Facts facts) internal pure returns (uint256) {
        return uint48(Facts.unwrap(facts) >> 48);
    }

    function time(Facts facts) internal pure returns (uint256) {
        return uint32(Facts.unwrap(facts) >> 16);
    }

    function label(Facts facts) internal pure returns (uint256) {
        return uint8(Facts.unwrap(facts) >> 8);
    }

    function surprise(Facts facts) internal pure returns (bool) {
        return Facts.unwrap(facts) & 0x80 != 0;
    }

    function hidden(Facts facts) internal pure returns (bool) {
        return Facts.unwrap(facts) & 0x40 != 0;
    }

    function certainty(Facts facts) internal pure returns (uint256) {
        return Facts.unwrap(facts) & 0x3f;
    }
}
