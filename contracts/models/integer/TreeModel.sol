// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelErrors} from "./IModelRunner.sol";

// Words at any place of the encoding; orchestrator/learning/integer is the reference.
// solhint-disable no-inline-assembly

/// Trees that lie in memory.
struct Trees {
    uint256 inputs;
    uint256 outputs;
    uint256 shift;
    uint256 trees;
    uint256 nodes;
    uint256 rows;
    uint256 biases; // memory address of each table
    uint256 roots;
    uint256 nodeTable;
    uint256 rowTable;
}

/// @title TreeModel
/// @notice Reads and runs ensembles of decision trees; the encoding is in IModelRunner.sol.
library TreeModel {
    uint256 internal constant KIND = 2;
    uint256 private constant HEADER = 12;
    uint256 private constant NODE = 5;
    uint256 private constant LEAF = 0xffff;
    uint256 private constant MAX_ADDITIONS = 16_384; // trees times outputs

    /// The tables of `model`. Reverts with MalformedModel unless every walk ends in a row.
    function parse(bytes memory model) internal pure returns (Trees memory trees) {
        require(model.length >= HEADER, IModelErrors.MalformedModel(0));
        uint256 place;
        assembly ("memory-safe") {
            place := add(model, 32)
        }
        trees.inputs = _word(place + 1);
        trees.outputs = _word(place + 3);
        trees.shift = uint8(model[5]);
        trees.trees = _word(place + 6);
        trees.nodes = _word(place + 8);
        trees.rows = _word(place + 10);
        require(trees.shift <= 31, IModelErrors.MalformedModel(5));
        trees.biases = place + HEADER;
        trees.roots = trees.biases + 4 * trees.outputs;
        trees.nodeTable = trees.roots + 2 * trees.trees;
        trees.rowTable = trees.nodeTable + NODE * trees.nodes;
        uint256 length = trees.rowTable + 2 * trees.rows * trees.outputs - place;
        require(
            trees.inputs > 0 && trees.inputs < LEAF && trees.outputs > 0 && model.length == length,
            IModelErrors.MalformedModel(length)
        );
    }

    /// Revert unless every walk stays inside its tree and ends, and one sample takes little enough gas for a
    /// refutation. A tree's nodes lie from its root to before the next one's. Behind a node there is always another
    /// one until a leaf ends the walk, because `other` lies behind its node and a tree's last node is a leaf; so all
    /// walks together visit no more nodes than there are.
    function check(Trees memory trees) internal pure {
        require(trees.trees > 0, IModelErrors.MalformedModel(6));
        require(trees.trees * trees.outputs <= MAX_ADDITIONS, IModelErrors.MalformedModel(6));
        uint256 first = _word(trees.roots);
        require(first == 0, IModelErrors.MalformedModel(8));
        unchecked {
            // Words of 16 bits; addresses in memory.
            for (uint256 i = 1; i <= trees.trees; ++i) {
                uint256 end = i < trees.trees ? _word(trees.roots + 2 * i) : trees.nodes;
                require(first < end && end <= trees.nodes, IModelErrors.MalformedModel(i));
                uint256 wrong = _firstWrong(trees, first, end);
                require(wrong == end, IModelErrors.MalformedModel(wrong));
                first = end;
            }
        }
    }

    /// The outputs of checked trees for the sample at memory address `sample`.
    function run(Trees memory trees, uint256 sample) internal pure returns (int256[] memory outputs) {
        uint256 count = trees.outputs;
        outputs = new int256[](count);
        for (uint256 k = 0; k < count; ++k) outputs[k] = _int32(trees.biases + 4 * k);
        unchecked {
            // At most 65,535 trees of int16 and a bias of int32; addresses in memory.
            for (uint256 i = 0; i < trees.trees; ++i) {
                uint256 row = _walk(trees.nodeTable, _word(trees.roots + 2 * i), sample);
                uint256 place = trees.rowTable + 2 * row * count;
                assembly ("memory-safe") {
                    let target := add(outputs, 32)
                    for { let end := add(place, shl(1, count)) } lt(place, end) { place := add(place, 2) } {
                        mstore(target, add(mload(target), sar(240, mload(place))))
                        target := add(target, 32)
                    }
                }
            }
        }
    }

    /// The first node from `node` to before `end` that is neither a leaf nor an inner node of the tree that ends there.
    function _firstWrong(Trees memory trees, uint256 node, uint256 end) private pure returns (uint256 wrong) {
        uint256 place = trees.nodeTable + NODE * node;
        uint256 inputs = trees.inputs;
        uint256 rows = trees.rows;
        assembly ("memory-safe") {
            for { wrong := node } lt(wrong, end) { place := add(place, NODE) } {
                let w := mload(place)
                let input := shr(240, w)
                let target := and(shr(216, w), 0xffff)
                let next := add(wrong, 1)
                let sound := and(lt(input, inputs), and(gt(target, wrong), lt(target, end)))
                if eq(input, LEAF) { sound := lt(target, rows) }
                if iszero(and(sound, or(eq(input, LEAF), lt(next, end)))) { break }
                wrong := next
            }
        }
    }

    /// The row at the end of the walk that starts at node `node`.
    function _walk(uint256 nodeTable, uint256 node, uint256 sample) private pure returns (uint256 row) {
        assembly ("memory-safe") {
            for { } 1 { } {
                let w := mload(add(nodeTable, mul(node, 5)))
                let input := shr(240, w)
                let target := and(shr(216, w), 0xffff)
                if eq(input, 0xffff) {
                    row := target
                    break
                }
                node := add(node, 1)
                if gt(byte(0, mload(add(sample, input))), byte(2, w)) { node := target }
            }
        }
    }

    function _word(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := shr(240, mload(place))
        }
    }

    function _int32(uint256 place) private pure returns (int256 value) {
        assembly ("memory-safe") {
            value := sar(224, mload(place))
        }
    }
}
