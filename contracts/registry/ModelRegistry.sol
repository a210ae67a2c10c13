// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {CodeChunks} from "../kernel/CodeChunks.sol";
import {Approvals} from "./Approvals.sol";
import {Batches} from "./Batches.sol";
import {Cids} from "./Cids.sol";
import {Approval, CidKind, IModelRegistry, Publication, Status, VersionKey, VersionView} from "./IModelRegistry.sol";

/// @title ModelRegistry
/// @notice Which model is which, who says so, and whether to use it.
///
/// # What it keeps
///
/// A _version_ is a model's SHA-256 within a project, with the digest of its manifest, its CID, its parents, and a
/// status. A _batch_ is the Merkle root of many records, such as predictions. Nothing here holds money.
///
/// # Roles, and what they are trusted with
///
/// - There is no administrator: nobody can change, upgrade or pause the registry as a whole.
/// - A project's _owner_ chooses its publishers, participants and threshold, may do what publishers may, pauses, and
///   alone revokes. Whoever relies on M-of-N approval trusts the owner to choose the set; each change is an event.
/// - _Publishers_ publish, anchor, name, demote, and promote; what raises trust (publishing, promoting) takes M
///   signatures beside, what lowers it takes none. A stolen publisher key can deprecate everything (M participants
///   can promote it again) but revoke nothing, and cannot publish past the threshold.
/// - _Participants_ approve by EIP-712 signature, as keys or as EIP-1271 wallets, and need no ether. Their signatures
///   bind chain, registry, project, artifact, manifest, CID, parents and whether it is deployable. A signature has no
///   expiry: it counts once, if its signer is a participant at that moment. Whoever regrets one can `resign`.
///
/// # What it does not prove
///
/// That a manifest tells the truth, that anyone serves the CID, or that a CID which is not `Raw` with the artifact's
/// own hash belongs to the artifact (it may name an encrypted or a folded form): readers re-hash what they fetch.
/// On-chain artifacts, in contrast, were hashed by this contract.
///
/// # Nobody is in anybody's way
///
/// Project ids bind their creator, versions and batches bind their project, chunks bind their content; so no one can
/// squat, block or mix into what is another's. A parent must exist, whatever its status: refusing revoked parents would
/// teach publishers to leave them out, and let another project's owner block one's own. For the same reason a parent's
/// revocation does not spread here; readers walk the ancestry. Copying a pending `publish` from the mempool gains
/// nothing: only the project's publishers can send it. A publisher of one's own can spoil a hash within the project, by
/// publishing it with a wrong manifest, but not past the threshold; the owner revokes it and publishes elsewhere.
///
/// # Liveness
///
/// Without its owner a project goes on publishing with the members it has. Without M participants nothing can be
/// published or promoted until the owner changes the set; demoting and revoking go on. Owners move by offer and
/// acceptance, so that none is lost to a mistyped address. All loops are over the caller's own arguments or over lists
/// whose length is bounded (255 participants, 64 parents, 40 chunks).
///
/// # Cost
///
/// A version takes two slots, and more only where there is more to say: its CID's digest only where that is not the
/// artifact's hash, parents and chunks one each. Signatures are tried as a key's first, which needs no look at the
/// signer's account and also serves keys that have delegated to code (EIP-7702); then as a contract's.
///
/// OpenZeppelin is taken in its newest release that compiles without MCOPY, since contracts here are made for Shanghai.
contract ModelRegistry is Batches, Approvals {
    using Cids for CidKind;

    /// @dev The second slot, `status` to `chunks`, is written at once.
    struct Record {
        bytes32 manifestDigest;
        Status status;
        uint40 publishedAt;
        uint32 number;
        uint32 revision;
        uint8 approvals;
        uint8 parents;
        uint8 chunks;
        CidKind cidKind;
        bool cidIsHash; // the CID's digest is the artifact's hash, so it is not stored again
    }

    uint256 private constant _MAX_PARENTS = 64;
    uint256 private constant _MAX_CHUNKS = 40;
    uint256 private constant _MAX_REASON = 256;

    mapping(bytes32 versionId => Record) private _records;
    mapping(bytes32 versionId => bytes32) private _cidDigests;
    mapping(bytes32 versionId => mapping(uint256 index => bytes32 parent)) private _parents;
    mapping(bytes32 versionId => mapping(uint256 index => address chunk)) private _chunks;
    mapping(bytes32 versionId => string) private _reasons;

    // ------------------------------------------------------------------------------------------------- publishing

    /// @inheritdoc IModelRegistry
    function publish(
        Publication calldata publication,
        Approval[] calldata approvals
    ) external returns (bytes32 versionId) {
        versionId = _publish(publication, approvals);
    }

    /// @inheritdoc IModelRegistry
    function publishOnChain(
        Publication calldata publication,
        Approval[] calldata approvals,
        address[] calldata chunks
    ) external returns (bytes32 versionId) {
        versionId = _publish(publication, approvals);
        _attach(versionId, publication.artifactHash, chunks);
    }

    /// @inheritdoc IModelRegistry
    function attachArtifact(bytes32 projectId, bytes32 artifactHash, address[] calldata chunks) external {
        _asActivePublisher(projectId);
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        require(_existingRecord(versionId).chunks == 0, ArtifactExists(versionId));
        _attach(versionId, artifactHash, chunks);
    }

    /// @inheritdoc IModelRegistry
    function storeChunk(bytes calldata data) external returns (address chunk) {
        bool created;
        (chunk, created) = CodeChunks.store(data);
        if (created) emit ChunkStored(chunk, data.length);
    }

    function _publish(
        Publication calldata publication,
        Approval[] calldata approvals
    ) private returns (bytes32 versionId) {
        // Check
        Project storage project_ = _asActivePublisher(publication.projectId);
        require(publication.artifactHash != 0 && publication.manifestDigest != 0, ZeroDigest());
        publication.cidKind.check(publication.cidDigest);
        versionId = versionIdOf(publication.projectId, publication.artifactHash);
        Record storage record = _records[versionId];
        // slither-disable-next-line timestamp (the status only lies beside a timestamp, in one slot)
        require(record.status == Status.None, VersionExists(versionId));
        address[] memory signers = _checkApprovals(
            publication.projectId, project_.threshold, publicationDigest(publication), approvals
        );

        // Effect
        _storeParents(versionId, publication.parents);
        uint32 number = ++project_.versions;
        Status status = publication.deployable ? Status.Deployable : Status.Published;
        bool cidIsHash = publication.cidDigest == publication.artifactHash;
        if (!cidIsHash && publication.cidKind != CidKind.None) _cidDigests[versionId] = publication.cidDigest;
        _records[versionId] = Record({
            manifestDigest: publication.manifestDigest,
            status: status,
            publishedAt: uint40(block.timestamp),
            number: number,
            revision: 0,
            approvals: uint8(signers.length), // at most 255: each is another participant
            parents: uint8(publication.parents.length),
            chunks: 0,
            cidKind: publication.cidKind,
            cidIsHash: cidIsHash
        });
        emit VersionPublished(
            publication.projectId,
            publication.artifactHash,
            versionId,
            msg.sender,
            number,
            status,
            publication.manifestDigest,
            publication.cidKind,
            publication.cidDigest,
            publication.parents,
            signers
        );
    }

    /// @dev No version is its own ancestor: parents exist before their children, whose record is not yet written here.
    function _storeParents(bytes32 versionId, bytes32[] calldata parents) private {
        require(parents.length <= _MAX_PARENTS, TooManyParents(parents.length));
        bytes32 previous = 0;
        for (uint256 i = 0; i < parents.length; ++i) {
            bytes32 parent = parents[i];
            require(parent > previous, ParentsNotAscending(parent));
            // slither-disable-next-line timestamp (the status only lies beside a timestamp, in one slot)
            require(statusOf(parent) != Status.None, UnknownParent(parent));
            _parents[versionId][i] = parent;
            previous = parent;
        }
    }

    function _attach(bytes32 versionId, bytes32 artifactHash, address[] calldata chunks) private {
        // Check
        require(chunks.length > 0 && chunks.length <= _MAX_CHUNKS, InvalidChunkCount(chunks.length));
        bytes32 found = CodeChunks.digest(chunks);
        require(found == artifactHash, ArtifactMismatch(artifactHash, found));

        // Effect
        _records[versionId].chunks = uint8(chunks.length);
        for (uint256 i = 0; i < chunks.length; ++i) {
            _chunks[versionId][i] = chunks[i];
        }
        emit ArtifactStored(versionId, chunks);
    }

    // ------------------------------------------------------------------------------------------------------ status

    /// @inheritdoc IModelRegistry
    function promote(
        bytes32 projectId,
        bytes32 artifactHash,
        Status status,
        Approval[] calldata approvals
    ) external {
        // Check
        uint8 threshold = _asActivePublisher(projectId).threshold;
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        Record storage record = _existingRecord(versionId);
        Status previous = record.status;
        require(previous >= Status.Deprecated && status > previous, InvalidTransition(previous, status));
        bytes32 digest = promotionDigest(projectId, artifactHash, status, record.revision);
        address[] memory signers = _checkApprovals(projectId, threshold, digest, approvals);

        // Effect
        record.status = status;
        ++record.revision;
        emit StatusChanged(projectId, artifactHash, versionId, previous, status, msg.sender, signers);
    }

    /// @inheritdoc IModelRegistry
    function demote(bytes32 projectId, bytes32 artifactHash, Status status) external {
        // Check
        _asPublisher(projectId);
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        Record storage record = _existingRecord(versionId);
        Status previous = record.status;
        require(status >= Status.Deprecated && status < previous, InvalidTransition(previous, status));

        // Effect
        record.status = status;
        ++record.revision;
        emit StatusChanged(projectId, artifactHash, versionId, previous, status, msg.sender, new address[](0));
    }

    /// @inheritdoc IModelRegistry
    function revoke(bytes32 projectId, bytes32 artifactHash, string calldata reason) external onlyOwner(projectId) {
        // Check
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        Record storage record = _existingRecord(versionId);
        require(record.status != Status.Revoked, InvalidTransition(Status.Revoked, Status.Revoked));
        uint256 length = bytes(reason).length;
        require(length > 0 && length <= _MAX_REASON, InvalidReason(length));

        // Effect
        record.status = Status.Revoked;
        ++record.revision;
        _reasons[versionId] = reason;
        emit VersionRevoked(projectId, artifactHash, versionId, reason);
    }

    /// @inheritdoc IModelRegistry
    function setAlias(bytes32 projectId, bytes32 name, bytes32 artifactHash) external {
        // Check
        _asActivePublisher(projectId);
        require(name != 0, EmptyAlias());
        if (artifactHash != 0) _existingRecord(versionIdOf(projectId, artifactHash));

        // Effect
        emit Aliased(projectId, name, artifactHash, msg.sender);
    }

    // ---------------------------------------------------------------------------------------------------- reading

    /// @inheritdoc IModelRegistry
    function version(bytes32 projectId, bytes32 artifactHash) external view returns (VersionView memory) {
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        return _view(versionId, artifactHash, _existingRecord(versionId));
    }

    /// @inheritdoc IModelRegistry
    function versions(VersionKey[] calldata keys) external view returns (VersionView[] memory found) {
        found = new VersionView[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes32 versionId = versionIdOf(keys[i].projectId, keys[i].artifactHash);
            found[i] = _view(versionId, keys[i].artifactHash, _records[versionId]);
        }
    }

    /// @inheritdoc IModelRegistry
    function artifact(bytes32 projectId, bytes32 artifactHash) external view returns (bytes memory) {
        bytes32 versionId = versionIdOf(projectId, artifactHash);
        return CodeChunks.join(_chunksOf(versionId, _existingRecord(versionId).chunks));
    }

    /// @inheritdoc IModelRegistry
    function statusOf(bytes32 versionId) public view returns (Status) {
        return _records[versionId].status;
    }

    /// @inheritdoc IModelRegistry
    function manifestDigestOf(bytes32 versionId) external view returns (bytes32) {
        return _records[versionId].manifestDigest;
    }

    /// @inheritdoc IModelRegistry
    function chunkAddress(bytes calldata data) external view returns (address) {
        return CodeChunks.locate(data);
    }

    /// @inheritdoc IModelRegistry
    function versionIdOf(bytes32 projectId, bytes32 artifactHash) public pure returns (bytes32) {
        return keccak256(abi.encode(projectId, artifactHash));
    }

    function _existingRecord(bytes32 versionId) private view returns (Record storage record) {
        record = _records[versionId];
        // slither-disable-next-line timestamp (the status only lies beside a timestamp, in one slot)
        require(record.status != Status.None, UnknownVersion(versionId));
    }

    function _view(
        bytes32 versionId,
        bytes32 artifactHash,
        Record memory record
    ) private view returns (VersionView memory) {
        return VersionView({
            versionId: versionId,
            status: record.status,
            number: record.number,
            publishedAt: record.publishedAt,
            revision: record.revision,
            approvals: record.approvals,
            manifestDigest: record.manifestDigest,
            manifestCid: CidKind.Raw.encode(record.manifestDigest),
            artifactCid: record.cidKind.encode(record.cidIsHash ? artifactHash : _cidDigests[versionId]),
            parents: _parentsOf(versionId, record.parents),
            chunks: _chunksOf(versionId, record.chunks),
            reason: _reasons[versionId]
        });
    }

    function _parentsOf(bytes32 versionId, uint256 count) private view returns (bytes32[] memory parents) {
        parents = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            parents[i] = _parents[versionId][i];
        }
    }

    function _chunksOf(bytes32 versionId, uint256 count) private view returns (address[] memory chunks) {
        chunks = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            chunks[i] = _chunks[versionId][i];
        }
    }
}
