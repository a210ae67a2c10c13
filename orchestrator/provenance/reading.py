"""What the model registry knows, read from the chain as values."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ChainError, ContractReverted, IntegrityError, VerificationFailed
from orchestrator.provenance.identifiers import NOBODY, project_id_of
from orchestrator.provenance.records import (
    Anchor,
    AnchoredBatch,
    Members,
    Project,
    Status,
    Version,
    label_from,
)
from orchestrator.storage.cid import Cid
from orchestrator.types import Address, Digest, Seconds

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.types import EventData

    from orchestrator.chain import Chain
    from orchestrator.provenance.predicate import Parent


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
        name, owner, pending, paused, threshold, participants, versions, batches = found
        return Project(
            id=project_id,
            name=name,
            owner=owner,
            pending_owner=None if pending == NOBODY else pending,
            paused=paused,
            threshold=threshold,
            participants=participants,
            versions=versions,
            batches=batches,
        )

    def projects(self) -> list[Project]:
        """All projects, in the order of their creation."""
        found = (self.project(Digest(event["args"]["projectId"])) for event in self.events("ProjectCreated"))
        return [project for project in found if project]

    def find_project(self, reference: str) -> Project:
        """The project with this id (hexadecimal) or, if only one has it, this name. Raises ChainError."""
        found = [each for each in self.projects() if reference in (each.name, each.id.hex(), _hex(each.id))]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(_hex(each.id) for each in found)
            raise ChainError(f"{len(found)} projects are named `{reference}`", f"Give one of the ids {ids}.")
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

    def version(self, project_id: Digest, artifact_hash: Digest) -> Version | None:
        """The version of this project with these bytes; None if there is none."""
        found = self._read("version", project_id, artifact_hash, unless="UnknownVersion")
        if found is None:
            return None
        return _version(project_id, artifact_hash, found)

    def find_versions(self, artifact_hash: Digest) -> list[Version]:
        """Every version with these bytes, in whatever project, oldest first."""
        return self._versions({"artifactHash": artifact_hash})

    def versions(self, project_id: Digest) -> list[Version]:
        """All versions of a project, oldest first."""
        return self._versions({"projectId": project_id})

    def version_by_id(self, version_id: Digest) -> Version | None:
        """The version with this id, such as a parent, in whatever project."""
        return next(iter(self._versions({"versionId": version_id})), None)

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
        """The version ids of a manifest's parents, ascending.

        Raises VerificationFailed for a parent that was never published with this manifest.
        """
        return tuple(sorted({self._parent_id(parent) for parent in parents}))

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
            cid=_cid(cid),
        )

    def batch_anchor(self, project_id: Digest, root: Digest) -> Anchor | None:
        """Where a batch was anchored; None if it was not."""
        batch = self.batch(project_id, root)
        if batch is None:
            return None
        event = next(self.events("BatchAnchored", {"projectId": project_id, "root": root}))
        return self._anchor(event, batch.anchored_at)

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
        return Seconds(int(self.chain.web3.eth.get_block(number)["timestamp"]))

    def _read(self, function: str, *args: Any, unless: str = "") -> Any:
        try:
            return self.chain.call(self.contract.functions[function](*args))
        except ContractReverted as reverted:
            if unless and reverted.error == unless:
                return None
            raise

    def _versions(self, filters: dict[str, Any]) -> list[Version]:
        keys = (event["args"] for event in self.events("VersionPublished", filters))
        found = (self.version(Digest(key["projectId"]), Digest(key["artifactHash"])) for key in keys)
        return [version for version in found if version]

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
        for version in self.find_versions(Digest(bytes.fromhex(parent.artifact))):
            if version.manifest_digest.hex() == parent.manifest:
                return version.id
        raise VerificationFailed(
            f"the parent {parent.artifact[:12]}… was never published "
            f"with the manifest {parent.manifest[:12]}…",
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


def _version(project_id: Digest, artifact_hash: Digest, found: Any) -> Version:
    (
        version_id,
        status,
        number,
        published_at,
        revision,
        approvals,
        manifest_digest,
        manifest_cid,
        artifact_cid,
        parents,
        chunks,
        reason,
    ) = found
    return Version(
        id=Digest(version_id),
        project_id=project_id,
        artifact_hash=artifact_hash,
        manifest_digest=Digest(manifest_digest),
        manifest_cid=str(Cid.from_bytes(manifest_cid)),
        artifact_cid=_cid(artifact_cid),
        status=Status(status),
        number=number,
        published_at=Seconds(published_at),
        revision=revision,
        approvals=approvals,
        parents=tuple(Digest(parent) for parent in parents),
        chunks=tuple(chunks),
        reason=reason,
    )


def _cid(data: bytes) -> str | None:
    return str(Cid.from_bytes(data)) if data else None


def _hex(digest: bytes) -> str:
    return "0x" + digest.hex()
