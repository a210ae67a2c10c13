// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OrderedTree} from "../../../contracts/shared/OrderedTree.sol";

struct Walk {
    bytes32 node;
    bytes32[] proof;
    uint256 index;
    uint256 count;
}

/// @notice Ordered trees, one walk after another.
contract TreeProbe {
    function rootOf(bytes32[] memory nodes) external pure returns (bytes32) {
        return OrderedTree.rootOf(nodes);
    }

    function climbAll(Walk[] calldata walks) external pure returns (bytes32[] memory ends) {
        ends = new bytes32[](walks.length);
        for (uint256 i = 0; i < walks.length; ++i) {
            ends[i] = OrderedTree.climb(walks[i].node, walks[i].proof, walks[i].index, walks[i].count);
        }
    }
}
