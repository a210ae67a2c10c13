// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using TermsLibrary for Terms global;

/// @notice The settings of deposit, refund, take in one word, from the lowest bit up:
/// costWeight (48 bits) | refundWait (32) | takeGap (32) | creatorWait (32) | anyWait (32).
type Terms is uint256;

/// @title The terms of deposit, refund, take
/// @notice What stands where in `Terms`.
library TermsLibrary {
    /// @notice A deposit is costWeight · 3600 / √seconds since the last contribution, in units.
    function costWeight(Terms terms) internal pure returns (uint256) {
        return uint48(Terms.unwrap(terms));
    }

    /// @notice The shortest time until a contribution is due: that of one the model is sure of.
    function refundWait(Terms terms) internal pure returns (uint256) {
        return uint32(Terms.unwrap(terms) >> 48);
    }

    /// @notice What lies at least between a report and its take.
    function takeGap(Terms terms) internal pure returns (uint256) {
        return uint32(Terms.unwrap(terms) >> 80);
    }

    /// @notice How long after a contribution is due the creator may sweep it.
    function creatorWait(Terms terms) internal pure returns (uint256) {
        return uint32(Terms.unwrap(terms) >> 112);
    }

    /// @notice How long after a contribution is due anyone may sweep it.
    function anyWait(Terms terms) internal pure returns (uint256) {
        return uint32(Terms.unwrap(terms) >> 144);
    }
}
