"""The registry's whole state, got in two ways: from its events alone, and from its views."""

from collections.abc import Iterable, Iterator
from typing import Any

from web3.contract import Contract

from tests.contracts.registry.world import ZERO, Kind, Status, World
from tests.stateful.registry_model import Batch, Project, Version, cid

State = dict[bytes, Project]
Event = dict[str, Any]


def from_events(world: World, from_block: int) -> State:
    """Rebuild every project from what the registry has emitted since `from_block`."""
    rebuilt = Rebuilt()
    for name, args, timestamp in _events(world, from_block):
        getattr(rebuilt, f"on_{name}")(args, timestamp)
    return rebuilt.projects


def from_views(world: World, state: State, accounts: Iterable[str]) -> State:
    """Ask for everything that `state` says there is (so nothing but what was emitted need be known)."""
    return {project_id: _viewed(world, project_id, state[project_id], accounts) for project_id in state}


class Rebuilt:
    """One method for each event."""

    def __init__(self) -> None:
        self.projects: State = {}
        self._by_id: dict[bytes, Version] = {}

    def on_ProjectCreated(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]] = Project(args["name"], args["creator"])

    def on_OwnershipTransferStarted(self, args: Event, _: int) -> None:
        pending = args["pendingOwner"]
        self.projects[args["projectId"]].pending = None if pending == ZERO else pending

    def on_OwnershipTransferred(self, args: Event, _: int) -> None:
        project = self.projects[args["projectId"]]
        project.owner, project.pending = args["newOwner"], None

    def on_PublisherAdded(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].publishers.add(args["publisher"])

    def on_PublisherRemoved(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].publishers.remove(args["publisher"])

    def on_ParticipantAdded(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].participants.add(args["participant"])

    def on_ParticipantRemoved(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].participants.remove(args["participant"])

    def on_ThresholdChanged(self, args: Event, _: int) -> None:
        project = self.projects[args["projectId"]]
        assert project.threshold == args["previousThreshold"]
        project.threshold = args["newThreshold"]

    def on_Paused(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].paused = True

    def on_Unpaused(self, args: Event, _: int) -> None:
        self.projects[args["projectId"]].paused = False

    def on_VersionPublished(self, args: Event, timestamp: int) -> None:
        version = Version(
            number=args["number"],
            status=Status(args["status"]),
            published_at=timestamp,
            approvals=len(args["signers"]),
            manifest=args["manifestDigest"],
            cid=cid(Kind(args["cidKind"]), args["cidDigest"]),
            parents=list(args["parents"]),
        )
        self._by_id[args["versionId"]] = version
        self.projects[args["projectId"]].versions[args["artifactHash"]] = version

    def on_ArtifactStored(self, args: Event, _: int) -> None:
        self._by_id[args["versionId"]].chunks = list(args["chunks"])

    def on_StatusChanged(self, args: Event, _: int) -> None:
        version = self._by_id[args["versionId"]]
        assert version.status == args["previousStatus"]
        version.status = Status(args["newStatus"])
        version.revision += 1

    def on_VersionRevoked(self, args: Event, _: int) -> None:
        version = self._by_id[args["versionId"]]
        version.status = Status.REVOKED
        version.revision += 1
        version.reason = args["reason"]

    def on_BatchAnchored(self, args: Event, timestamp: int) -> None:
        address = cid(Kind(args["cidKind"]), args["cidDigest"])
        batch = Batch(args["number"], args["count"], args["label"], address, timestamp)
        self.projects[args["projectId"]].batches[args["root"]] = batch

    def on_ChunkStored(self, args: Event, _: int) -> None:
        assert args["size"] > 0


def _events(world: World, from_block: int) -> Iterator[tuple[str, Event, int]]:
    """Name, arguments and time of each event, oldest first."""
    registry: Contract = world.registry
    by_topic = {
        bytes(event.topic if isinstance(event.topic, bytes) else bytes.fromhex(event.topic[2:])): event
        for event in (registry.events[entry["name"]]() for entry in registry.abi if entry["type"] == "event")
    }
    times: dict[int, int] = {}
    for log in world.evm.web3.eth.get_logs({"address": registry.address, "fromBlock": from_block}):
        event = by_topic[bytes(log["topics"][0])]
        number = log["blockNumber"]
        if number not in times:
            times[number] = world.evm.web3.eth.get_block(number)["timestamp"]
        yield event.event_name, dict(event.process_log(log)["args"]), times[number]


def _viewed(world: World, project_id: bytes, known: Project, accounts: Iterable[str]) -> Project:
    seen = world.seen(project_id)
    assert seen["versions"] == len(known.versions)
    assert seen["batches"] == len(known.batches)
    participants = {one for one in accounts if world.call("isParticipant", project_id, one)}
    assert seen["participants"] == len(participants)
    publishers = {one for one in accounts if world.call("isPublisher", project_id, one)}
    if seen["owner"] not in known.publishers:
        publishers.remove(seen["owner"])  # who publishes by owning
    return Project(
        name=seen["name"],
        owner=seen["owner"],
        pending=None if seen["pendingOwner"] == ZERO else seen["pendingOwner"],
        paused=seen["paused"],
        threshold=seen["threshold"],
        publishers=publishers,
        participants=participants,
        versions={artifact: _viewed_version(world, project_id, artifact) for artifact in known.versions},
        batches={root: _viewed_batch(world, project_id, root) for root in known.batches},
    )


def _viewed_version(world: World, project_id: bytes, artifact: bytes) -> Version:
    seen = world.version_by_hash(project_id, artifact)
    return Version(
        number=seen["number"],
        status=Status(seen["status"]),
        published_at=seen["publishedAt"],
        approvals=seen["approvals"],
        manifest=seen["manifestDigest"],
        cid=seen["artifactCid"],
        parents=list(seen["parents"]),
        chunks=list(seen["chunks"]),
        revision=seen["revision"],
        reason=seen["reason"],
    )


def _viewed_batch(world: World, project_id: bytes, root: bytes) -> Batch:
    number, count, anchored_at, label, address = world.call("batch", project_id, root)
    return Batch(number, count, label, address, anchored_at)
