// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISumErrors} from "../ISum.sol";
import {Model} from "../Model.sol";
import {Shape} from "../Shape.sol";
import {Words} from "../Words.sol";
import {SparseLanes} from "./SparseLanes.sol";
import {Stats} from "./Stats.sol";

/// @notice What models share that count, for each class, its samples and in how many of them each sparse binary
/// feature occurs. Counts are uint16 and stop at 65,535. After the statistics (Stats), feature by feature, stands the
/// count of each class; "feature 0" counts the class's samples.
abstract contract SparseCounts is Model {
    function _checkModel() internal view virtual override {
        Shape shape = Words.shape();
        require(shape.dims() >= 2, ISumErrors.BadArguments("dims"));
        require(shape.classes() >= 2 && shape.classes() <= 256, ISumErrors.BadArguments("classes"));
        require(shape.limit() != 0, ISumErrors.BadArguments("limit"));
        _checkBase(shape, _length(shape));
    }

    function _load() internal view virtual override returns (Words.Loaded memory) {
        Shape shape = Words.shape();
        uint256 touched = shape.limit() + 1;
        uint256 length = _length(shape);
        return Words.load(3 * (touched < length ? touched : length)); // three words a note
    }

    function _length(Shape shape) internal pure virtual override returns (uint256) {
        return (8 + Stats.LANES * shape.classes() + shape.dims() * shape.classes() + 15) / 16;
    }

    /// @dev The sum of a class's counts of feature 0 and of the sample's features, with notes for `SparseLanes.count`.
    function _walk(Words.Loaded memory loaded, bytes calldata x, uint256 class)
        internal
        view
        returns (uint256 total, uint256 end)
    {
        uint256 classes = loaded.shape.classes();
        return SparseLanes.walk(loaded, x, SparseLanes.origin(Stats.LANES * classes + class), classes);
    }

    /// @dev The number of samples of a class.
    function _samples(Words.Loaded memory loaded, uint256 class) internal view returns (uint256) {
        uint256 lane = 8 + Stats.LANES * loaded.shape.classes() + class;
        return uint16(Words.get(loaded, lane >> 4) >> ((lane & 15) << 4));
    }
}
