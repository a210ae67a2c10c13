// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Merkle} from "../kernel/Merkle.sol";
import {Cids} from "./Cids.sol";
import {Batch, BatchView, CidKind, IModelRegistry} from "./IModelRegistry.sol";
import {Projects} from "./Projects.sol";

/// @title Batches
/// @notice Many records, anchored by one Merkle root.
/// @dev A part of `ModelRegistry`; its header says who is trusted with what.
abstract contract Batches is Projects {
    using Cids for CidKind;

    struct BatchRecord {
        uint32 number;
        uint32 count;
        uint40 anchoredAt;
        bytes16 label;
        CidKind cidKind;
    }

    mapping(bytes32 projectId => mapping(bytes32 root => BatchRecord)) private _batches;
    mapping(bytes32 projectId => mapping(bytes32 root => bytes32)) private _batchCidDigests;

    /// @inheritdoc IModelRegistry
    function anchorBatch(bytes32 projectId, Batch calldata batch_) external {
        // Check
        Project storage project_ = _asActivePublisher(projectId);
        require(batch_.count > 0, EmptyBatch());
        require(batch_.root != 0, ZeroDigest());
        batch_.cidKind.check(batch_.cidDigest);
        require(_batches[projectId][batch_.root].count == 0, BatchExists(projectId, batch_.root));

        // Effect
        uint32 number = ++project_.batches;
        _batches[projectId][batch_.root] = BatchRecord({
            number: number,
            count: batch_.count,
            anchoredAt: uint40(block.timestamp),
            label: batch_.label,
            cidKind: batch_.cidKind
        });
        if (batch_.cidKind != CidKind.None) _batchCidDigests[projectId][batch_.root] = batch_.cidDigest;
        emit BatchAnchored(
            projectId,
            batch_.root,
            batch_.label,
            msg.sender,
            number,
            batch_.count,
            batch_.cidKind,
            batch_.cidDigest
        );
    }

    /// @inheritdoc IModelRegistry
    function verifyInclusion(
        bytes32 projectId,
        bytes32 record,
        uint256 position,
        uint256 count,
        bytes32[] calldata proof
    ) external view returns (bool included, bytes32 root) {
        bytes32 leaf = keccak256(abi.encode(keccak256(abi.encode(record))));
        root = Merkle.climb(leaf, proof, position, count);
        included = count > 0 && _batches[projectId][root].count == count;
    }

    /// @inheritdoc IModelRegistry
    function batch(bytes32 projectId, bytes32 root) external view returns (BatchView memory) {
        BatchRecord storage found = _batches[projectId][root];
        return BatchView({
            number: found.number,
            count: found.count,
            anchoredAt: found.anchoredAt,
            label: found.label,
            cid: found.cidKind.encode(_batchCidDigests[projectId][root])
        });
    }
}
