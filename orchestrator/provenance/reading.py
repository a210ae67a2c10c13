"""What the model registry knows, read from the chain as values."""

import re
from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

from orchestrator.bindings import registry as abi
from orchestrator.bindings.registry import Status, VersionKey
from orchestrator.errors import ChainError, ContractReverted, IntegrityError, UsageError, VerificationFailed
from orchestrator.provenance.identifiers import project_id_of
from orchestrator.provenance.records import (
    MOST_COPIES,
    Anchor,
    AnchoredBatch,
    Members,
    Project,
    Version,
    label_from,
)
from orchestrator.provenance.views import cid_text, pages, project_from, version_from
from orchestrator.text import decoded
from orchestrator.types import Address, Digest, Seconds

if TYPE_CHECKING:
    from web3.types import LogReceipt

    from orchestrator.chain import Chain
    from orchestrator.chain.bound import Event
    from orchestrator.provenance.predicate import Parent


_T = TypeVar("_T")
_ALIAS = re.compile(r"[a-z][a-z0-9._-]{0,31}")
_MOST_NAMED = 5
_ID = re.compile("[0-9a-fA-F]{64}")


def alias_bytes(alias: str) -> bytes:
    """An alias as the registry keeps it. Raises UsageError for what is none."""
    if not _ALIAS.fullmatch(alias):
        raise UsageError(
            f"`{alias}` cannot be an alias",
            "Begin with a small letter; use at most 32 of a-z, 0-9, dot and dash.",
        )
    return alias.encode("ascii").ljust(32, b"\0")


class RegistryReader:
    """The registry at `address`, which stands there since `block`; `contract` is it as its ABI has it."""

    def __init__(self, chain: "Chain", address: Address, block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.contract = abi.ModelRegistry(chain, address, block)

    def at(self, block: int) -> Self:
        """The same registry as it was after `block`, so that all reads of one look agree."""
        seen = copy(self)
        seen.contract = self.contract.at(block)
        return seen

    def project_id(self, creator: Address, name: str) -> Digest:
        """The id that `creator`'s project `name` has, whether or not it exists yet."""
        return project_id_of(self.chain.chain_id, self.address, creator, name)

    def project(self, project_id: Digest) -> Project | None:
        """The project; None if there is none."""
        found = _unless("UnknownProject", lambda: self.contract.project(project_id))
        return None if found is None else project_from(project_id, found)

    def projects(self, newest: int | None = None) -> list[Project]:
        """All projects, or so many of the newest, in the order of their creation."""
        found = self.contract.topics(abi.ProjectCreated)[-newest if newest else None :]
        return self.projects_by_id([Digest(project) for _, project, *_ in found])

    def projects_by_id(self, project_ids: Sequence[Digest]) -> list[Project]:
        """Those of these projects that there are."""
        found = []
        for page in pages(project_ids):
            views = self.contract.projects(page)
            found += [project_from(key, view) for key, view in zip(page, views, strict=True)]
        return [project for project in found if project]

    def projects_named(self, name: str) -> list[Project]:
        """All projects of this name, in the order of their creation."""
        logs = [log for log in self.contract.logs(abi.ProjectCreated) if self._name_in(log) == name]
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
        raise ChainError(
            f"there is no project `{reference}` in this registry",
            "`diln project list` shows those that it has. If you meant a file, check its path.",
        )

    def members(self, project_id: Digest) -> Members:
        """The project's publishers and participants, in the order in which they were added."""
        came = self.contract.events(abi.PublisherAdded, project_id=project_id)
        went = self.contract.events(abi.PublisherRemoved, project_id=project_id)
        joined = self.contract.events(abi.ParticipantAdded, project_id=project_id)
        left = self.contract.events(abi.ParticipantRemoved, project_id=project_id)
        return Members(
            publishers=_staying([(e, e.publisher) for e in came], [(e, e.publisher) for e in went]),
            participants=_staying([(e, e.participant) for e in joined], [(e, e.participant) for e in left]),
        )

    def is_publisher(self, project_id: Digest, account: Address) -> bool:
        """Whether the account may publish; true also for the owner."""
        return self.contract.is_publisher(project_id, account)

    def is_participant(self, project_id: Digest, account: Address) -> bool:
        return self.contract.is_participant(project_id, account)

    def are_participants(self, project_id: Digest, accounts: Sequence[Address]) -> list[bool]:
        """Whose approvals count, in the order of `accounts`."""
        return self.contract.are_participants(project_id, accounts) if accounts else []

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
        return self._versions(self._keys(artifact_hash=artifact_hash)[:MOST_COPIES])

    def versions(self, project_id: Digest, newest: int | None = None) -> list[Version]:
        """All versions of a project, or so many of the newest, oldest first."""
        return self._versions(self._keys(project_id=project_id)[-newest if newest else None :])

    def numbered(self, project_id: Digest, number: int) -> Version | None:
        """The version with this number, from 1 on; None if there is none.

        Raises VerificationFailed if the node hides some of the project's versions.
        """
        keys = self._keys(project_id=project_id)
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
        logs = list(self.contract.logs(abi.Aliased, project_id=project_id, name=alias_bytes(alias)))
        artifact_hash = Digest(bytes(logs[-1]["topics"][3])) if logs else None
        return self.version(project_id, artifact_hash) if artifact_hash and any(artifact_hash) else None

    def aliases(self, project_id: Digest) -> dict[str, Digest]:
        """Each alias of a project with the artifact hash that it means."""
        found: dict[str, Digest] = {}
        for log in self.contract.logs(abi.Aliased, project_id=project_id):
            name = decoded(bytes(log["topics"][2]).rstrip(b"\0"))
            found[name] = Digest(bytes(log["topics"][3]))
        return {name: digest for name, digest in found.items() if any(digest)}

    def newest(self, project_id: Digest, statuses: Collection[Status]) -> Version | None:
        """The newest version with one of these statuses."""
        keys = self._keys(project_id=project_id)[::-1]
        for few in (keys[:1], *pages(keys[1:])):
            found = (each for each in self._versions(few) if each.status in statuses)
            if version := next(found, None):
                return version
        return None

    def versions_by_id(self, version_ids: Sequence[Digest]) -> dict[Digest, Version]:
        """Those of these versions that there are, such as parents, in whatever projects."""
        keys = [key for page in pages(version_ids) for key in self._keys(version_id=list(page))]
        return {version.id: version for version in self._versions(keys)}

    def status_of(self, version_id: Digest) -> Status:
        return self.contract.status_of(version_id)

    def anchor(self, project_id: Digest, artifact_hash: Digest) -> Anchor | None:
        """Where a version was published; None if it was not."""
        version = self.version(project_id, artifact_hash)
        return self.anchor_of(version) if version else None

    def anchor_of(self, version: Version) -> Anchor:
        """Where `version`, read before, was published. Raises VerificationFailed if the node hides it."""
        event = next(self.contract.events(abi.VersionPublished, version_id=version.id), None)
        if event is None:
            raise VerificationFailed("the node does not show when the version was published", "Ask another.")
        anchor = self._anchor(event, version.published_at)
        return replace(anchor, signers=event.signers, deployable=event.status is Status.DEPLOYABLE)

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

        data = _unless("UnknownVersion", lambda: self.contract.artifact(project_id, artifact_hash))
        if not data:
            return None
        if hashlib.sha256(data).digest() != artifact_hash:
            raise IntegrityError(
                "the artifact that the node returned is not the one that was published", "Ask another node."
            )
        return data

    def batch(self, project_id: Digest, root: Digest) -> AnchoredBatch | None:
        """The batch with this root; None if it was not anchored."""
        found = self.contract.batch(project_id, root)
        if found.number == 0:
            return None
        return AnchoredBatch(
            project_id=project_id,
            root=root,
            number=found.number,
            count=found.count,
            anchored_at=Seconds(found.anchored_at),
            label=label_from(found.label),
            cid=cid_text(found.cid),
        )

    def batch_anchor(self, project_id: Digest, root: Digest) -> Anchor | None:
        """Where a batch was anchored; None if it was not."""
        batch = self.batch(project_id, root)
        if batch is None:
            return None
        event = next(self.contract.events(abi.BatchAnchored, project_id=project_id, root=root), None)
        return self._anchor(event, batch.anchored_at) if event else None

    def batches(self, project_id: Digest) -> list[AnchoredBatch]:
        """All batches of a project, oldest first."""
        events = self.contract.events(abi.BatchAnchored, project_id=project_id)
        found = (self.batch(project_id, event.root) for event in events)
        return [batch for batch in found if batch]

    def verify_inclusion(
        self, project_id: Digest, record: Digest, position: int, count: int, proof: Sequence[bytes]
    ) -> Digest | None:
        """The root of the anchored batch with `record` as number `position` of `count`; None if none has."""
        found = self.contract.verify_inclusion(project_id, record, position, count, proof)
        return found.root if found.included else None

    def chunk_address(self, chunk: bytes) -> Address:
        """Where `store_chunk` puts these bytes."""
        return self.contract.chunk_address(chunk)

    def has_chunk(self, address: Address) -> bool:
        return bool(self.chain.code(address))

    def block_time(self, number: int) -> Seconds:
        """When block `number` was mined."""
        return self.chain.time_of(number)

    def _versions(self, keys: Sequence[VersionKey]) -> list[Version]:
        found = []
        for page in pages(keys):
            views = self.contract.versions(page)
            found += [version_from(key, view) for key, view in zip(page, views, strict=True)]
        return [version for version in found if version]

    def _keys(self, **filters: object) -> list[VersionKey]:
        """Which versions were published, oldest first."""
        found = self.contract.topics(abi.VersionPublished, **filters)
        return [VersionKey(Digest(project), Digest(artifact)) for _, project, artifact, _ in found]

    def _name_in(self, log: "LogReceipt") -> str:
        [name] = self.chain.web3.codec.decode(["string"], bytes(log["data"]))
        return str(name)

    def _parent_id(self, parent: "Parent") -> Digest:
        for page in pages(self._keys(artifact_hash=bytes.fromhex(parent.artifact))):
            for version in self._versions(page):
                if version.manifest_digest.hex() == parent.manifest:
                    return version.id
        raise VerificationFailed(
            f"the parent {parent.artifact[:12]}… was never published "
            f"with the manifest {(parent.manifest or '')[:12]}…",
            "Publish the parent first.",
        )

    def _anchor(self, event: abi.VersionPublished | abi.BatchAnchored, time: Seconds) -> Anchor:
        return Anchor(
            chain_id=self.chain.chain_id,
            registry=self.address,
            project_id=event.project_id,
            block_number=event.block_number,
            time=time,
            transaction=event.tx_hash,
            publisher=event.publisher,
        )


def _staying(
    came: Sequence[tuple["Event", Address]], went: Sequence[tuple["Event", Address]]
) -> tuple[Address, ...]:
    """Who is left, in the order of coming."""
    changes = [*((event, who, True) for event, who in came), *((event, who, False) for event, who in went)]
    members: dict[Address, None] = {}
    for _, who, here in sorted(changes, key=lambda each: each[0].place):
        if here:
            members[who] = None
        else:
            members.pop(who, None)
    return tuple(members)


def _unless(refusal: str, read: Callable[[], _T]) -> _T | None:
    """What a view returns; None where it refuses so."""
    try:
        return read()
    except ContractReverted as reverted:
        if reverted.error == refusal:
            return None
        raise


def _topic(log: "LogReceipt", index: int) -> bytes:
    topics = log["topics"]
    if len(topics) <= index:
        raise ChainError("the node's answer cannot be used: an event has no topics", "Ask another.")
    return bytes(topics[index])


def _hex(digest: bytes) -> str:
    return "0x" + digest.hex()
