"""What the model registry speaks of, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.bindings.registry import CidKind, Publication, Status
from orchestrator.provenance.manifest import Manifest
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.times import instant
from orchestrator.types import Address, Digest, Seconds

MOST_COPIES = 100
"""How many versions with the same bytes are looked at where no project is named."""


def publication_of(
    manifest: Manifest, project_id: Digest, parents: Sequence[Digest] = (), *, deployable: bool | None = None
) -> Publication:
    """What publishing `manifest` in this project means.

    `parents` are the version ids of the manifest's parents (see `ModelRegistry.parent_ids`). Unless
    `deployable` is given, a model is deployable if its manifest holds a gate that it passed.
    """
    gate = manifest.predicate.evaluation.gate
    cid = Cid.parse(manifest.artifact_cid)
    return Publication(
        project_id=project_id,
        artifact_hash=manifest.artifact_hash,
        manifest_digest=manifest.digest,
        cid_kind=cid_kind(cid),
        cid_digest=cid_digest(cid),
        parents=tuple(sorted(set(parents))),
        deployable=(gate is not None and gate.holds) if deployable is None else deployable,
    )


@dataclass(frozen=True)
class Project:
    """A project: `threshold` of `participants` must sign what is published. `pending_owner` may be None."""

    id: Digest
    name: str
    owner: Address
    pending_owner: Address | None
    paused: bool
    threshold: int
    participants: int
    versions: int
    batches: int


@dataclass(frozen=True)
class Members:
    """Who may publish (beside the owner) and who may sign, as the events tell it."""

    publishers: tuple[Address, ...]
    participants: tuple[Address, ...]


@dataclass(frozen=True)
class Version:
    """A published version. `reason` says why it was revoked; `chunks` hold an artifact that is on-chain."""

    id: Digest
    project_id: Digest
    artifact_hash: Digest
    manifest_digest: Digest
    manifest_cid: str
    artifact_cid: str | None
    status: Status
    number: int
    published_at: Seconds
    revision: int
    approvals: int
    parents: tuple[Digest, ...]
    chunks: tuple[Address, ...]
    reason: str

    @property
    def on_chain(self) -> bool:
        return bool(self.chunks)

    def to_json(self) -> dict[str, Any]:
        """Facts for machines."""
        return {
            "project": self.project_id.hex(),
            "number": self.number,
            "status": self.status.word,
            "reason": self.reason or None,
            "sha256": self.artifact_hash.hex(),
            "cid": self.artifact_cid,
            "manifest": self.manifest_digest.hex(),
            "published_at": instant(self.published_at),
        }


def agree(versions: Sequence[Version]) -> bool:
    """Whether it does not matter which is meant: all say the same of the bytes, and none is revoked."""
    said = {(each.status, each.manifest_digest, each.parents) for each in versions}
    return len(said) == 1 and len(versions) < MOST_COPIES and versions[0].status is not Status.REVOKED


@dataclass(frozen=True)
class Anchor:
    """Where and when something was recorded: the transaction and its block, and who sent it.

    Of a version also who signed, and whether it was published as deployable.
    """

    chain_id: int
    registry: Address
    project_id: Digest
    block_number: int
    time: Seconds
    transaction: str
    publisher: Address
    signers: tuple[Address, ...] = ()
    deployable: bool = False

    def to_json(self) -> dict[str, Any]:
        """Facts for machines."""
        return {
            "chain_id": self.chain_id,
            "registry": self.registry,
            "block": self.block_number,
            "time": instant(self.time),
            "transaction": self.transaction,
            "publisher": self.publisher,
            "signers": list(self.signers),
        }


@dataclass(frozen=True)
class AnchoredBatch:
    """Many records under one Merkle root; `label` says what they are."""

    project_id: Digest
    root: Digest
    number: int
    count: int
    anchored_at: Seconds
    label: str
    cid: str | None


def cid_kind(cid: Cid | None) -> CidKind:
    if cid is None:
        return CidKind.NONE
    if cid.codec == RAW:
        return CidKind.RAW
    return CidKind.DAG_PB if cid.version == 1 else CidKind.DAG_PB_V0


def cid_digest(cid: Cid | None) -> Digest:
    return Digest(bytes(32) if cid is None else cid.digest)


def cid_from(kind: CidKind, digest: bytes) -> str | None:
    """The CID that `cid_kind` and `cid_digest` took apart."""
    if kind is CidKind.NONE:
        return None
    version = 0 if kind is CidKind.DAG_PB_V0 else 1
    return str(Cid(version, RAW if kind is CidKind.RAW else DAG_PB, digest))


def label_from(padded: bytes) -> str:
    """A batch's label, without the zeros behind it."""
    return bytes(padded).rstrip(b"\0").decode("ascii", "replace")
