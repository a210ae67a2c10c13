"""What the registry's views return, as values; and how many of them one call asks for."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from orchestrator.bindings.registry import ProjectView, Status, VersionKey, VersionView
from orchestrator.provenance.records import Project, Version
from orchestrator.storage.cid import Cid
from orchestrator.types import ZERO_ADDRESS, Digest, Seconds

PAGE = 50
"""How many projects or versions one call asks for: the largest 50 take half of a block's gas."""

_T = TypeVar("_T")


def pages(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield `things` by so many as one call asks for."""
    for start in range(0, len(things), PAGE):
        yield things[start : start + PAGE]


def project_from(project_id: Digest, found: ProjectView) -> Project | None:
    """The project that a view tells of; None if there is none."""
    if found.owner == ZERO_ADDRESS:
        return None
    pending = None if found.pending_owner == ZERO_ADDRESS else found.pending_owner
    return Project(project_id, **{**vars(found), "pending_owner": pending})


def version_from(key: VersionKey, found: VersionView) -> Version | None:
    """The version that a view tells of; None if there is none."""
    if found.status is Status.NONE:
        return None
    return Version(
        id=found.version_id,
        project_id=key.project_id,
        artifact_hash=key.artifact_hash,
        manifest_digest=found.manifest_digest,
        manifest_cid=str(Cid.from_bytes(found.manifest_cid)),
        artifact_cid=cid_text(found.artifact_cid),
        status=found.status,
        number=found.number,
        published_at=Seconds(found.published_at),
        revision=found.revision,
        approvals=found.approvals,
        parents=found.parents,
        chunks=found.chunks,
        reason=found.reason,
    )


def cid_text(data: bytes) -> str | None:
    """A binary CID as text; None for none."""
    return str(Cid.from_bytes(data)) if data else None
