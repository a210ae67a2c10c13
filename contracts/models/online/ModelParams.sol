// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using ModelParamsLibrary for ModelParams global;

/// @notice A model's settings in one word:
/// dims (32 bits) | classes (16) | limit (16) | rate (16) | bits (8) | baseBytes (16), from the lowest bit up.
type ModelParams is uint256;

/// @title A model's settings
/// @notice What stands where in a `ModelParams`.
library ModelParamsLibrary {
    /// @notice How many features there are; sparse linear models count the intercept as feature 0.
    function dims(ModelParams shape) internal pure returns (uint256) {
        return uint32(ModelParams.unwrap(shape));
    }

    function classes(ModelParams shape) internal pure returns (uint256) {
        return uint16(ModelParams.unwrap(shape) >> 32);
    }

    /// @notice How many features a sample may name at most: what bounds a contribution's influence.
    function limit(ModelParams shape) internal pure returns (uint256) {
        return uint16(ModelParams.unwrap(shape) >> 48);
    }

    /// @notice The learning rate (or, for centroids, the window) in the model's own units.
    function rate(ModelParams shape) internal pure returns (uint256) {
        return uint16(ModelParams.unwrap(shape) >> 64);
    }

    /// @notice The width of the margin over which certainty rises, as a power of two.
    function bits(ModelParams shape) internal pure returns (uint256) {
        return uint8(ModelParams.unwrap(shape) >> 80);
    }

    /// @notice The length of the initial weights that stand in the clone's code.
    function baseBytes(ModelParams shape) internal pure returns (uint256) {
        return uint16(ModelParams.unwrap(shape) >> 88);
    }

    /// @notice How many weight vectors a linear model has: one for two classes, else one for each.
    function rows(ModelParams shape) internal pure returns (uint256) {
        uint256 count = classes(shape);
        return count == 2 ? 1 : count;
    }
}
