// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice How far a version is trusted, in ascending order; `None` means that there is no such version.
/// `Published` and `Deployable` versions are in use; `Deprecated` ones are superseded, yet not wrong; `Revoked` ones
/// must not be used, for good.
enum Status {
    None,
    Revoked,
    Deprecated,
    Published,
    Deployable
}

/// @notice What an IPFS content identifier says beside its SHA-256 digest. `None`: not on IPFS.
enum CidKind {
    None,
    Raw, // CIDv1, codec raw: a file in one block; its digest is the file's SHA-256
    DagPb, // CIDv1, codec dag-pb: a file in several blocks, or a folder
    DagPbV0 // CIDv0 ("Qm..."), the same in the older notation
}

/// @notice What is published, and what participants sign (EIP-712, with exactly these members in this order).
/// @param projectId the project that the version belongs to
/// @param artifactHash SHA-256 of the model's bytes
/// @param manifestDigest SHA-256 of the manifest's canonical bytes; its CID is CIDv1(raw, manifestDigest)
/// @param cidKind how the artifact is addressed on IPFS
/// @param cidDigest the digest in that CID; zero if, and only if, `cidKind` is `None`
/// @param parents ids of the versions that this one was made from, strictly ascending
/// @param deployable whether it has passed its gate, so that it is published as `Deployable`
struct Publication {
    bytes32 projectId;
    bytes32 artifactHash;
    bytes32 manifestDigest;
    CidKind cidKind;
    bytes32 cidDigest;
    bytes32[] parents;
    bool deployable;
}

/// @notice One participant's signature: 65 bytes (r, s, v) of a key, or whatever an EIP-1271 wallet accepts.
struct Approval {
    address signer;
    bytes signature;
}

/// @notice A Merkle tree of records to be anchored by its root.
/// @param root the root; leaves are keccak256(keccak256(record)) in the records' order, see
/// contracts/kernel/Merkle.sol
/// @param count how many records there are
/// @param label what they are, in ASCII, for example "predictions"
/// @param cidKind how the list of records is addressed on IPFS
/// @param cidDigest the digest in that CID; zero if, and only if, `cidKind` is `None`
struct Batch {
    bytes32 root;
    uint32 count;
    bytes16 label;
    CidKind cidKind;
    bytes32 cidDigest;
}

/// @notice A project as `project` returns it.
struct ProjectView {
    string name;
    address owner;
    address pendingOwner;
    bool paused;
    uint8 threshold; // how many participants must sign: M
    uint8 participants; // how many there are: N
    uint32 versions; // how many were published
    uint32 batches; // how many were anchored
}

/// @notice Which version is meant: of which project, with which bytes.
struct VersionKey {
    bytes32 projectId;
    bytes32 artifactHash; // SHA-256
}

/// @notice A version as `version` returns it.
struct VersionView {
    bytes32 versionId;
    Status status;
    uint32 number; // 1 for the project's first version
    uint40 publishedAt; // seconds since 1970
    uint32 revision; // how often the status changed since
    uint8 approvals; // how many participants signed the publication
    bytes32 manifestDigest;
    bytes manifestCid; // binary CID (without a multibase prefix)
    bytes artifactCid; // the same of the artifact; empty if it is not on IPFS
    bytes32[] parents; // version ids
    address[] chunks; // contracts whose code holds the artifact; empty if it is not on-chain
    string reason; // why it was revoked
}

/// @notice A batch as `batch` returns it; all zero if there is none.
struct BatchView {
    uint32 number; // 1 for the project's first batch
    uint32 count;
    uint40 anchoredAt; // seconds since 1970
    bytes16 label;
    bytes cid; // binary CID of the list of records; empty if it is not on IPFS
}

/// @title IModelRegistry
/// @notice Who published which model, described how, approved by whom, and whether to use it. The implementation's
/// header says who is trusted with what.
interface IModelRegistry {
    // ---------------------------------------------------------------------------------------------------- events
    // The whole state can be rebuilt from these events and the timestamps of their blocks.

    /// @notice A project was created, with `creator` as its owner, no members and threshold 0; events that follow in
    /// the same transaction say who its members are.
    event ProjectCreated(bytes32 indexed projectId, address indexed creator, string name);
    /// @notice The owner has offered the project to `pendingOwner`; zero: the offer was taken back.
    event OwnershipTransferStarted(bytes32 indexed projectId, address indexed owner, address indexed pendingOwner);
    /// @notice `newOwner` has accepted the project.
    event OwnershipTransferred(bytes32 indexed projectId, address indexed previousOwner, address indexed newOwner);
    /// @notice `publisher` may publish.
    event PublisherAdded(bytes32 indexed projectId, address indexed publisher);
    /// @notice `publisher` may not publish any more.
    event PublisherRemoved(bytes32 indexed projectId, address indexed publisher);
    /// @notice The approvals of `participant` count.
    event ParticipantAdded(bytes32 indexed projectId, address indexed participant);
    /// @notice The approvals of `participant` do not count any more.
    event ParticipantRemoved(bytes32 indexed projectId, address indexed participant);
    /// @notice So many participants must approve from now on.
    event ThresholdChanged(bytes32 indexed projectId, uint8 previousThreshold, uint8 newThreshold);
    /// @notice Publishing, promoting and anchoring have stopped.
    event Paused(bytes32 indexed projectId, address indexed owner);
    /// @notice They go on.
    event Unpaused(bytes32 indexed projectId, address indexed owner);

    /// @notice A version was published; `signers` are the participants who approved it.
    event VersionPublished(
        bytes32 indexed projectId,
        bytes32 indexed artifactHash,
        bytes32 indexed versionId,
        address publisher,
        uint32 number,
        Status status,
        bytes32 manifestDigest,
        CidKind cidKind,
        bytes32 cidDigest,
        bytes32[] parents,
        address[] signers
    );
    /// @notice The artifact of a version is on-chain from now on: the code of `chunks`, joined.
    event ArtifactStored(bytes32 indexed versionId, address[] chunks);
    /// @notice The status changed, other than to `Revoked`; `signers` approved a promotion, demotions need none.
    event StatusChanged(
        bytes32 indexed projectId,
        bytes32 indexed artifactHash,
        bytes32 indexed versionId,
        Status previousStatus,
        Status newStatus,
        address by,
        address[] signers
    );
    /// @notice The version must not be used, for good; `reason` is for people.
    event VersionRevoked(
        bytes32 indexed projectId,
        bytes32 indexed artifactHash,
        bytes32 indexed versionId,
        string reason
    );
    /// @notice `name` means this version from now on; a zero `artifactHash` means that it names none any more.
    event Aliased(bytes32 indexed projectId, bytes32 indexed name, bytes32 indexed artifactHash, address by);
    /// @notice So many records were anchored by the root of their Merkle tree.
    event BatchAnchored(
        bytes32 indexed projectId,
        bytes32 indexed root,
        bytes16 indexed label,
        address publisher,
        uint32 number,
        uint32 count,
        CidKind cidKind,
        bytes32 cidDigest
    );
    /// @notice A piece of an artifact was stored as the code of `chunk`; it belongs to nobody and to every version
    /// that names it.
    event ChunkStored(address indexed chunk, uint256 size);

    // ---------------------------------------------------------------------------------------------------- errors
    // Two more come from CodeChunks: InvalidChunkSize(uint256 size) and NotAChunk(address chunk).

    /// @notice A project's name must be 1 to 64 bytes long.
    error InvalidName(uint256 length);
    error ProjectExists(bytes32 projectId);
    error UnknownProject(bytes32 projectId);
    error ProjectPaused(bytes32 projectId);
    error ProjectNotPaused(bytes32 projectId);
    error NotOwner(bytes32 projectId, address caller);
    error NotPendingOwner(bytes32 projectId, address caller);
    /// @notice Neither the owner nor one of the publishers.
    error NotPublisher(bytes32 projectId, address caller);
    /// @notice The account has this role already, or is the zero address.
    error InvalidMember(bytes32 projectId, address account);
    /// @notice The account has no such role.
    error NotMember(bytes32 projectId, address account);
    /// @notice More signatures are demanded than there are participants.
    error ThresholdTooHigh(uint256 threshold, uint256 participants);
    error TooManyParticipants(uint256 participants);
    error ZeroDigest();
    /// @notice A CID without a digest, or a digest without a CID.
    error InvalidCid(CidKind cidKind, bytes32 cidDigest);
    error VersionExists(bytes32 versionId);
    error UnknownVersion(bytes32 versionId);
    /// @notice A parent that was never published.
    error UnknownParent(bytes32 parent);
    /// @notice Parents must be strictly ascending, so that none counts twice.
    error ParentsNotAscending(bytes32 parent);
    error TooManyParents(uint256 parents);
    error TooFewApprovals(uint256 approvals, uint256 threshold);
    /// @notice Approvals must be ordered by strictly ascending signer, so that none counts twice.
    error SignersNotAscending(address signer);
    /// @notice A stranger's approval: `signer` is no participant of the project (any more).
    error NotParticipant(bytes32 projectId, address signer);
    /// @notice Not this signer's signature of this content on this chain for this contract.
    error InvalidSignature(address signer);
    error InvalidTransition(Status from, Status to);
    /// @notice A reason must be 1 to 256 bytes long.
    error InvalidReason(uint256 length);
    error EmptyAlias();
    error EmptyBatch();
    error BatchExists(bytes32 projectId, bytes32 root);
    /// @notice An on-chain artifact consists of 1 to 40 chunks.
    error InvalidChunkCount(uint256 chunks);
    /// @notice The version's artifact is on-chain already.
    error ArtifactExists(bytes32 versionId);
    /// @notice The chunks, joined, are not the artifact.
    error ArtifactMismatch(bytes32 artifactHash, bytes32 found);

    // -------------------------------------------------------------------------------------------------- projects

    /// @notice Create a project whose owner is the caller.
    /// @dev The id binds chain, registry, creator and name, so nobody can take another's id and a creator can predict
    /// it. All of this can be changed later by the owner, except name and id.
    /// @param name 1 to 64 bytes; one creator's names are unique
    /// @param publishers who may publish beside the owner (who always may)
    /// @param participants who may approve by signature, at most 255
    /// @param threshold how many of them must approve what is published or promoted; 0 for none
    /// @return projectId see `projectIdOf`
    function createProject(
        string calldata name,
        address[] calldata publishers,
        address[] calldata participants,
        uint8 threshold
    ) external returns (bytes32 projectId);

    /// @notice Owner only: change who may publish. Whom it removes is removed first.
    function setPublishers(bytes32 projectId, address[] calldata added, address[] calldata removed) external;

    /// @notice Owner only: change who may approve, and how many must, in one step (also while paused).
    /// @dev An approval counts if its signer is a participant when it is used: those of participants who stay remain
    /// valid, those of removed participants do not count, and the threshold is the one of that moment. The owner must
    /// name a threshold that the new set can reach.
    function setParticipants(
        bytes32 projectId,
        address[] calldata added,
        address[] calldata removed,
        uint8 threshold
    ) external;

    /// @notice Give up every role in the project (not ownership), for example because a key has leaked.
    /// @dev Makes all approvals void that the caller has signed and nobody has used. The threshold stays: if too few
    /// participants are left, nothing can be approved until the owner changes it.
    function resign(bytes32 projectId) external;

    /// @notice Owner only: offer the project to `newOwner` (zero takes an offer back), who must accept it.
    function transferOwnership(bytes32 projectId, address newOwner) external;

    /// @notice Accept the project that its owner has offered to the caller.
    function acceptOwnership(bytes32 projectId) external;

    /// @notice Owner only: stop publishing, promoting and anchoring. Reading, demoting, revoking, resigning and changes
    /// of members and owner go on.
    function pause(bytes32 projectId) external;

    /// @notice Owner only: undo `pause`.
    function unpause(bytes32 projectId) external;

    // -------------------------------------------------------------------------------------------------- versions

    /// @notice Publish a version. For publishers and the owner, with the approvals of at least `threshold`
    /// participants (`publicationDigest` is what they sign).
    /// @param approvals ordered by strictly ascending signer; every one must be valid
    /// @return versionId see `versionIdOf`
    function publish(Publication calldata publication, Approval[] calldata approvals)
        external
        returns (bytes32 versionId);

    /// @notice Publish a version whose artifact is on-chain. The contract joins the chunks and compares their SHA-256
    /// with the artifact hash, so readers need not.
    /// @param chunks what `storeChunk` returned for the pieces of the artifact, in order
    /// @return versionId see `versionIdOf`
    function publishOnChain(
        Publication calldata publication,
        Approval[] calldata approvals,
        address[] calldata chunks
    ) external returns (bytes32 versionId);

    /// @notice Bring the artifact of a published version on-chain, checked as by `publishOnChain`, once. For publishers
    /// and the owner.
    function attachArtifact(bytes32 projectId, bytes32 artifactHash, address[] calldata chunks) external;

    /// @notice Store a piece of an artifact as contract code. For anybody: the address follows from the bytes alone
    /// (see `chunkAddress`), so nobody can disturb another's upload, and storing the same piece again does nothing.
    /// @param data 1 to 24,575 bytes
    function storeChunk(bytes calldata data) external returns (address chunk);

    /// @notice Trust a version more: `Published` or `Deprecated` to something higher, `Deployable` at most. For
    /// publishers and the owner, with approvals as for `publish` (`promotionDigest` is what participants sign).
    function promote(bytes32 projectId, bytes32 artifactHash, Status status, Approval[] calldata approvals) external;

    /// @notice Trust a version less: `Deployable` or `Published` to something lower, `Deprecated` at least. For
    /// publishers and the owner, alone; also while paused.
    function demote(bytes32 projectId, bytes32 artifactHash, Status status) external;

    /// @notice Owner only: declare that a version must not be used, for good; also while paused.
    /// @param reason 1 to 256 bytes, for people
    function revoke(bytes32 projectId, bytes32 artifactHash, string calldata reason) external;

    /// @notice Give a version a name within its project, such as `champion`; the last one counts. For publishers and
    /// the owner, alone: a name raises no trust, the version keeps its status.
    /// @dev Nothing is stored: readers take the last event of the name.
    /// @param name up to 32 bytes of text, padded with zeros; not empty
    /// @param artifactHash the version's, of any status; zero takes the name away
    function setAlias(bytes32 projectId, bytes32 name, bytes32 artifactHash) external;

    /// @notice Anchor many records by the root of their Merkle tree. For publishers and the owner.
    /// @dev That the root belongs to `count` records is the publisher's word; inclusion proofs are checked.
    function anchorBatch(bytes32 projectId, Batch calldata batch_) external;

    // --------------------------------------------------------------------------------------------------- reading

    /// @notice keccak256(abi.encode(chain id, this contract, creator, name)).
    function projectIdOf(address creator, string calldata name) external view returns (bytes32);

    /// @notice keccak256(abi.encode(projectId, artifactHash)).
    function versionIdOf(bytes32 projectId, bytes32 artifactHash) external pure returns (bytes32);

    /// @notice Reverts with `UnknownProject`.
    function project(bytes32 projectId) external view returns (ProjectView memory);

    /// @notice The same of several at once, in their order; those that there are not are all zero.
    function projects(bytes32[] calldata projectIds) external view returns (ProjectView[] memory);

    /// @notice Whether the account may publish; true also for the owner.
    function isPublisher(bytes32 projectId, address account) external view returns (bool);

    /// @notice Whether the account's approvals count.
    function isParticipant(bytes32 projectId, address account) external view returns (bool);

    /// @notice The same of several at once, in their order.
    function areParticipants(bytes32 projectId, address[] calldata accounts) external view returns (bool[] memory);

    /// @notice All about a version. Reverts with `UnknownVersion`.
    function version(bytes32 projectId, bytes32 artifactHash) external view returns (VersionView memory);

    /// @notice The same of several at once, in their order; those that there are not have the status `None`.
    function versions(VersionKey[] calldata keys) external view returns (VersionView[] memory);

    /// @notice The status of a version by its id, for example of a parent in another project; `None` if unknown.
    function statusOf(bytes32 versionId) external view returns (Status);

    /// @notice The manifest digest of a version by its id (the manifest names its project and artifact); zero if
    /// unknown.
    function manifestDigestOf(bytes32 versionId) external view returns (bytes32);

    /// @notice The bytes of an artifact that is on-chain; empty if it is not. Reverts with `UnknownVersion`.
    function artifact(bytes32 projectId, bytes32 artifactHash) external view returns (bytes memory);

    /// @notice Where `storeChunk` puts these bytes; whether they are there is seen from that account's code.
    function chunkAddress(bytes calldata data) external view returns (address);

    /// @notice All about a batch; all zero if there is none.
    function batch(bytes32 projectId, bytes32 root) external view returns (BatchView memory);

    /// @notice Whether `record` is in one of the project's anchored batches, and in which.
    /// @dev Takes the record, not its leaf, and hashes it twice itself: nobody can pass an inner node for a record. One
    /// batch has one record at a position, since both and the batch's count decide which way the proof goes.
    /// @param record the 32-byte digest of the record
    /// @param position of the record in the batch, from 0
    /// @param count of records in the batch, as it was anchored
    /// @param proof the siblings from the leaf upwards (contracts/kernel/Merkle.sol)
    /// @return included whether the proof ends in the root of an anchored batch of so many
    /// @return root that root, or what the proof ends in; zero if it is too long or too short
    function verifyInclusion(
        bytes32 projectId,
        bytes32 record,
        uint256 position,
        uint256 count,
        bytes32[] calldata proof
    ) external view returns (bool included, bytes32 root);

    /// @notice What participants sign for `publish`: the EIP-712 digest, in the domain {name "DILN ModelRegistry",
    /// version "1", chainId, verifyingContract}, of
    /// `Publication(bytes32 projectId,bytes32 artifactHash,bytes32 manifestDigest,uint8 cidKind,bytes32 cidDigest,`
    /// `bytes32[] parents,bool deployable)` (one line, without a blank between `cidDigest,` and `bytes32[]`).
    function publicationDigest(Publication calldata publication) external view returns (bytes32);

    /// @notice What participants sign for `promote`: the EIP-712 digest, in the same domain, of
    /// `Promotion(bytes32 projectId,bytes32 artifactHash,uint8 status,uint32 revision)`, where `revision` is the
    /// version's present one, so that no promotion can be used twice.
    function promotionDigest(bytes32 projectId, bytes32 artifactHash, Status status, uint32 revision)
        external
        view
        returns (bytes32);
}
