// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CodeChunks} from "../../kernel/CodeChunks.sol";

// For slither: whether a chunk was new does not matter.
// slither-disable-start unused-return

/**
 * @title ModelCode
 * @notice Models of any length kept as code. A model has one address, its head, which follows from its bytes alone
 * and is known before anything is kept. A model that fits is a chunk (see CodeChunks), its own head. A longer one is
 * cut into chunks, and its head is a chunk of the mark ff, the number of chunks, and their addresses. No model begins
 * with the mark.
 */
library ModelCode {
    uint8 private constant MARK = 0xff;

    /// @notice Where `keep` puts the head of `model`.
    function locate(bytes calldata model) internal view returns (address head) {
        return CodeChunks.locate(_head(model));
    }

    /// @notice Keep `model`, or what is missing of it.
    function keep(bytes calldata model) internal returns (address head) {
        uint256 count = _pieces(model.length);
        for (uint256 i = 0; count > 1 && i < count; ++i) {
            CodeChunks.store(_piece(model, i));
        }
        (head,) = CodeChunks.store(_head(model));
    }

    /// @notice The model whose head is `head`. Reverts with NotAChunk unless all of it is kept.
    function read(address head) internal view returns (bytes memory model) {
        address[] memory chunks = new address[](1);
        chunks[0] = head;
        model = CodeChunks.join(chunks);
        if (uint8(model[0]) != MARK) return model;
        chunks = new address[](uint8(model[1]));
        for (uint256 i = 0; i < chunks.length; ++i) {
            chunks[i] = _link(model, i);
        }
        return CodeChunks.join(chunks);
    }

    function _head(bytes calldata model) private view returns (bytes memory head) {
        uint256 count = _pieces(model.length);
        if (count <= 1) return model;
        head = abi.encodePacked(MARK, uint8(count));
        for (uint256 i = 0; i < count; ++i) {
            head = abi.encodePacked(head, CodeChunks.locate(_piece(model, i)));
        }
    }

    function _pieces(uint256 length) private pure returns (uint256) {
        return (length + CodeChunks.MAX_SIZE - 1) / CodeChunks.MAX_SIZE;
    }

    function _piece(bytes calldata model, uint256 index) private pure returns (bytes memory) {
        uint256 from = index * CodeChunks.MAX_SIZE;
        uint256 left = model.length - from;
        return model[from:from + (left < CodeChunks.MAX_SIZE ? left : CodeChunks.MAX_SIZE)];
    }

    function _link(bytes memory head, uint256 index) private pure returns (address link) {
        // The links follow the two bytes that begin the head, 20 bytes each.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            link := shr(96, mload(add(add(head, 34), mul(20, index))))
        }
    }
}
// slither-disable-end unused-return
