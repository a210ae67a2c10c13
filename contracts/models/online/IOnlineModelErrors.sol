// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IOnlineModelErrors
/// @notice What a model that learns on-chain refuses.
interface IOnlineModelErrors {
    /// @notice The clone's arguments do not fit the model or the incentive mechanism; `field` names the first.
    error BadArguments(string field);
    /// @notice Features that are empty, too many, of a wrong length, unsorted, repeated or out of range.
    error BadFeatures();
    /// @notice There are `classes` labels, from 0.
    error UnknownLabel(uint256 label, uint256 classes);
}
