// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Group} from "../../../contracts/competition/ICompetition.sol";

/// @notice Four groups of two samples of points, labelled by which coordinate is larger; their tree, and models for
/// them. Written apart from the contracts that are held to it.
abstract contract Exam {
    uint256 internal constant GROUPS = 4;
    uint256 internal constant TEST_GROUPS = 2;
    uint256 internal constant GROUP_SIZE = 2;
    uint256 internal constant MODELS = 4;
    bytes32 private constant SAMPLE = keccak256("DILN competition sample");
    bytes32 private constant GROUP = keccak256("DILN competition group");

    function _features(uint256 group, uint256 position) internal pure returns (uint8 x, uint8 y) {
        bytes32 random = keccak256(abi.encode("point", group, position));
        return (uint8(random[0]), uint8(random[1]));
    }

    function _sampleOf(uint256 group, uint256 position) internal pure returns (bytes memory) {
        (uint8 x, uint8 y) = _features(group, position);
        return abi.encodePacked(x, y, uint8(y > x ? 1 : 0));
    }

    function _salt(uint256 group) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", group));
    }

    /// @notice A group as it is opened, or with the first label turned over.
    function _opened(uint256 group, bool turned) internal pure returns (Group memory opened) {
        opened.salt = _salt(group);
        opened.data = bytes.concat(_sampleOf(group, 0), _sampleOf(group, 1));
        if (turned) opened.data[2] ^= 0x01;
        opened.proof = _groupProof(group);
    }

    function _groupProof(uint256 group) internal pure returns (bytes32[] memory proof) {
        proof = new bytes32[](2);
        proof[0] = _groupLeaf(group ^ 1);
        uint256 other = group < 2 ? 2 : 0;
        proof[1] = _pair(_groupLeaf(other), _groupLeaf(other + 1));
    }

    function _rootOfAll() internal pure returns (bytes32) {
        return _pair(_pair(_groupLeaf(0), _groupLeaf(1)), _pair(_groupLeaf(2), _groupLeaf(3)));
    }

    function _sampleLeaf(uint256 group, uint256 position) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(SAMPLE, _salt(group), uint16(group), uint16(position), _sampleOf(group, position))
        );
    }

    function _groupLeaf(uint256 group) private pure returns (bytes32) {
        bytes32 top = _pair(_sampleLeaf(group, 0), _sampleLeaf(group, 1));
        return keccak256(abi.encode(GROUP, group, GROUP_SIZE, 2, 2, top));
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }

    /// @notice A perfect model, one almost as good, its contrary, one that always says 1; and bytes that are no model.
    function _modelOf(uint256 kind) internal pure returns (bytes memory) {
        if (kind == MODELS) return hex"02";
        bytes[4] memory bodies = [bytes(hex"000000001ce4"), hex"000000001cda", hex"00000000e41c", hex"000000018080"];
        return bytes.concat(hex"01010002000100", bodies[kind]);
    }

    /// @notice What that model says of a sample.
    function _says(uint256 kind, uint256 group, uint256 position) internal pure returns (uint8) {
        (uint8 x, uint8 y) = _features(group, position);
        int256 a = int256(uint256(x));
        int256 b = int256(uint256(y));
        if (kind == 0) return 100 * b > 100 * a ? 1 : 0;
        if (kind == 1) return 90 * b > 100 * a ? 1 : 0;
        if (kind == 2) return a > b ? 1 : 0;
        return 1;
    }
}
