// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    Approval,
    Batch,
    IModelRegistry,
    ProjectView,
    Publication,
    Status,
    VersionView
} from "../../../contracts/registry/IModelRegistry.sol";
import {Clock} from "../Ground.sol";

/// @notice A contract wallet (ERC-1271) that signs what was allowed, and calls the registry while it is asked.
contract SigningWallet {
    mapping(bytes32 => bool) private allowed;

    function allow(bytes32 digest) external {
        allowed[digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return allowed[digest] ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Accounts that own, publish and approve in one another's projects, and try what is not theirs. The rules
/// stand here once more: a call must succeed exactly where they allow it, and change nothing but what they say.
contract RegistryHandler is Clock {
    struct Mirror {
        bytes32 id;
        address owner;
        address pending;
        bool paused;
        uint8 threshold;
        uint8 participants;
        uint32 versions;
        uint32 batches;
    }

    struct Version {
        uint256 project;
        bytes32 artifact;
        bytes32 manifest;
        Status status;
        uint32 number;
        uint32 revision;
        uint8 approvals;
    }

    uint256 private constant PROJECTS = 3;
    uint256 private constant PARTIES = 5;
    uint256 private constant ARTIFACTS = 4; // different ones in each project

    IModelRegistry private registry;
    SigningWallet private wallet;
    address[] private actors; // ascending
    mapping(address => uint256) private keys; // zero: the wallet
    Mirror[] private projects;
    Version[] private versions;
    mapping(uint256 project => mapping(address => bool)) private publisher;
    mapping(uint256 project => mapping(address => bool)) private participant;
    mapping(bytes32 versionId => uint256) private places; // in `versions`, plus one
    mapping(bytes32 projectAndRoot => uint256) private anchored;

    constructor() {
        vm.warp(time);
        registry = IModelRegistry(_deploy("ModelRegistry", ""));
        wallet = new SigningWallet();
        actors.push(address(wallet));
        for (uint256 key = 1; key < PARTIES; ++key) {
            actors.push(vm.addr(key));
            keys[vm.addr(key)] = key;
        }
        for (uint256 i; i < PARTIES; ++i) {
            for (uint256 j = i; j > 0 && actors[j] < actors[j - 1]; --j) {
                (actors[j], actors[j - 1]) = (actors[j - 1], actors[j]);
            }
        }
        for (uint256 i; i < PROJECTS; ++i) {
            vm.prank(actors[i]);
            bytes32 id = registry.createProject("acme", new address[](0), new address[](0), 0);
            projects.push(Mirror(id, actors[i], address(0), false, 0, 0, 0, 0));
        }
    }

    modifier action(uint256 seed) {
        _enter(seed);
        _;
    }

    function _enter(uint256 seed) private {
        _tick(seed);
    }

    // ----------------------------------------------------------------------------------------------------- members

    function create(uint256 seed) external action(seed) {
        (, address who) = _pick(seed);
        bool taken;
        for (uint256 i; i < PROJECTS; ++i) {
            if (actors[i] == who) taken = true;
        }
        vm.assume(taken);
        address[] memory none = new address[](0);
        assert(!_try(who, abi.encodeCall(IModelRegistry.createProject, ("acme", none, none, 0))));
    }

    function setPublishers(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        address member = _actor(seed >> 24);
        bool adds = seed & 256 == 0;
        bytes memory call =
            abi.encodeCall(IModelRegistry.setPublishers, (projects[p].id, _one(adds, member), _one(!adds, member)));
        bool done = _try(who, call);
        assert(done == (who == projects[p].owner && publisher[p][member] != adds));
        if (done) publisher[p][member] = adds;
    }

    function setParticipants(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        address member = _actor(seed >> 24);
        bool adds = seed & 256 == 0;
        uint8 threshold = uint8(_below(seed >> 32, 4));
        bool can = who == projects[p].owner && participant[p][member] != adds;
        uint8 n = projects[p].participants;
        if (can) n = adds ? n + 1 : n - 1;
        bool done = _try(
            who,
            abi.encodeCall(
                IModelRegistry.setParticipants, (projects[p].id, _one(adds, member), _one(!adds, member), threshold)
            )
        );
        assert(done == (can && threshold <= n));
        if (!done) return;
        participant[p][member] = adds;
        (projects[p].participants, projects[p].threshold) = (n, threshold);
    }

    function resign(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        bool done = _try(who, abi.encodeCall(IModelRegistry.resign, (projects[p].id)));
        assert(done == (publisher[p][who] || participant[p][who]));
        if (done) _resigned(p, who);
    }

    function offer(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        address to = seed & 256 == 0 ? address(0) : _actor(seed >> 24);
        bool done = _try(who, abi.encodeCall(IModelRegistry.transferOwnership, (projects[p].id, to)));
        assert(done == (who == projects[p].owner));
        if (done) projects[p].pending = to;
    }

    function accept(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        if (seed & 256 == 0 && projects[p].pending != address(0)) who = projects[p].pending;
        bool done = _try(who, abi.encodeCall(IModelRegistry.acceptOwnership, (projects[p].id)));
        assert(done == (who == projects[p].pending));
        if (done) (projects[p].owner, projects[p].pending) = (who, address(0));
    }

    function pause(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        bool on = seed & 256 == 0;
        bytes memory call = on
            ? abi.encodeCall(IModelRegistry.pause, (projects[p].id))
            : abi.encodeCall(IModelRegistry.unpause, (projects[p].id));
        bool done = _try(who, call);
        assert(done == (who == projects[p].owner && projects[p].paused != on));
        if (done) projects[p].paused = on;
    }

    // ---------------------------------------------------------------------------------------------------- versions

    /// @dev Signatures that are good, over another manifest, of another project, doubled, or too few.
    function publish(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        Publication memory content = _publication(seed, p);
        Publication memory other = _publication(seed, p);
        uint256 wrong = _below(seed >> 40, 6);
        if (wrong == 1) other.manifestDigest = keccak256("another manifest");
        if (wrong == 2) other.projectId = projects[(p + 1) % PROJECTS].id;
        if (wrong == 3) other.deployable = !other.deployable;
        (Approval[] memory approvals, bool members) = _approvals(seed, p, registry.publicationDigest(other), wrong);
        bool right = approvals.length == 0 || wrong == 0 || wrong > 4 || (wrong == 4 && approvals.length < 2);
        bytes32 id = registry.versionIdOf(content.projectId, content.artifactHash);
        bool done = _try(who, abi.encodeCall(IModelRegistry.publish, (content, approvals)));
        assert(
            done
                == (_publishes(p, who) && !projects[p].paused && places[id] == 0 && members && right
                    && approvals.length >= projects[p].threshold)
        );
        if (!done) return;
        Status status = content.deployable ? Status.Deployable : Status.Published;
        uint32 number = ++projects[p].versions;
        versions.push(
            Version(
                p, content.artifactHash, content.manifestDigest, status, number, 0, uint8(approvals.length)
            )
        );
        places[id] = versions.length;
    }

    /// @dev Also with the signatures of an earlier promotion.
    function promote(uint256 seed) external action(seed) {
        vm.assume(versions.length != 0);
        uint256 i = _below(seed >> 48, versions.length);
        Version memory v = versions[i];
        address who = _actor(seed);
        Status to = Status(_below(seed >> 52, 5));
        bool stale = v.revision != 0 && seed & 512 == 0;
        bytes32 id = projects[v.project].id;
        bytes32 digest = registry.promotionDigest(id, v.artifact, to, stale ? v.revision - 1 : v.revision);
        (Approval[] memory approvals, bool members) = _approvals(seed, v.project, digest, 0);
        bool done = _try(who, abi.encodeCall(IModelRegistry.promote, (id, v.artifact, to, approvals)));
        assert(
            done
                == (_publishes(v.project, who) && !projects[v.project].paused && v.status >= Status.Deprecated
                    && to > v.status && members && (!stale || approvals.length == 0)
                    && approvals.length >= projects[v.project].threshold)
        );
        if (done) _changed(i, to);
    }

    function demote(uint256 seed) external action(seed) {
        vm.assume(versions.length != 0);
        uint256 i = _below(seed >> 48, versions.length);
        Version memory v = versions[i];
        address who = _actor(seed);
        Status to = Status(_below(seed >> 52, 5));
        bool done = _try(who, abi.encodeCall(IModelRegistry.demote, (projects[v.project].id, v.artifact, to)));
        assert(done == (_publishes(v.project, who) && to >= Status.Deprecated && to < v.status));
        if (done) _changed(i, to);
    }

    function revoke(uint256 seed) external action(seed) {
        vm.assume(versions.length != 0 && seed & 3072 == 0);
        uint256 i = _below(seed >> 48, versions.length);
        Version memory v = versions[i];
        address who = _actor(seed);
        bytes memory call = abi.encodeCall(IModelRegistry.revoke, (projects[v.project].id, v.artifact, "wrong"));
        bool done = _try(who, call);
        assert(done == (who == projects[v.project].owner && v.status != Status.Revoked));
        if (done) _changed(i, Status.Revoked);
    }

    function anchor(uint256 seed) external action(seed) {
        (uint256 p, address who) = _pick(seed);
        Batch memory batch;
        (batch.root, batch.count) = (bytes32(1 + _below(seed >> 16, 4)), uint32(_below(seed >> 20, 3)));
        bytes32 key = keccak256(abi.encode(p, batch.root));
        bool done = _try(who, abi.encodeCall(IModelRegistry.anchorBatch, (projects[p].id, batch)));
        assert(done == (_publishes(p, who) && !projects[p].paused && batch.count != 0 && anchored[key] == 0));
        if (!done) return;
        ++projects[p].batches;
        anchored[key] = batch.count;
    }

    // ---------------------------------------------------------------------------------------------- what must hold

    /// @notice Everything in the registry is what somebody who was entitled to it has made it.
    function check() external view {
        for (uint256 p; p < PROJECTS; ++p) {
            ProjectView memory v = registry.project(projects[p].id);
            Mirror memory m = projects[p];
            require(v.owner == m.owner && v.pendingOwner == m.pending && v.paused == m.paused, "an owner");
            require(v.threshold == m.threshold && v.participants == m.participants, "a threshold");
            require(v.versions == m.versions && v.batches == m.batches, "a counter");
            for (uint256 i; i < PARTIES; ++i) {
                address who = actors[i];
                require(registry.isParticipant(m.id, who) == participant[p][who], "a participant");
                require(registry.isPublisher(m.id, who) == (publisher[p][who] || who == m.owner), "a publisher");
            }
        }
        for (uint256 i; i < versions.length; ++i) {
            Version memory m = versions[i];
            VersionView memory v = registry.version(projects[m.project].id, m.artifact);
            require(v.status == m.status && v.number == m.number && v.revision == m.revision, "a status");
            require(v.manifestDigest == m.manifest && v.approvals == m.approvals, "a version");
        }
    }

    /// @notice Nothing keeps an owner from revoking, nor a member from leaving.
    function finish() external {
        for (uint256 i; i < versions.length; ++i) {
            Version memory v = versions[i];
            if (v.status == Status.Revoked) continue;
            bytes memory call = abi.encodeCall(IModelRegistry.revoke, (projects[v.project].id, v.artifact, "at last"));
            require(_try(projects[v.project].owner, call), "an owner could not revoke");
            _changed(i, Status.Revoked);
        }
        for (uint256 i; i < PROJECTS * PARTIES; ++i) {
            (uint256 p, address who) = (i / PARTIES, actors[i % PARTIES]);
            if (!publisher[p][who] && !participant[p][who]) continue;
            require(_try(who, abi.encodeCall(IModelRegistry.resign, (projects[p].id))), "a member could not resign");
            _resigned(p, who);
        }
        this.check();
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function _try(address sender, bytes memory data) private returns (bool done) {
        (done,) = _send(sender, address(registry), 0, data);
    }

    /// @dev A project and somebody: its owner as often as everybody else together.
    function _pick(uint256 seed) private view returns (uint256 project, address who) {
        project = _below(seed ^ 0x91, PROJECTS);
        who = seed & 64 == 0 ? projects[project].owner : _actor(seed);
    }

    function _actor(uint256 seed) private view returns (address) {
        return actors[_below(seed ^ 0xac, PARTIES)];
    }

    function _publishes(uint256 p, address who) private view returns (bool) {
        return who == projects[p].owner || publisher[p][who];
    }

    function _publication(uint256 seed, uint256 p) private view returns (Publication memory content) {
        content.projectId = projects[p].id;
        content.artifactHash = keccak256(abi.encode(p, _below(seed >> 60, ARTIFACTS)));
        content.manifestDigest = keccak256(abi.encode("manifest", seed));
        content.deployable = seed & 128 == 0;
    }

    /// @dev Some of the actors, or (every other time) of the participants, each of whom has signed `digest`.
    function _approvals(uint256 seed, uint256 p, bytes32 digest, uint256 wrong)
        private
        returns (Approval[] memory approvals, bool members)
    {
        uint256 set = seed >> 70;
        uint256 n;
        for (uint256 i; i < PARTIES; ++i) {
            if (seed & 8192 == 0 && !participant[p][actors[i]]) set &= ~(1 << i);
            n += set >> i & 1;
        }
        approvals = new Approval[](n);
        members = true;
        for (uint256 i = PARTIES; i != 0; --i) {
            if (set >> (i - 1) & 1 == 0) continue;
            address signer = actors[i - 1];
            approvals[--n] = Approval(signer, _signature(signer, digest));
            if (!participant[p][signer]) members = false;
        }
        if (wrong == 4 && approvals.length > 1) approvals[1] = approvals[0];
    }

    function _signature(address signer, bytes32 digest) private returns (bytes memory) {
        if (keys[signer] == 0) {
            wallet.allow(digest);
            return "";
        }
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[signer], digest);
        return abi.encodePacked(r, s, v);
    }

    function _one(bool there, address who) private pure returns (address[] memory list) {
        list = new address[](there ? 1 : 0);
        if (there) list[0] = who;
    }

    function _changed(uint256 i, Status to) private {
        versions[i].status = to;
        ++versions[i].revision;
    }

    function _resigned(uint256 p, address who) private {
        if (participant[p][who]) --projects[p].participants;
        (publisher[p][who], participant[p][who]) = (false, false);
    }
}
