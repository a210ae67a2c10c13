// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// slither-disable-start timestamp
// (a proposer can shift the time by seconds, phases take hours)

/// @title Phases
/// @notice Acts that have their time: from a timestamp on, and up to the second before another.
abstract contract Phases {
    /// @notice It opens at `opensAt`.
    error TooEarly(uint256 opensAt);
    /// @notice It closed at `closedAt`.
    error TooLate(uint256 closedAt);

    function _notBefore(uint256 time) internal view {
        require(block.timestamp >= time, TooEarly(time));
    }

    function _before(uint256 time) internal view {
        require(block.timestamp < time, TooLate(time));
    }
}

// slither-disable-end timestamp
