"""The registry's history: every event in order, and the whole state rebuilt from nothing but them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.provenance.identifiers import NOBODY
from orchestrator.provenance.manifest import manifest_cid
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import (
    AnchoredBatch,
    CidKind,
    Members,
    Project,
    Status,
    Version,
    cid_from,
    label_from,
)
from orchestrator.types import Digest, Seconds

EVENTS = (
    "ProjectCreated",
    "OwnershipTransferStarted",
    "OwnershipTransferred",
    "PublisherAdded",
    "PublisherRemoved",
    "ParticipantAdded",
    "ParticipantRemoved",
    "ThresholdChanged",
    "Paused",
    "Unpaused",
    "VersionPublished",
    "ArtifactStored",
    "StatusChanged",
    "VersionRevoked",
    "BatchAnchored",
)
"""What the registry tells of projects. `ChunkStored` is left out: chunks belong to nobody."""


@dataclass(frozen=True)
class Event:
    """Something that happened in block `block_number`, at `time`; names and values are the contract's own."""

    name: str
    block_number: int
    log_index: int
    time: Seconds
    transaction: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class ProjectHistory:
    """A project as its events tell it: what reading the contract gives, without asking it."""

    project: Project
    members: Members
    versions: tuple[Version, ...] = ()
    batches: tuple[AnchoredBatch, ...] = ()


def read_history(registry: RegistryReader, project_id: Digest | None = None) -> list[Event]:
    """All events, or those of one project, in the order in which they happened."""
    found = [
        (event["blockNumber"], event["logIndex"], name, event)
        for name in EVENTS
        for event in registry.events(name, _filter(name, project_id))
    ]
    times = {number: registry.block_time(number) for number in {each[0] for each in found}}
    events = [
        Event(name, block, index, times[block], event["transactionHash"].to_0x_hex(), event["args"])
        for block, index, name, event in sorted(found, key=lambda each: each[:2])
    ]
    return events if project_id is None else _without_strangers(events)


def rebuild(events: Iterable[Event]) -> dict[Digest, ProjectHistory]:
    """The projects that these events leave behind, by id; they are in order, from the beginning on."""
    projects: dict[Digest, ProjectHistory] = {}
    homes: dict[Digest, Digest] = {}  # version id → project id, for events that name the version only
    for event in events:
        if event.name == "VersionPublished":
            homes[event.args["versionId"]] = event.args["projectId"]
        project_id = event.args.get("projectId") or homes[event.args["versionId"]]
        if event.name == "ProjectCreated":
            projects[project_id] = _created(event)
        else:
            projects[project_id] = _STEPS[event.name](projects[project_id], event)
    return projects


def _filter(name: str, project_id: Digest | None) -> dict[str, Any] | None:
    return None if project_id is None or name == "ArtifactStored" else {"projectId": project_id}


def _without_strangers(events: list[Event]) -> list[Event]:
    own = {event.args["versionId"] for event in events if event.name == "VersionPublished"}
    return [event for event in events if event.name != "ArtifactStored" or event.args["versionId"] in own]


def _created(event: Event) -> ProjectHistory:
    project = Project(
        id=event.args["projectId"],
        name=event.args["name"],
        owner=event.args["creator"],
        pending_owner=None,
        paused=False,
        threshold=0,
        participants=0,
        versions=0,
        batches=0,
    )
    return ProjectHistory(project, Members((), ()))


def _offered(before: ProjectHistory, event: Event) -> ProjectHistory:
    heir = event.args["pendingOwner"]
    return _changed(before, pending_owner=None if heir == NOBODY else heir)


def _handed_over(before: ProjectHistory, event: Event) -> ProjectHistory:
    return _changed(before, owner=event.args["newOwner"], pending_owner=None)


def _member(role: str, added: bool) -> Callable[[ProjectHistory, Event], ProjectHistory]:
    def step(before: ProjectHistory, event: Event) -> ProjectHistory:
        account = event.args[role]
        kept = tuple(each for each in getattr(before.members, role + "s") if each != account)
        members = replace(before.members, **{role + "s": (*kept, account) if added else kept})
        return _changed(replace(before, members=members), participants=len(members.participants))

    return step


def _published(before: ProjectHistory, event: Event) -> ProjectHistory:
    args = event.args
    version = Version(
        id=args["versionId"],
        project_id=args["projectId"],
        artifact_hash=args["artifactHash"],
        manifest_digest=args["manifestDigest"],
        manifest_cid=manifest_cid(args["manifestDigest"]),
        artifact_cid=cid_from(CidKind(args["cidKind"]), args["cidDigest"]),
        status=Status(args["status"]),
        number=args["number"],
        published_at=event.time,
        revision=0,
        approvals=len(args["signers"]),
        parents=tuple(args["parents"]),
        chunks=(),
        reason="",
    )
    grown = replace(before, versions=(*before.versions, version))
    return _changed(grown, versions=len(grown.versions))


def _stored(before: ProjectHistory, event: Event) -> ProjectHistory:
    return _version_changed(before, event, chunks=tuple(event.args["chunks"]))


def _marked(before: ProjectHistory, event: Event) -> ProjectHistory:
    return _version_changed(before, event, True, status=Status(event.args["newStatus"]))


def _revoked(before: ProjectHistory, event: Event) -> ProjectHistory:
    return _version_changed(before, event, True, status=Status.REVOKED, reason=event.args["reason"])


def _anchored(before: ProjectHistory, event: Event) -> ProjectHistory:
    args = event.args
    batch = AnchoredBatch(
        project_id=args["projectId"],
        root=args["root"],
        number=args["number"],
        count=args["count"],
        anchored_at=event.time,
        label=label_from(args["label"]),
        cid=cid_from(CidKind(args["cidKind"]), args["cidDigest"]),
    )
    grown = replace(before, batches=(*before.batches, batch))
    return _changed(grown, batches=len(grown.batches))


def _changed(before: ProjectHistory, **values: Any) -> ProjectHistory:
    return replace(before, project=replace(before.project, **values))


def _version_changed(
    before: ProjectHistory, event: Event, revised: bool = False, **values: Any
) -> ProjectHistory:
    changed = event.args["versionId"]
    versions = tuple(
        replace(each, revision=each.revision + revised, **values) if each.id == changed else each
        for each in before.versions
    )
    return replace(before, versions=versions)


_STEPS: Mapping[str, Callable[[ProjectHistory, Event], ProjectHistory]] = {
    "OwnershipTransferStarted": _offered,
    "OwnershipTransferred": _handed_over,
    "PublisherAdded": _member("publisher", True),
    "PublisherRemoved": _member("publisher", False),
    "ParticipantAdded": _member("participant", True),
    "ParticipantRemoved": _member("participant", False),
    "ThresholdChanged": lambda before, event: _changed(before, threshold=event.args["newThreshold"]),
    "Paused": lambda before, event: _changed(before, paused=True),
    "Unpaused": lambda before, event: _changed(before, paused=False),
    "VersionPublished": _published,
    "ArtifactStored": _stored,
    "StatusChanged": _marked,
    "VersionRevoked": _revoked,
    "BatchAnchored": _anchored,
}
