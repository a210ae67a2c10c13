// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelErrors} from "./IModelRunner.sol";

// Words at any place of the encoding.
// solhint-disable no-inline-assembly

/// A layer of a network that lies in memory.
struct Layer {
    uint256 inputs;
    uint256 outputs;
    uint256 shift;
    uint256 rows; // memory address of its first row: bias (4 bytes), weights (1 byte each, plus 128)
}

/// @title NetworkFormat
/// @notice Reads the byte encoding of networks; the encoding is in IModelRunner.sol.
library NetworkFormat {
    uint256 internal constant KIND = 1;
    uint256 internal constant MAX_LAYERS = 8;
    uint256 internal constant MAX_WIDTH = 4096;
    uint256 internal constant MAX_SHIFT = 31;

    /// The layers of `model`. Reverts with MalformedModel unless its length is exactly what its header asks for.
    function parse(bytes memory model) internal pure returns (Layer[] memory layers) {
        require(model.length >= 2, IModelErrors.MalformedModel(0));
        uint256 count = uint8(model[1]);
        require(count > 0 && count <= MAX_LAYERS, IModelErrors.MalformedModel(1));
        uint256 header = 4 + 3 * count;
        require(model.length >= header, IModelErrors.MalformedModel(2));
        layers = new Layer[](count);
        uint256 offset = header;
        uint256 inputs = _width(model, 2);
        unchecked {
            // Inside the header; widths of two bytes cannot overflow anything.
            for (uint256 i = 0; i < count; ++i) {
                uint256 outputs = _width(model, 4 + 2 * i);
                uint256 shift = _word(model, 4 + 2 * count + i) >> 248;
                require(shift <= MAX_SHIFT, IModelErrors.MalformedModel(4 + 2 * count + i));
                Layer memory layer = layers[i];
                (layer.inputs, layer.outputs, layer.shift) = (inputs, outputs, shift);
                uint256 start;
                assembly ("memory-safe") {
                    start := add(add(model, 32), offset)
                }
                layer.rows = start;
                offset += outputs * (inputs + 4);
                inputs = outputs;
            }
        }
        require(model.length == offset, IModelErrors.MalformedModel(offset));
    }

    /// The widest layer, inputs included.
    function widest(Layer[] memory layers) internal pure returns (uint256 width) {
        width = layers[0].inputs;
        for (uint256 i = 0; i < layers.length; ++i) {
            if (layers[i].outputs > width) width = layers[i].outputs;
        }
    }

    function _width(bytes memory model, uint256 offset) private pure returns (uint256 width) {
        width = _word(model, offset) >> 240;
        require(width > 0 && width <= MAX_WIDTH, IModelErrors.MalformedModel(offset));
    }

    function _word(bytes memory model, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(model, 32), offset))
        }
    }
}
