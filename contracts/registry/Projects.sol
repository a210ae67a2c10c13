// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry, ProjectView} from "./IModelRegistry.sol";

/// @title Projects
/// @notice Who owns a project, who may publish in it and who may approve.
/// @dev The first half of `ModelRegistry`; its header says who is trusted with what.
abstract contract Projects is IModelRegistry {
    /// @dev The first slot holds all that publishing has to know and to change.
    struct Project {
        address owner; // zero: there is no such project
        bool paused;
        uint8 threshold;
        uint8 participants;
        uint32 versions;
        uint32 batches;
        address pendingOwner;
        string name;
        mapping(address account => uint8 bits) roles;
    }

    uint8 private constant PUBLISHER = 1;
    uint8 private constant PARTICIPANT = 2;
    uint256 private constant MAX_NAME = 64;

    mapping(bytes32 projectId => Project) private _projects;

    modifier onlyOwner(bytes32 projectId) {
        _checkOwner(projectId);
        _;
    }

    // ------------------------------------------------------------------------------------------ creating, members

    /// @inheritdoc IModelRegistry
    function createProject(
        string calldata name,
        address[] calldata publishers,
        address[] calldata participants,
        uint8 threshold
    ) external returns (bytes32 projectId) {
        // Check
        require(bytes(name).length > 0 && bytes(name).length <= MAX_NAME, InvalidName(bytes(name).length));
        projectId = projectIdOf(msg.sender, name);
        Project storage created = _projects[projectId];
        require(created.owner == address(0), ProjectExists(projectId));

        // Effect
        created.owner = msg.sender;
        created.name = name;
        emit ProjectCreated(projectId, msg.sender, name);
        _addPublishers(projectId, publishers);
        _addParticipants(projectId, participants);
        _setThreshold(projectId, threshold);
    }

    /// @inheritdoc IModelRegistry
    function setPublishers(
        bytes32 projectId,
        address[] calldata added,
        address[] calldata removed
    ) external onlyOwner(projectId) {
        for (uint256 i = 0; i < removed.length; ++i) {
            _revokeRole(projectId, removed[i], PUBLISHER);
            emit PublisherRemoved(projectId, removed[i]);
        }
        _addPublishers(projectId, added);
    }

    /// @inheritdoc IModelRegistry
    function setParticipants(
        bytes32 projectId,
        address[] calldata added,
        address[] calldata removed,
        uint8 threshold
    ) external onlyOwner(projectId) {
        for (uint256 i = 0; i < removed.length; ++i) {
            _removeParticipant(projectId, removed[i]);
        }
        _addParticipants(projectId, added);
        _setThreshold(projectId, threshold);
    }

    /// @inheritdoc IModelRegistry
    function resign(bytes32 projectId) external {
        uint8 roles = _projects[projectId].roles[msg.sender];
        require(roles != 0, NotMember(projectId, msg.sender));
        if (roles & PUBLISHER != 0) {
            _revokeRole(projectId, msg.sender, PUBLISHER);
            emit PublisherRemoved(projectId, msg.sender);
        }
        if (roles & PARTICIPANT != 0) _removeParticipant(projectId, msg.sender);
    }

    // ------------------------------------------------------------------------------------------- ownership, pause

    /// @inheritdoc IModelRegistry
    function transferOwnership(bytes32 projectId, address newOwner) external onlyOwner(projectId) {
        _projects[projectId].pendingOwner = newOwner;
        emit OwnershipTransferStarted(projectId, msg.sender, newOwner);
    }

    /// @inheritdoc IModelRegistry
    function acceptOwnership(bytes32 projectId) external {
        Project storage taken = _projects[projectId];
        require(taken.pendingOwner == msg.sender, NotPendingOwner(projectId, msg.sender));
        emit OwnershipTransferred(projectId, taken.owner, msg.sender);
        taken.owner = msg.sender;
        delete taken.pendingOwner;
    }

    /// @inheritdoc IModelRegistry
    function pause(bytes32 projectId) external onlyOwner(projectId) {
        Project storage paused = _projects[projectId];
        require(!paused.paused, ProjectPaused(projectId));
        paused.paused = true;
        emit Paused(projectId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function unpause(bytes32 projectId) external onlyOwner(projectId) {
        Project storage paused = _projects[projectId];
        require(paused.paused, ProjectNotPaused(projectId));
        paused.paused = false;
        emit Unpaused(projectId, msg.sender);
    }

    // --------------------------------------------------------------------------------------------------- reading

    /// @inheritdoc IModelRegistry
    function project(bytes32 projectId) external view returns (ProjectView memory) {
        return _view(_existing(projectId));
    }

    /// @inheritdoc IModelRegistry
    function projects(bytes32[] calldata projectIds) external view returns (ProjectView[] memory found) {
        found = new ProjectView[](projectIds.length);
        for (uint256 i = 0; i < projectIds.length; ++i) {
            found[i] = _view(_projects[projectIds[i]]);
        }
    }

    /// @inheritdoc IModelRegistry
    function isPublisher(bytes32 projectId, address account) public view returns (bool) {
        Project storage found = _projects[projectId];
        if (account == found.owner) return account != address(0);
        return found.roles[account] & PUBLISHER != 0;
    }

    /// @inheritdoc IModelRegistry
    function isParticipant(bytes32 projectId, address account) public view returns (bool) {
        return _projects[projectId].roles[account] & PARTICIPANT != 0;
    }

    /// @inheritdoc IModelRegistry
    function areParticipants(
        bytes32 projectId,
        address[] calldata accounts
    ) external view returns (bool[] memory found) {
        found = new bool[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            found[i] = isParticipant(projectId, accounts[i]);
        }
    }

    /// @inheritdoc IModelRegistry
    function projectIdOf(address creator, string calldata name) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), creator, name));
    }

    // ------------------------------------------------------------------------------------------------- for heirs

    function _view(Project storage found) private view returns (ProjectView memory) {
        return ProjectView({
            name: found.name,
            owner: found.owner,
            pendingOwner: found.pendingOwner,
            paused: found.paused,
            threshold: found.threshold,
            participants: found.participants,
            versions: found.versions,
            batches: found.batches
        });
    }

    /// @dev The project, if it exists.
    function _existing(bytes32 projectId) internal view returns (Project storage found) {
        found = _projects[projectId];
        require(found.owner != address(0), UnknownProject(projectId));
    }

    /// @dev The project, if the caller may publish in it.
    function _asPublisher(bytes32 projectId) internal view returns (Project storage found) {
        found = _existing(projectId);
        require(isPublisher(projectId, msg.sender), NotPublisher(projectId, msg.sender));
    }

    /// @dev The project, if the caller may publish in it now.
    function _asActivePublisher(bytes32 projectId) internal view returns (Project storage found) {
        found = _asPublisher(projectId);
        require(!found.paused, ProjectPaused(projectId));
    }

    function _checkOwner(bytes32 projectId) internal view {
        require(_existing(projectId).owner == msg.sender, NotOwner(projectId, msg.sender));
    }

    // -------------------------------------------------------------------------------------------------- own steps

    function _addPublishers(bytes32 projectId, address[] calldata added) private {
        for (uint256 i = 0; i < added.length; ++i) {
            _grantRole(projectId, added[i], PUBLISHER);
            emit PublisherAdded(projectId, added[i]);
        }
    }

    function _addParticipants(bytes32 projectId, address[] calldata added) private {
        Project storage changed = _projects[projectId];
        uint256 total = changed.participants + added.length;
        require(total <= type(uint8).max, TooManyParticipants(total));
        for (uint256 i = 0; i < added.length; ++i) {
            _grantRole(projectId, added[i], PARTICIPANT);
            emit ParticipantAdded(projectId, added[i]);
        }
        changed.participants = uint8(total);
    }

    function _removeParticipant(bytes32 projectId, address account) private {
        _revokeRole(projectId, account, PARTICIPANT);
        --_projects[projectId].participants;
        emit ParticipantRemoved(projectId, account);
    }

    function _setThreshold(bytes32 projectId, uint8 threshold) private {
        Project storage changed = _projects[projectId];
        require(threshold <= changed.participants, ThresholdTooHigh(threshold, changed.participants));
        uint8 previous = changed.threshold;
        if (threshold == previous) return;
        changed.threshold = threshold;
        emit ThresholdChanged(projectId, previous, threshold);
    }

    function _grantRole(bytes32 projectId, address account, uint8 role) private {
        Project storage changed = _projects[projectId];
        uint8 roles = changed.roles[account];
        require(account != address(0) && roles & role == 0, InvalidMember(projectId, account));
        changed.roles[account] = roles | role;
    }

    function _revokeRole(bytes32 projectId, address account, uint8 role) private {
        Project storage changed = _projects[projectId];
        uint8 roles = changed.roles[account];
        require(roles & role != 0, NotMember(projectId, account));
        changed.roles[account] = roles & ~role;
    }
}
