"""The registry's rules once more, in Python, and its state as plain values.

`Model` refuses with the names of the contract's errors, in the order in which the contract looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_abi import encode
from eth_utils import keccak

from tests.contracts.registry.world import Kind, Status

CID_PREFIXES = {
    Kind.NONE: b"",
    Kind.RAW: bytes.fromhex("01551220"),
    Kind.DAG_PB: bytes.fromhex("01701220"),
    Kind.DAG_PB_V0: bytes.fromhex("1220"),
}


class Refused(Exception):
    """The contract must refuse with the custom error of this name."""


@dataclass
class Version:
    number: int
    status: Status
    published_at: int
    approvals: int
    manifest: bytes
    cid: bytes
    parents: list[bytes]
    chunks: list[str] = field(default_factory=list)
    revision: int = 0
    reason: str = ""


@dataclass
class Batch:
    number: int
    count: int
    label: bytes
    cid: bytes
    anchored_at: int


@dataclass
class Project:
    """Owners and members are addresses; versions are found by artifact hash, batches by root."""

    name: str
    owner: str
    pending: str | None = None
    paused: bool = False
    threshold: int = 0
    publishers: set[str] = field(default_factory=set)
    participants: set[str] = field(default_factory=set)
    versions: dict[bytes, Version] = field(default_factory=dict)
    batches: dict[bytes, Batch] = field(default_factory=dict)


@dataclass(frozen=True)
class Signed:
    """An approval: who claims it, and whether the signature is that account's, of this content."""

    signer: str
    valid: bool


def cid(kind: Kind, digest: bytes) -> bytes:
    return CID_PREFIXES[kind] + digest if kind != Kind.NONE else b""


def version_id(project: bytes, artifact: bytes) -> bytes:
    return keccak(encode(["bytes32", "bytes32"], [project, artifact]))


def require(condition: bool, error: str) -> None:
    if not condition:
        raise Refused(error)


class Model:
    """What the registry's state should be. A refused change may leave it half done: restore a copy then."""

    def __init__(self) -> None:
        self.projects: dict[bytes, Project] = {}

    # -------------------------------------------------------------- projects

    def create(
        self,
        project_id: bytes,
        caller: str,
        name: str,
        publishers: Sequence[str],
        participants: Sequence[str],
        threshold: int,
    ) -> None:
        require(project_id not in self.projects, "ProjectExists")
        project = self.projects[project_id] = Project(name, caller)
        self._add(project.publishers, publishers)
        self._add(project.participants, participants)
        self._set_threshold(project, threshold)

    def set_publishers(
        self, project_id: bytes, caller: str, added: Sequence[str], removed: Sequence[str]
    ) -> None:
        project = self._owned(project_id, caller)
        self._remove(project.publishers, removed)
        self._add(project.publishers, added)

    def set_participants(
        self, project_id: bytes, caller: str, added: Sequence[str], removed: Sequence[str], threshold: int
    ) -> None:
        project = self._owned(project_id, caller)
        self._remove(project.participants, removed)
        self._add(project.participants, added)
        self._set_threshold(project, threshold)

    def resign(self, project_id: bytes, caller: str) -> None:
        project = self.projects.get(project_id, Project("", ""))
        require(caller in project.publishers | project.participants, "NotMember")
        project.publishers.discard(caller)
        project.participants.discard(caller)

    def offer(self, project_id: bytes, caller: str, new_owner: str | None) -> None:
        self._owned(project_id, caller).pending = new_owner

    def accept(self, project_id: bytes, caller: str) -> None:
        project = self.projects.get(project_id, Project("", ""))
        require(project.pending == caller, "NotPendingOwner")
        project.owner, project.pending = caller, None

    def set_paused(self, project_id: bytes, caller: str, paused: bool) -> None:
        project = self._owned(project_id, caller)
        require(project.paused != paused, "ProjectPaused" if paused else "ProjectNotPaused")
        project.paused = paused

    # -------------------------------------------------------------- versions

    def publish(
        self, project_id: bytes, caller: str, artifact: bytes, version: Version, signed: Sequence[Signed]
    ) -> None:
        """`version` as wanted; its number and approvals are set here."""
        project = self._active(project_id, caller)
        require(artifact not in project.versions, "VersionExists")
        self._approve(project, signed)
        for before, parent in zip([bytes(32), *version.parents], version.parents, strict=False):
            require(parent > before, "ParentsNotAscending")
            require(self._exists(parent), "UnknownParent")
        version.number = len(project.versions) + 1
        version.approvals = len(signed)
        project.versions[artifact] = version

    def attach(self, project_id: bytes, caller: str, artifact: bytes, chunks: list[str]) -> None:
        version = self._version(self._active(project_id, caller), artifact)
        require(not version.chunks, "ArtifactExists")
        version.chunks = chunks

    def promote(
        self, project_id: bytes, caller: str, artifact: bytes, status: Status, signed: Sequence[Signed]
    ) -> None:
        project = self._active(project_id, caller)
        version = self._version(project, artifact)
        require(Status.DEPRECATED <= version.status < status, "InvalidTransition")
        self._approve(project, signed)
        version.status = status
        version.revision += 1

    def demote(self, project_id: bytes, caller: str, artifact: bytes, status: Status) -> None:
        version = self._version(self._publishing(project_id, caller), artifact)
        require(Status.DEPRECATED <= status < version.status, "InvalidTransition")
        version.status = status
        version.revision += 1

    def revoke(self, project_id: bytes, caller: str, artifact: bytes, reason: str) -> None:
        version = self._version(self._owned(project_id, caller), artifact)
        require(version.status != Status.REVOKED, "InvalidTransition")
        require(bool(reason), "InvalidReason")
        version.status = Status.REVOKED
        version.revision += 1
        version.reason = reason

    def anchor(self, project_id: bytes, caller: str, root: bytes, batch: Batch) -> None:
        project = self._active(project_id, caller)
        require(batch.count > 0, "EmptyBatch")
        require(root not in project.batches, "BatchExists")
        batch.number = len(project.batches) + 1
        project.batches[root] = batch

    # ---------------------------------------------------------------- checks

    def _existing(self, project_id: bytes) -> Project:
        require(project_id in self.projects, "UnknownProject")
        return self.projects[project_id]

    def _owned(self, project_id: bytes, caller: str) -> Project:
        project = self._existing(project_id)
        require(caller == project.owner, "NotOwner")
        return project

    def _publishing(self, project_id: bytes, caller: str) -> Project:
        project = self._existing(project_id)
        require(caller == project.owner or caller in project.publishers, "NotPublisher")
        return project

    def _active(self, project_id: bytes, caller: str) -> Project:
        project = self._publishing(project_id, caller)
        require(not project.paused, "ProjectPaused")
        return project

    def _version(self, project: Project, artifact: bytes) -> Version:
        require(artifact in project.versions, "UnknownVersion")
        return project.versions[artifact]

    def _exists(self, wanted: bytes) -> bool:
        return any(
            version_id(project_id, artifact) == wanted
            for project_id, project in self.projects.items()
            for artifact in project.versions
        )

    def _approve(self, project: Project, signed: Sequence[Signed]) -> None:
        require(len(signed) >= project.threshold, "TooFewApprovals")
        previous = 0
        for approval in signed:
            require(int(approval.signer, 16) > previous, "SignersNotAscending")
            require(approval.signer in project.participants, "NotParticipant")
            require(approval.valid, "InvalidSignature")
            previous = int(approval.signer, 16)

    @staticmethod
    def _add(members: set[str], added: Sequence[str]) -> None:
        for account in added:
            require(account not in members, "InvalidMember")
            members.add(account)

    @staticmethod
    def _remove(members: set[str], removed: Sequence[str]) -> None:
        for account in removed:
            require(account in members, "NotMember")
            members.remove(account)

    @staticmethod
    def _set_threshold(project: Project, threshold: int) -> None:
        require(threshold <= len(project.participants), "ThresholdTooHigh")
        project.threshold = threshold
