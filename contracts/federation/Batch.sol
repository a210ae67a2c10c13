// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Words at any place of calldata.
// solhint-disable no-inline-assembly

/// @title Batch
/// @notice Entries of a fixed length, one behind the other.
library Batch {
    /// @notice `length` bytes are not whole entries of `size`.
    error NotEntries(uint256 length, uint256 size);

    function check(bytes calldata entries, uint256 size) internal pure {
        require(entries.length % size == 0, NotEntries(entries.length, size));
    }

    /// @dev The word at `place`. Whoever asks knows that it lies within the entries.
    function word(bytes calldata entries, uint256 place) internal pure returns (bytes32 w) {
        assembly ("memory-safe") {
            w := calldataload(add(entries.offset, place))
        }
    }

    /// @dev What is signed of a struct with the hash `inner` (EIP-712).
    function typed(bytes32 domain, bytes32 inner) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let free := mload(64)
            mstore(free, shl(240, 0x1901))
            mstore(add(free, 2), domain)
            mstore(add(free, 34), inner)
            h := keccak256(free, 66)
        }
    }

    /// @dev The hash of `length` bytes at `place`.
    function hash(bytes calldata entries, uint256 place, uint256 length) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let free := mload(64)
            calldatacopy(free, add(entries.offset, place), length)
            h := keccak256(free, length)
        }
    }
}
