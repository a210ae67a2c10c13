// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Approval, IModelRegistry, Publication, Status} from "./IModelRegistry.sol";
import {Projects} from "./Projects.sol";

/// @title Approvals
/// @notice What participants sign, and whether they have.
/// @dev A part of `ModelRegistry`; its header says who is trusted with what.
abstract contract Approvals is Projects, EIP712 {
    bytes32 private constant PUBLICATION_TYPE = keccak256(
        "Publication(bytes32 projectId,bytes32 artifactHash,bytes32 manifestDigest,uint8 cidKind,bytes32 cidDigest,"
        "bytes32[] parents,bool deployable)"
    );
    bytes32 private constant PROMOTION_TYPE =
        keccak256("Promotion(bytes32 projectId,bytes32 artifactHash,uint8 status,uint32 revision)");

    constructor() EIP712("DILN ModelRegistry", "1") {}

    /// @inheritdoc IModelRegistry
    function publicationDigest(Publication calldata publication) public view returns (bytes32) {
        bytes32 content = keccak256(
            abi.encode(
                PUBLICATION_TYPE,
                publication.projectId,
                publication.artifactHash,
                publication.manifestDigest,
                publication.cidKind,
                publication.cidDigest,
                keccak256(abi.encodePacked(publication.parents)),
                publication.deployable
            )
        );
        return _hashTypedDataV4(content);
    }

    /// @inheritdoc IModelRegistry
    function promotionDigest(
        bytes32 projectId,
        bytes32 artifactHash,
        Status status,
        uint32 revision
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(PROMOTION_TYPE, projectId, artifactHash, status, revision)));
    }

    /// @dev Refuses unless every approval is another participant's valid signature of `digest`, and there are enough.
    function _checkApprovals(
        bytes32 projectId,
        uint8 threshold,
        bytes32 digest,
        Approval[] calldata approvals
    ) internal view returns (address[] memory signers) {
        require(approvals.length >= threshold, TooFewApprovals(approvals.length, threshold));
        signers = new address[](approvals.length);
        address previous = address(0);
        for (uint256 i = 0; i < approvals.length; ++i) {
            address signer = approvals[i].signer;
            require(signer > previous, SignersNotAscending(signer));
            require(isParticipant(projectId, signer), NotParticipant(projectId, signer));
            require(_hasSigned(signer, digest, approvals[i].signature), InvalidSignature(signer));
            signers[i] = signer;
            previous = signer;
        }
    }

    /// @dev As a key or, failing that, as a contract. A key that has delegated to code (EIP-7702) still signs as a key.
    function _hasSigned(address signer, bytes32 digest, bytes memory signature) private view returns (bool) {
        // slither-disable-next-line unused-return (the third value only details the failure)
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }
}
