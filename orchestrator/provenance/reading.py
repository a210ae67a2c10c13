"""What the model registry knows, read from the chain as values."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ChainError, ContractReverted, IntegrityError, UsageError, VerificationFailed
from orchestrator.provenance.identifiers import project_id_of
from orchestrator.provenance.records import (
    Anchor,
    AnchoredBatch,
    Members,
    Project,
    Status,
    Version,
    label_from,
)
from orchestrator.provenance.views import VersionKey, cid_text, pages, project_from, version_from
from orchestrator.text import decoded
from orchestrator.types import Address, Digest, Seconds

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.types import EventData, LogReceipt

    from orchestrator.chain import Chain
    from orchestrator.provenance.predicate import Parent


MOST_COPIES = 100
"""How many versions with the same bytes are looked at where no project is named."""

_ALIAS = re.compile(r"[a-z][a-z0-9._-]{0,31}")
_MOST_NAMED = 5
_ID = re.compile("[0-9a-fA-F]{64}")


def alias_bytes(alias: str) -> bytes:
    """An alias as the registry keeps it. Raises UsageError for what is none."""
    if not _ALIAS.fullmatch(alias):
        raise UsageError(
            f"`{alias}` cannot be an alias", "Begin with a small letter; 32 of a-z, 0-9, dot, dash at most."
        )
    return alias.encode("ascii").ljust(32, b"\0")


class RegistryReader:
    """The registry at `address`; its events are looked for from `first_block` on."""

    def __init__(self, chain: "Chain", address: Address, first_block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.first_block = first_block

    @cached_property
    def contract(self) -> "Contract":
        return self.chain.contract("ModelRegistry", self.address)

    def project_id(self, creator: Address, name: str) -> Digest:
        """The id that `creator`'s project `name` has, whether or not it exists yet."""
        return project_id_of(self.chain.chain_id, self.address, creator, name)

    def project(self, project_id: Digest) -> Project | None:
        """The project; None if there is none."""
        found = self._read("project", project_id, unless="UnknownProject")
        if found is None:
            return None
        return project_from(project_id, found)

    def projects(self, newest: int | None = None) -> list[Project]:
        """All projects, or so many of the newest, in the order of their creation."""
        logs = list(self._logs("ProjectCreated"))
        return self.projects_by_id([Digest(_topic(log, 1)) for log in logs[-newest if newest else None :]])

    def projects_by_id(self, project_ids: Sequence[Digest]) -> list[Project]:
        """Those of these projects that there are."""
        found = []
        for page in pages(project_ids):
            views = self._read("projects", list(page))
            found += [project_from(key, view) for key, view in zip(page, views, strict=True)]
        return [project for project in found if project]

    def projects_named(self, name: str) -> list[Project]:
        """All projects of this name, in the order of their creation."""
        logs = [log for log in self._logs("ProjectCreated") if self._name_in(log) == name]
        return self.projects_by_id([Digest(_topic(log, 1)) for log in logs])

    def find_project(self, reference: str) -> Project:
        """The project with this id (hexadecimal) or, if only one has it, this name. Raises ChainError."""
        digits = reference.removeprefix("0x")
        by_id = self.project(Digest(bytes.fromhex(digits))) if _ID.fullmatch(digits) else None
        found = [by_id] if by_id else self.projects_named(reference)
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(_hex(each.id) for each in found[:_MOST_NAMED])
            more = " and others" if len(found) > _MOST_NAMED else ""
            raise ChainError(
                f"{len(found)} projects are named `{reference}`", f"Give one of the ids {ids}{more}."
            )
        raise ChainError(f"there is no project `{reference}` in this registry", "Create it first.")

    def members(self, project_id: Digest) -> Members:
        """The project's publishers and participants, in the order in which they were added."""
        return Members(
            publishers=self._members(project_id, "Publisher"),
            participants=self._members(project_id, "Participant"),
        )

    def is_publisher(self, project_id: Digest, account: Address) -> bool:
        """Whether the account may publish; true also for the owner."""
        return bool(self._read("isPublisher", project_id, account))

    def is_participant(self, project_id: Digest, account: Address) -> bool:
        return bool(self._read("isParticipant", project_id, account))

    def are_participants(self, project_id: Digest, accounts: Sequence[Address]) -> list[bool]:
        """Whose approvals count, in the order of `accounts`."""
        return list(self._read("areParticipants", project_id, list(accounts))) if accounts else []

    def version(self, project_id: Digest, artifact_hash: Digest) -> Version | None:
        """The version of this project with these bytes; None if there is none."""
        return next(iter(self._versions([VersionKey(project_id, artifact_hash)])), None)

    def find_versions(self, artifact_hash: Digest, project_id: Digest | None = None) -> list[Version]:
        """The versions with these bytes, oldest first: in one project, or the first MOST_COPIES in all.

        Anybody may publish the bytes of others, in as many projects as it likes.
        """
        if project_id is not None:
            version = self.version(project_id, artifact_hash)
            return [version] if version else []
        return self._versions(self._keys({"artifactHash": artifact_hash})[:MOST_COPIES])

    def versions(self, project_id: Digest, newest: int | None = None) -> list[Version]:
        """All versions of a project, or so many of the newest, oldest first."""
        return self._versions(self._keys({"projectId": project_id})[-newest if newest else None :])

    def numbered(self, project_id: Digest, number: int) -> Version | None:
        """The version with this number, from 1 on; None if there is none.

        Raises VerificationFailed if the node hides some of the project's versions.
        """
        keys = self._keys({"projectId": project_id})
        if not 1 <= number <= len(keys):
            return None
        [version] = self._versions([keys[number - 1]])
        if version.number != number:
            raise VerificationFailed("the node does not show all versions of the project", "Ask another.")
        return version

    def aliased(self, project_id: Digest, alias: str) -> Version | None:
        """The version that the project calls so now; None if none is.

        Only the newest event counts. A node that hides it shows an older one: the version's status does not
        depend on that. Raises UsageError for a name that no alias can have.
        """
        logs = list(self._logs("Aliased", {"projectId": project_id, "name": alias_bytes(alias)}))
        artifact_hash = Digest(bytes(logs[-1]["topics"][3])) if logs else None
        return self.version(project_id, artifact_hash) if artifact_hash and any(artifact_hash) else None

    def aliases(self, project_id: Digest) -> dict[str, Digest]:
        """Each alias of a project with the artifact hash that it means."""
        found: dict[str, Digest] = {}
        for log in self._logs("Aliased", {"projectId": project_id}):
            name = decoded(bytes(log["topics"][2]).rstrip(b"\0"))
            found[name] = Digest(bytes(log["topics"][3]))
        return {name: digest for name, digest in found.items() if any(digest)}

    def newest(self, project_id: Digest, statuses: Collection[Status]) -> Version | None:
        """The newest version with one of these statuses."""
        keys = self._keys({"projectId": project_id})[::-1]
        for few in (keys[:1], *pages(keys[1:])):
            found = (each for each in self._versions(few) if each.status in statuses)
            if version := next(found, None):
                return version
        return None

    def versions_by_id(self, version_ids: Sequence[Digest]) -> dict[Digest, Version]:
        """Those of these versions that there are, such as parents, in whatever projects."""
        keys = [key for page in pages(version_ids) for key in self._keys({"versionId": list(page)})]
        return {version.id: version for version in self._versions(keys)}

    def status_of(self, version_id: Digest) -> Status:
        return Status(self._read("statusOf", version_id))

    def anchor(self, project_id: Digest, artifact_hash: Digest) -> Anchor | None:
        """Where a version was published; None if it was not."""
        version = self.version(project_id, artifact_hash)
        return self.anchor_of(version) if version else None

    def anchor_of(self, version: Version) -> Anchor:
        """Where `version`, read before, was published. Raises VerificationFailed if the node hides it."""
        event = next(self.events("VersionPublished", {"versionId": version.id}), None)
        if event is None:
            raise VerificationFailed("the node does not show when the version was published", "Ask another.")
        signers, status = event["args"]["signers"], Status(event["args"]["status"])
        anchor = self._anchor(event, version.published_at)
        return replace(anchor, signers=tuple(signers), deployable=status is Status.DEPLOYABLE)

    def parent_ids(self, parents: Sequence["Parent"]) -> tuple[Digest, ...]:
        """The version ids of a manifest's parents that are published, ascending.

        Raises VerificationFailed for a parent that was never published with this manifest.
        """
        return tuple(sorted({self._parent_id(parent) for parent in parents if parent.manifest}))

    def artifact(self, project_id: Digest, artifact_hash: Digest) -> bytes | None:
        """The bytes of an artifact that is on-chain, re-hashed here; None if it is not on-chain.

        Raises IntegrityError if they are not those of the artifact (then the node lies).
        """
        import hashlib

        data = self._read("artifact", project_id, artifact_hash, unless="UnknownVersion")
        if not data:
            return None
        if hashlib.sha256(data).digest() != artifact_hash:
            raise IntegrityError(
                "the artifact that the node returned is not the one that was published", "Ask another node."
            )
        return bytes(data)

    def batch(self, project_id: Digest, root: Digest) -> AnchoredBatch | None:
        """The batch with this root; None if it was not anchored."""
        number, count, anchored_at, label, cid = self._read("batch", project_id, root)
        if number == 0:
            return None
        return AnchoredBatch(
            project_id=project_id,
            root=root,
            number=number,
            count=count,
            anchored_at=Seconds(anchored_at),
            label=label_from(label),
            cid=cid_text(cid),
        )

    def batch_anchor(self, project_id: Digest, root: Digest) -> Anchor | None:
        """Where a batch was anchored; None if it was not."""
        batch = self.batch(project_id, root)
        if batch is None:
            return None
        event = next(self.events("BatchAnchored", {"projectId": project_id, "root": root}), None)
        return self._anchor(event, batch.anchored_at) if event else None

    def batches(self, project_id: Digest) -> list[AnchoredBatch]:
        """All batches of a project, oldest first."""
        events = self.events("BatchAnchored", {"projectId": project_id})
        found = (self.batch(project_id, Digest(event["args"]["root"])) for event in events)
        return [batch for batch in found if batch]

    def verify_inclusion(self, project_id: Digest, record: Digest, proof: Sequence[bytes]) -> Digest | None:
        """The root of the anchored batch that holds `record`, as the contract finds it; None if none does."""
        included, root = self._read("verifyInclusion", project_id, record, list(proof))
        return Digest(root) if included else None

    def chunk_address(self, chunk: bytes) -> Address:
        """Where `store_chunk` puts these bytes."""
        address: Address = self._read("chunkAddress", chunk)
        return address

    def has_chunk(self, address: Address) -> bool:
        return bool(self.chain.code(address))

    def events(self, name: str, filters: dict[str, Any] | None = None) -> "Iterator[EventData]":
        """The events `name`, oldest first; `filters` maps indexed arguments to the value they must have."""
        event = self.contract.events[name]
        return self.chain.events(event(), from_block=self.first_block, filters=filters)

    def block_time(self, number: int) -> Seconds:
        """When block `number` was mined."""
        return self.chain.time_of(number)

    def _read(self, function: str, *args: Any, unless: str = "") -> Any:
        try:
            return self.chain.call(self.contract.functions[function](*args))
        except ContractReverted as reverted:
            if unless and reverted.error == unless:
                return None
            raise

    def _versions(self, keys: Sequence[VersionKey]) -> list[Version]:
        found = []
        for page in pages(keys):
            views = self._read("versions", [tuple(key) for key in page])
            found += [version_from(key, view) for key, view in zip(page, views, strict=True)]
        return [version for version in found if version]

    def _keys(self, filters: dict[str, Any]) -> list[VersionKey]:
        """Which versions were published, oldest first."""
        logs = self._logs("VersionPublished", filters)
        return [VersionKey(Digest(_topic(log, 1)), Digest(_topic(log, 2))) for log in logs]

    def _logs(self, name: str, filters: dict[str, Any] | None = None) -> "Iterator[LogReceipt]":
        event = self.contract.events[name]
        return self.chain.logs(event(), from_block=self.first_block, filters=filters)

    def _name_in(self, log: "LogReceipt") -> str:
        [name] = self.chain.web3.codec.decode(["string"], bytes(log["data"]))
        return str(name)

    def _members(self, project_id: Digest, role: str) -> tuple[Address, ...]:
        changes = [
            (event["blockNumber"], event["logIndex"], change, event["args"][role.lower()])
            for change in ("Added", "Removed")
            for event in self.events(role + change, {"projectId": project_id})
        ]
        members: dict[Address, None] = {}
        for _, _, change, account in sorted(changes):
            if change == "Added":
                members[account] = None
            else:
                members.pop(account, None)
        return tuple(members)

    def _parent_id(self, parent: "Parent") -> Digest:
        for page in pages(self._keys({"artifactHash": Digest(bytes.fromhex(parent.artifact))})):
            for version in self._versions(page):
                if version.manifest_digest.hex() == parent.manifest:
                    return version.id
        raise VerificationFailed(
            f"the parent {parent.artifact[:12]}… was never published "
            f"with the manifest {(parent.manifest or '')[:12]}…",
            "Publish the parent first.",
        )

    def _anchor(self, event: "EventData", time: Seconds) -> Anchor:
        return Anchor(
            chain_id=self.chain.chain_id,
            registry=self.address,
            project_id=Digest(event["args"]["projectId"]),
            block_number=event["blockNumber"],
            time=time,
            transaction=event["transactionHash"].to_0x_hex(),
            publisher=event["args"]["publisher"],
        )


def _topic(log: "LogReceipt", index: int) -> bytes:
    topics = log["topics"]
    if len(topics) <= index:
        raise ChainError("the node's answer is of no use: an event lacks its topics", "Ask another.")
    return bytes(topics[index])


def _hex(digest: bytes) -> str:
    return "0x" + digest.hex()
