// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketEvents} from "./IMarketEvents.sol";

/// @title Samples
/// @notice Samples in a row: label (1 byte), length of the features (2, big-endian), features.
library Samples {
    /// @notice The sample that begins at `from`, and where the next one does.
    function at(bytes calldata run, uint256 from)
        internal
        pure
        returns (uint256 label, bytes calldata x, uint256 end)
    {
        unchecked {
            // No calldata are so long that adding 2^16 to their length overflows
            end = from + 3;
            require(end <= run.length, IMarketEvents.Truncated());
            uint256 head = uint24(bytes3(run[from:end]));
            label = head >> 16;
            from = end;
            end += head & 0xffff;
            require(end <= run.length, IMarketEvents.Truncated());
            x = run[from:end];
        }
    }
}
