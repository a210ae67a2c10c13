// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @title CodeChunks
/// @notice Bytes kept as contract code, at about 220 gas a byte (storage slots cost 690). A chunk is a contract whose
/// code is a STOP byte and then the data. Its address follows from the storing contract and the data alone (CREATE2),
/// so storing is idempotent, resumable and cannot be front-run, and equal chunks are stored once.
/// @dev Code that begins with STOP can never run, hence never destroy itself: a chunk never changes. That holds for
/// such code whoever deployed it, so a reader need not ask where a chunk came from.
library CodeChunks {
    /// @dev The most code that a contract may have (EIP-170: 24,576 bytes), less the STOP.
    uint256 internal constant MAX_SIZE = 24_575;

    /// @notice A chunk must be 1 to 24,575 bytes long.
    error InvalidChunkSize(uint256 size);
    /// @notice There is no stored chunk at this address.
    error NotAChunk(address chunk);

    /// @notice Store `data`, unless it is there already.
    /// @return chunk where it is
    /// @return created whether it was not there before
    function store(bytes memory data) internal returns (address chunk, bool created) {
        chunk = locate(data);
        created = chunk.code.length == 0;
        if (created) chunk = SSTORE2.writeCounterfactual(data, 0);
    }

    /// @notice Where `store` puts `data`.
    function locate(bytes memory data) internal view returns (address) {
        require(data.length > 0 && data.length <= MAX_SIZE, InvalidChunkSize(data.length));
        return SSTORE2.predictCounterfactualAddress(data, 0);
    }

    /// @notice `length` bytes of the data of `chunk`, which the caller knows to be one, from `offset` on.
    function slice(address chunk, uint256 offset, uint256 length) internal view returns (bytes memory data) {
        data = new bytes(length);
        // Beside this stands `CodeChunksReference.slice` in the tests, which copies byte by byte.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            extcodecopy(chunk, add(data, 0x20), add(offset, 1), length)
        }
    }

    /// @notice The data of `chunks`, joined. Every address must hold a chunk.
    function join(address[] memory chunks) internal view returns (bytes memory data) {
        uint256 size = 0;
        for (uint256 i = 0; i < chunks.length; ++i) {
            size += _sizeOf(chunks[i]);
        }
        data = new bytes(size);
        uint256 offset = 0;
        for (uint256 i = 0; i < chunks.length; ++i) {
            address chunk = chunks[i];
            uint256 length = chunk.code.length - 1;
            // Beside this stands `CodeChunksReference.join` in the tests, which copies byte by byte.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                extcodecopy(chunk, add(add(data, 0x20), offset), 1, length)
            }
            offset += length;
        }
    }

    /// @notice SHA-256 of the data of `chunks`, joined.
    /// @dev Solidity's `sha256` copies its argument first, which doubles the memory and so, for large data, more than
    /// doubles the cost. Beside this stands `CodeChunksReference.digest` in the tests, which uses it.
    function digest(address[] memory chunks) internal view returns (bytes32 result) {
        bytes memory data = join(chunks);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // The precompile fails only for want of gas; then the transaction is to fail too.
            if iszero(staticcall(gas(), 2, add(data, 0x20), mload(data), 0, 0x20)) { revert(0, 0) }
            result := mload(0)
        }
    }

    /// @dev Refuses accounts without code, with code that can run (whose first byte is not STOP) or without data.
    function _sizeOf(address chunk) private view returns (uint256) {
        uint256 size = chunk.code.length;
        uint256 first = 0;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0, 0)
            extcodecopy(chunk, 31, 0, 1)
            first := mload(0)
        }
        require(size > 1 && first == 0, NotAChunk(chunk));
        return size - 1;
    }
}
