// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Merkle} from "../kernel/Merkle.sol";
import {Score} from "../models/integer/Score.sol";
import {Group, ICompetition, Metric, Refutation, Terms} from "./ICompetition.sol";
import {TermsCodec} from "./TermsCodec.sol";

// One preimage for all leaves; the tests hold it against Python.
// solhint-disable no-inline-assembly

/**
 * @title DataTree
 * @notice The data commitment and the tree of predictions.
 *
 * Both are ordered trees (see Merkle): no root has room for two versions of one leaf. Leaves start with a tag of
 * their own and are longer than the 64 bytes of an inner node, so nothing can pass for something else.
 */
library DataTree {
    bytes32 internal constant SAMPLE = keccak256("DILN competition sample");
    bytes32 internal constant GROUP = keccak256("DILN competition group");
    bytes32 internal constant PREDICTIONS = keccak256("DILN competition predictions");

    /// Revert unless `opened` is the group `number` of the data, of the right length and with labels in range.
    /// Returns how many labels of each class it has, for macro-F1.
    function verify(Terms memory t, uint256 number, Group calldata opened) internal pure returns (uint256 labels) {
        uint256 stride = TermsCodec.stride(t);
        uint256 length = t.groupSize * stride;
        require(opened.data.length == length, ICompetition.WrongGroupLength(opened.data.length, length));
        bytes32 top = samplesRoot(opened.salt, number, opened.data, stride);
        bytes32 leaf = groupLeaf(t, number, top);
        require(Merkle.climb(leaf, opened.proof, number, t.groups) == t.root, ICompetition.WrongProof(number));
        return t.classes == 0 ? 0 : _countLabels(t, number, opened.data, stride);
    }

    /// Revert unless the evidence's sample is sample `position` of test group `number`.
    function verifySample(Terms memory t, uint256 number, uint256 position, Refutation calldata evidence)
        internal
        pure
    {
        uint256 stride = TermsCodec.stride(t);
        require(
            evidence.sample.length == stride, ICompetition.WrongGroupLength(evidence.sample.length, stride)
        );
        bytes32 leaf =
            keccak256(abi.encodePacked(SAMPLE, evidence.salt, uint16(number), uint16(position), evidence.sample));
        bytes32 top = Merkle.climb(leaf, evidence.sampleProof, position, t.groupSize);
        bytes32 root = Merkle.climb(groupLeaf(t, number, top), evidence.groupProof, number, t.groups);
        require(root == t.root, ICompetition.WrongProof(number));
    }

    function groupLeaf(Terms memory t, uint256 number, bytes32 top) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP, number, t.groupSize, t.features, t.classes, top));
    }

    /// The leaf of the `position`-th word of predictions.
    function wordLeaf(uint256 position, bytes32 word) internal pure returns (bytes32) {
        return keccak256(abi.encode(PREDICTIONS, position, word));
    }

    /// The root over leaf(sample) = keccak256(SAMPLE, salt, group (2), position (2), sample) of all samples.
    function samplesRoot(bytes32 salt, uint256 number, bytes calldata data, uint256 stride)
        internal
        pure
        returns (bytes32)
    {
        bytes32[] memory nodes = new bytes32[](data.length / stride);
        bytes memory preimage = abi.encodePacked(SAMPLE, salt, uint16(number), uint16(0), data[:stride]);
        assembly ("memory-safe") {
            let start := add(preimage, 32)
            let position := add(start, 67) // the low byte of the position
            let sample := data.offset
            let node := add(nodes, 32)
            for { let i := 0 } lt(i, mload(nodes)) { i := add(i, 1) } {
                mstore8(sub(position, 1), shr(8, i))
                mstore8(position, i)
                calldatacopy(add(start, 68), sample, stride)
                mstore(node, keccak256(start, add(68, stride)))
                sample := add(sample, stride)
                node := add(node, 32)
            }
        }
        return Merkle.rootOf(nodes);
    }

    function _countLabels(Terms memory t, uint256 number, bytes calldata data, uint256 stride)
        private
        pure
        returns (uint256 labels)
    {
        bool counting = t.metric == Metric.MacroF1;
        uint256 classes = t.classes;
        unchecked {
            // Positions of labels lie inside `data`; counters hold all samples (Score.fits).
            for (uint256 place = t.features; place < data.length; place += stride) {
                uint256 label = uint8(data[place]);
                require(label < classes, ICompetition.LabelOutOfRange(number, place / stride));
                if (counting) labels += Score.labelCount(classes, label);
            }
        }
    }
}
