// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Words} from "./Words.sol";

/// @title A class's statistics
/// @notice 64 bits for each class at the model's beginning; those of the first two classes stand beside the data
/// handler's counters and so cost no slot of their own.
library Stats {
    /// @notice How many lanes a class's statistics take.
    uint256 internal constant LANES = 4;

    function get(Words.Loaded memory loaded, uint256 class) internal view returns (uint256) {
        (uint256 k, uint256 shift) = _place(class);
        return uint64(Words.get(loaded, k) >> shift);
    }

    function set(Words.Loaded memory loaded, uint256 class, uint256 value) internal {
        (uint256 k, uint256 shift) = _place(class);
        uint256 word = Words.get(loaded, k);
        uint256 mask = uint256(type(uint64).max) << shift;
        Words.set(loaded, k, word & ~mask | uint256(uint64(value)) << shift);
    }

    function _place(uint256 class) private pure returns (uint256 k, uint256 shift) {
        return ((class + 2) >> 2, ((class + 2) & 3) << 6);
    }
}
