"""What the registry's views return, as values; and how many of them one call asks for."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from orchestrator.provenance.identifiers import NOBODY
from orchestrator.provenance.records import Project, Status, Version
from orchestrator.storage.cid import Cid
from orchestrator.types import Digest, Seconds

PAGE = 50
"""How many projects or versions one call asks for: the largest 50 take half of a block's gas."""

_T = TypeVar("_T")


class VersionKey(NamedTuple):
    """Which version is meant: of which project, with which bytes."""

    project_id: Digest
    artifact_hash: Digest


def pages(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield `things` by so many as one call asks for."""
    for start in range(0, len(things), PAGE):
        yield things[start : start + PAGE]


def project_from(project_id: Digest, found: Any) -> Project | None:
    """The project that a `ProjectView` tells of; None if there is none."""
    name, owner, pending, paused, threshold, participants, versions, batches = found
    if owner == NOBODY:
        return None
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


def version_from(key: VersionKey, found: Any) -> Version | None:
    """The version that a `VersionView` tells of; None if there is none."""
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
    if status == Status.NONE:
        return None
    return Version(
        id=Digest(version_id),
        project_id=key.project_id,
        artifact_hash=key.artifact_hash,
        manifest_digest=Digest(manifest_digest),
        manifest_cid=str(Cid.from_bytes(manifest_cid)),
        artifact_cid=cid_text(artifact_cid),
        status=Status(status),
        number=number,
        published_at=Seconds(published_at),
        revision=revision,
        approvals=approvals,
        parents=tuple(Digest(parent) for parent in parents),
        chunks=tuple(chunks),
        reason=reason,
    )


def cid_text(data: bytes) -> str | None:
    """A binary CID as text; None for none."""
    return str(Cid.from_bytes(data)) if data else None
