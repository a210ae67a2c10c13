"""The registry's history: every event in order, and the whole state rebuilt from nothing but them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.bindings import registry as abi
from orchestrator.bindings.registry import Status
from orchestrator.chain.bound import Event
from orchestrator.provenance.manifest import manifest_cid
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import AnchoredBatch, Members, Project, Version, cid_from, label_from
from orchestrator.types import ZERO_ADDRESS, Address, Digest, Seconds

EVENTS: tuple[type[Event], ...] = (
    abi.ProjectCreated,
    abi.OwnershipTransferStarted,
    abi.OwnershipTransferred,
    abi.PublisherAdded,
    abi.PublisherRemoved,
    abi.ParticipantAdded,
    abi.ParticipantRemoved,
    abi.ThresholdChanged,
    abi.Paused,
    abi.Unpaused,
    abi.VersionPublished,
    abi.ArtifactStored,
    abi.StatusChanged,
    abi.VersionRevoked,
    abi.BatchAnchored,
)
"""What the registry tells of projects. `ChunkStored` is left out: chunks belong to nobody."""


@dataclass(frozen=True)
class Happening:
    """An event and when it happened."""

    time: Seconds
    event: Event


@dataclass(frozen=True)
class ProjectHistory:
    """A project as its events tell it: what reading the contract gives, without asking it."""

    project: Project
    members: Members
    versions: tuple[Version, ...] = ()
    batches: tuple[AnchoredBatch, ...] = ()


def read_history(registry: RegistryReader, project_id: Digest | None = None) -> list[Happening]:
    """All events, or those of one project, in the order in which they happened."""
    found = [
        event for kind in EVENTS for event in registry.contract.events(kind, **_filter(kind, project_id))
    ]
    times = {number: registry.block_time(number) for number in {each.block_number for each in found}}
    found.sort(key=lambda each: each.place)
    if project_id is not None:
        found = _without_strangers(found)
    return [Happening(times[each.block_number], each) for each in found]


def rebuild(history: Iterable[Happening]) -> dict[Digest, ProjectHistory]:
    """The projects that these events leave behind, by id; they are in order, from the beginning on."""
    projects: dict[Digest, ProjectHistory] = {}
    homes: dict[Digest, Digest] = {}  # version id → project id, for events that name the version only
    for each in history:
        event = each.event
        if isinstance(event, abi.VersionPublished):
            homes[event.version_id] = event.project_id
        home: Digest = (
            homes[event.version_id] if isinstance(event, abi.ArtifactStored) else vars(event)["project_id"]
        )
        if isinstance(event, abi.ProjectCreated):
            projects[home] = _created(event)
        else:
            projects[home] = _after(projects[home], event, each.time)
    return projects


def _filter(kind: type[Event], project_id: Digest | None) -> dict[str, Any]:
    return {} if project_id is None or kind is abi.ArtifactStored else {"project_id": project_id}


def _without_strangers(events: list[Event]) -> list[Event]:
    own = {event.version_id for event in events if isinstance(event, abi.VersionPublished)}
    return [each for each in events if not isinstance(each, abi.ArtifactStored) or each.version_id in own]


def _created(event: abi.ProjectCreated) -> ProjectHistory:
    project = Project(
        id=event.project_id,
        name=event.name,
        owner=event.creator,
        pending_owner=None,
        paused=False,
        threshold=0,
        participants=0,
        versions=0,
        batches=0,
    )
    return ProjectHistory(project, Members((), ()))


def _after(before: ProjectHistory, event: Event, time: Seconds) -> ProjectHistory:
    match event:
        case abi.OwnershipTransferStarted(pending_owner=heir):
            return _changed(before, pending_owner=None if heir == ZERO_ADDRESS else heir)
        case abi.OwnershipTransferred(new_owner=owner):
            return _changed(before, owner=owner, pending_owner=None)
        case abi.ThresholdChanged(new_threshold=threshold):
            return _changed(before, threshold=threshold)
        case abi.Paused() | abi.Unpaused():
            return _changed(before, paused=isinstance(event, abi.Paused))
        case abi.VersionPublished():
            return _grown(before, versions=(*before.versions, _version(event, time)))
        case abi.BatchAnchored():
            return _grown(before, batches=(*before.batches, _batch(event, time)))
        case abi.ArtifactStored(version_id=version, chunks=chunks):
            return _version_changed(before, version, chunks=chunks)
        case abi.StatusChanged(version_id=version, new_status=status):
            return _version_changed(before, version, True, status=status)
        case abi.VersionRevoked(version_id=version, reason=reason):
            return _version_changed(before, version, True, status=Status.REVOKED, reason=reason)
    return _regrouped(before, event)


def _regrouped(before: ProjectHistory, event: Event) -> ProjectHistory:
    members = before.members
    match event:
        case abi.PublisherAdded(publisher=who):
            members = replace(members, publishers=(*_others(members.publishers, who), who))
        case abi.PublisherRemoved(publisher=who):
            members = replace(members, publishers=_others(members.publishers, who))
        case abi.ParticipantAdded(participant=who):
            members = replace(members, participants=(*_others(members.participants, who), who))
        case abi.ParticipantRemoved(participant=who):
            members = replace(members, participants=_others(members.participants, who))
    return _changed(replace(before, members=members), participants=len(members.participants))


def _others(members: tuple[Address, ...], who: Address) -> tuple[Address, ...]:
    return tuple(each for each in members if each != who)


def _version(event: abi.VersionPublished, time: Seconds) -> Version:
    return Version(
        id=event.version_id,
        project_id=event.project_id,
        artifact_hash=event.artifact_hash,
        manifest_digest=event.manifest_digest,
        manifest_cid=manifest_cid(event.manifest_digest),
        artifact_cid=cid_from(event.cid_kind, event.cid_digest),
        status=event.status,
        number=event.number,
        published_at=time,
        revision=0,
        approvals=len(event.signers),
        parents=event.parents,
        chunks=(),
        reason="",
    )


def _batch(event: abi.BatchAnchored, time: Seconds) -> AnchoredBatch:
    return AnchoredBatch(
        project_id=event.project_id,
        root=event.root,
        number=event.number,
        count=event.count,
        anchored_at=time,
        label=label_from(event.label),
        cid=cid_from(event.cid_kind, event.cid_digest),
    )


def _grown(before: ProjectHistory, **values: Any) -> ProjectHistory:
    grown = replace(before, **values)
    return _changed(grown, versions=len(grown.versions), batches=len(grown.batches))


def _changed(before: ProjectHistory, **values: Any) -> ProjectHistory:
    return replace(before, project=replace(before.project, **values))


def _version_changed(
    before: ProjectHistory, changed: Digest, revised: bool = False, **values: Any
) -> ProjectHistory:
    versions = tuple(
        replace(each, revision=each.revision + revised, **values) if each.id == changed else each
        for each in before.versions
    )
    return replace(before, versions=versions)
