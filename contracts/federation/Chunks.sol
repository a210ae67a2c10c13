// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Merkle} from "../kernel/Merkle.sol";

// Numbers of one, two or four bytes are read from calldata.
// solhint-disable no-inline-assembly

/// @title Chunks
/// @notice Models and updates as ordered trees over chunks of 32 coordinates.
library Chunks {
    uint256 internal constant COORDINATES = 32;
    bytes32 private constant CHUNK = keccak256("DILN federation chunk");

    /// @dev Whether `data` is the chunk `index` of `count` below `root`.
    function isProven(bytes32 root, bytes calldata data, bytes32[] calldata proof, uint256 index, uint256 count)
        internal
        pure
        returns (bool)
    {
        // Nothing has the root zero, which a proof of a wrong length leads to.
        return root != 0 && Merkle.climb(leaf(index, data), proof, index, count) == root;
    }

    function leaf(uint256 index, bytes calldata data) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(CHUNK, uint32(index), data));
    }

    /// @dev The 32 signed numbers in `data`, of `width` bytes each, times 2^`shift`.
    function values(bytes calldata data, uint256 width, uint256 shift) internal pure returns (int256[] memory v) {
        v = new int256[](COORDINATES);
        assembly ("memory-safe") {
            let cut := sub(256, shl(3, width))
            let from := data.offset
            let to := add(v, 32)
            for { let end := add(from, shl(5, width)) } lt(from, end) { from := add(from, width) } {
                mstore(to, shl(shift, sar(cut, calldataload(from))))
                to := add(to, 32)
            }
        }
    }
}
