// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPredictionMarket} from "./IPredictionMarket.sol";

/// @notice Samples in a row: label (1 byte), length of the features (2, big-endian), features.
library Samples {
    /// @notice The sample that begins at `from`, and where the next one does.
    function at(bytes calldata run, uint256 from)
        internal
        pure
        returns (uint256 label, bytes calldata x, uint256 end)
    {
        require(from + 3 <= run.length, IPredictionMarket.Truncated());
        label = uint8(run[from]);
        end = from + 3 + uint16(bytes2(run[from + 1:from + 3]));
        require(end <= run.length, IPredictionMarket.Truncated());
        x = run[from + 3:end];
    }
}
