// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

using ShapeLibrary for Shape global;

/// @notice A model's settings in one word:
/// dims (32 bits) | classes (16) | limit (16) | rate (16) | bits (8) | baseBytes (16), from the lowest bit up.
type Shape is uint256;

/// @title A model's settings
/// @notice What stands where in a `Shape`.
library ShapeLibrary {
    /// @notice How many features there are; sparse linear models count the intercept as feature 0.
    function dims(Shape shape) internal pure returns (uint256) {
        return uint32(Shape.unwrap(shape));
    }

    function classes(Shape shape) internal pure returns (uint256) {
        return uint16(Shape.unwrap(shape) >> 32);
    }

    /// @notice How many features a sample may name at most: what bounds a contribution's influence.
    function limit(Shape shape) internal pure returns (uint256) {
        return uint16(Shape.unwrap(shape) >> 48);
    }

    /// @notice The learning rate (or, for centroids, the window) in the model's own units.
    function rate(Shape shape) internal pure returns (uint256) {
        return uint16(Shape.unwrap(shape) >> 64);
    }

    /// @notice The width of the margin over which certainty rises, as a power of two.
    function bits(Shape shape) internal pure returns (uint256) {
        return uint8(Shape.unwrap(shape) >> 80);
    }

    /// @notice The length of the initial weights that stand in the clone's code.
    function baseBytes(Shape shape) internal pure returns (uint256) {
        return uint16(Shape.unwrap(shape) >> 88);
    }

    /// @notice How many weight vectors a linear model has: one for two classes, else one for each.
    function rows(Shape shape) internal pure returns (uint256) {
        uint256 count = classes(shape);
        return count == 2 ? 1 : count;
    }
}
