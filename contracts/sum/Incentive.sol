// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The incentive mechanism, one of the three parts
/// @notice The second of the three parts: an incentive mechanism, which validates contributions and pays for them.
/// The data handler calls these functions; everything else (claims, points, badges) is the mechanism's own, built
/// on `Records`, `Purse` and `Model`.
abstract contract Incentive {
    /// @notice Revert unless the clone's terms are such as this mechanism can work with.
    function _checkIncentive() internal view virtual;

    /// @notice What each of `n` contributions that arrive together has to deposit now, in units.
    function _price(uint256 n) internal view virtual returns (uint256 deposit);

    /// @notice How long an unrevealed commitment stays locked: as long as a sure contribution would.
    function _lock() internal view virtual returns (uint256 duration);
}
