// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {CodeChunks} from "../../../contracts/kernel/CodeChunks.sol";

/// @notice The library `CodeChunks` as it is, and beside it the same without assembly, byte by byte.
contract CodeChunksReference {
    error NotDeployed();

    event Stored(address chunk, bool created);

    function store(bytes calldata data) external {
        (address chunk, bool created) = CodeChunks.store(data);
        emit Stored(chunk, created);
    }

    function locate(bytes calldata data) external view returns (address) {
        return CodeChunks.locate(data);
    }

    function sliced(address chunk, uint256 offset, uint256 length) external view returns (bytes memory) {
        return CodeChunks.slice(chunk, offset, length);
    }

    function slice(address chunk, uint256 offset, uint256 length) external view returns (bytes memory data) {
        bytes memory code = chunk.code;
        data = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            data[i] = code[1 + offset + i];
        }
    }

    function joined(address[] calldata chunks) external view returns (bytes memory) {
        return CodeChunks.join(chunks);
    }

    function digested(address[] calldata chunks) external view returns (bytes32) {
        return CodeChunks.digest(chunks);
    }

    function join(address[] calldata chunks) public view returns (bytes memory data) {
        for (uint256 i = 0; i < chunks.length; ++i) {
            bytes memory code = chunks[i].code;
            bytes memory piece = new bytes(code.length - 1);
            for (uint256 j = 0; j < piece.length; ++j) {
                piece[j] = code[j + 1];
            }
            data = bytes.concat(data, piece);
        }
    }

    function digest(address[] calldata chunks) external view returns (bytes32) {
        return sha256(join(chunks));
    }

    /// @notice Deploy a contract whose code is exactly `code`.
    function deploy(bytes calldata code) external {
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: 10 bytes, then the code.
        bytes memory creation = abi.encodePacked(hex"61", uint16(code.length), hex"80600a3d393df3", code);
        address deployed;
        assembly {
            deployed := create(0, add(creation, 0x20), mload(creation))
        }
        require(deployed != address(0), NotDeployed());
        emit Stored(deployed, true);
    }
}
