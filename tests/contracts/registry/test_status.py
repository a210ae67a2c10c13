"""The status of a version: every transition, by everybody.

promote (publisher or owner, with approvals, not while paused)
├── up, from Deprecated or Published → new status, next revision, evented with its signers
├── same, down, from or to Revoked or None → InvalidTransition; unknown version → UnknownVersion
├── approvals for another status, revision, artifact or project → InvalidSignature
└── used once; after a demotion it cannot be used again
demote (publisher or owner, no approvals, also while paused)
├── down to Published or Deprecated → new status, next revision
└── same, up, to Revoked or None, from Revoked → InvalidTransition
revoke (owner only, also while paused)
├── from every other status → Revoked for good, with the reason
├── a second time → InvalidTransition, and the reason stays
└── reason empty or above 256 bytes → InvalidReason
setAlias (publisher or owner, not while paused)
├── a version, or none → evented; the version stays as it is
└── unknown version, empty name → UnknownVersion, EmptyAlias
"""

import pytest

from tests.contracts.registry.world import ZERO, Status, World, refused, sha256

NONE, REVOKED, DEPRECATED, PUBLISHED, DEPLOYABLE = Status


def _bring_to(world: World, status: Status) -> int:
    """Publish artifact 1 and bring it to `status`; its revision then."""
    if status == NONE:
        return 0
    world.publish(world.publication(1, deployable=status == DEPLOYABLE), "alice")
    if status == DEPRECATED:
        world.demote(1, DEPRECATED)
    if status == REVOKED:
        world.revoke(1)
    revision: int = world.version(1)["revision"]
    return revision


UPWARDS = {(DEPRECATED, PUBLISHED), (DEPRECATED, DEPLOYABLE), (PUBLISHED, DEPLOYABLE)}
DOWNWARDS = {(DEPLOYABLE, PUBLISHED), (DEPLOYABLE, DEPRECATED), (PUBLISHED, DEPRECATED)}


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_promote__every_pair__only_upwards(world: World, before: Status, after: Status) -> None:
    revision = _bring_to(world, before)
    message = world.promotion(1, after, revision)
    if before == NONE:
        with refused("UnknownVersion", world.version_id(1)):
            world.promote(message, "alice")
    elif (before, after) in UPWARDS:
        receipt = world.promote(message, "alice", "bob")
        _check_changed(world, receipt, before, after, revision + 1, {"alice", "bob"})
    else:
        with refused("InvalidTransition", before, after):
            world.promote(message, "alice")


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_demote__every_pair__only_downwards(world: World, before: Status, after: Status) -> None:
    revision = _bring_to(world, before)
    if before == NONE:
        with refused("UnknownVersion", world.version_id(1)):
            world.demote(1, after)
    elif (before, after) in DOWNWARDS:
        receipt = world.demote(1, after)
        _check_changed(world, receipt, before, after, revision + 1, set())
    else:
        with refused("InvalidTransition", before, after):
            world.demote(1, after)


def _check_changed(
    world: World, receipt: object, before: Status, after: Status, revision: int, signers: set[str]
) -> None:
    (event,) = world.events("StatusChanged", receipt)
    assert (event["previousStatus"], event["newStatus"]) == (before, after)
    assert event["by"] == world.role("publisher")
    assert event["versionId"] == world.version_id(1)
    assert set(event["signers"]) == set(world.roles(*signers))
    assert world.version(1)["status"] == world.call("statusOf", world.version_id(1)) == after
    assert world.version(1)["revision"] == revision


@pytest.mark.parametrize("before", Status)
def test_revoke__from_every_status__for_good(world: World, before: Status) -> None:
    revision = _bring_to(world, before)
    if before == NONE:
        with refused("UnknownVersion", world.version_id(1)):
            world.revoke(1)
    elif before == REVOKED:
        with refused("InvalidTransition", REVOKED, REVOKED):
            world.revoke(1, "another reason")
        assert world.version(1)["reason"] == "poisoned"
    else:
        receipt = world.revoke(1, "training data were poisoned; see the report of 3 May")
        (event,) = world.events("VersionRevoked", receipt)
        assert event["reason"] == "training data were poisoned; see the report of 3 May"
        assert event["versionId"] == world.version_id(1)
        seen = world.version(1)
        assert (seen["status"], seen["revision"], seen["reason"]) == (REVOKED, revision + 1, event["reason"])
        assert seen["manifestDigest"] == sha256(sha256(1))  # reading goes on


@pytest.mark.parametrize("reason", ["", "r" * 257, "é" * 129])
def test_revoke__reason_empty_or_too_long__refused(world: World, reason: str) -> None:
    _bring_to(world, PUBLISHED)
    with refused("InvalidReason", len(reason.encode())):
        world.revoke(1, reason)


def test_revoke__longest_reason__kept(world: World) -> None:
    _bring_to(world, PUBLISHED)
    world.revoke(1, "é" * 128)
    assert world.version(1)["reason"] == "é" * 128


# ---------------------------------------------------------------- by whom


@pytest.mark.parametrize("caller", ["alice", "stranger"])
def test_promote_and_demote__neither_owner_nor_publisher__refused(world: World, caller: str) -> None:
    _bring_to(world, PUBLISHED)
    with refused("NotPublisher", world.project, world.role(caller).lower()):
        world.promote(world.promotion(1, DEPLOYABLE, 0), "alice", sender=caller)
    with refused("NotPublisher", world.project, world.role(caller).lower()):
        world.demote(1, DEPRECATED, sender=caller)


def test_promote_and_demote__owner__accepted(world: World) -> None:
    _bring_to(world, PUBLISHED)
    world.demote(1, DEPRECATED, sender="owner")
    world.promote(world.promotion(1, DEPLOYABLE, 1), "alice", sender="owner")


def test_revoke__publisher__refused_since_it_cannot_be_undone(world: World) -> None:
    _bring_to(world, PUBLISHED)
    with refused("NotOwner"):
        world.revoke(1, sender="publisher")


def test_status__stolen_publisher_key__owner_and_participants_repair_everything(world: World) -> None:
    _bring_to(world, DEPLOYABLE)
    world.demote(1, DEPRECATED, sender="publisher")
    world.send("setPublishers", world.project, [], world.roles("publisher"))
    world.promote(world.promotion(1, DEPLOYABLE, 1), "alice", sender="owner")
    assert world.version(1)["status"] == DEPLOYABLE


def test_status__same_artifact_in_another_project__untouched(world: World) -> None:
    other = world.create("other")
    world.publish(world.publication(1, projectId=other))
    _bring_to(world, REVOKED)
    assert world.version(1, other)["status"] == PUBLISHED


# ---------------------------------------------------------------- approvals, replay


def test_promote__too_few_approvals__refused(world: World) -> None:
    _bring_to(world, PUBLISHED)
    world.set_threshold(2)
    with refused("TooFewApprovals", 1, 2):
        world.promote(world.promotion(1, DEPLOYABLE, 0), "alice")


@pytest.mark.parametrize(
    "signed",
    [
        {"artifactHash": sha256(2)},
        {"projectId": sha256("other project")},
        {"status": PUBLISHED},
        {"revision": 0},
        {"revision": 2},
    ],
)
def test_promote__something_else_was_signed__refused(world: World, signed: dict[str, object]) -> None:
    _bring_to(world, DEPRECATED)  # revision 1
    signature = world.signature(world.promotion(1, DEPLOYABLE, 1) | signed, "alice")
    with refused("InvalidSignature"):
        approvals = [(world.role("alice"), signature)]
        world.send("promote", world.project, sha256(1), DEPLOYABLE, approvals, sender="publisher")


def test_promote__publication_signed__refused(world: World) -> None:
    _bring_to(world, PUBLISHED)
    signature = world.signature(world.publication(1, deployable=True), "alice")
    with refused("InvalidSignature"):
        approvals = [(world.role("alice"), signature)]
        world.send("promote", world.project, sha256(1), DEPLOYABLE, approvals, sender="publisher")


def test_promote__used_before__cannot_undo_a_demotion(world: World) -> None:
    _bring_to(world, PUBLISHED)
    approvals = world.approvals(world.promotion(1, DEPLOYABLE, 0), "alice")
    arguments = ("promote", world.project, sha256(1), DEPLOYABLE, approvals)
    world.send(*arguments, sender="publisher")
    with refused("InvalidTransition", DEPLOYABLE, DEPLOYABLE):
        world.send(*arguments, sender="publisher")
    world.demote(1, PUBLISHED)
    with refused("InvalidSignature"):
        world.send(*arguments, sender="publisher")


def test_promote__demoted_while_signatures_were_collected__they_are_void(world: World) -> None:
    _bring_to(world, PUBLISHED)
    approvals = world.approvals(world.promotion(1, DEPLOYABLE, 0), "alice")
    world.demote(1, DEPRECATED)
    with refused("InvalidSignature"):
        world.send("promote", world.project, sha256(1), DEPLOYABLE, approvals, sender="publisher")


def test_promote__no_threshold__publisher_alone(world: World) -> None:
    _bring_to(world, PUBLISHED)
    world.set_threshold(0)
    world.promote(world.promotion(1, DEPLOYABLE, 0))
    assert world.version(1)["status"] == DEPLOYABLE


def test_revoke__collected_promotion__is_void(world: World) -> None:
    _bring_to(world, PUBLISHED)
    approvals = world.approvals(world.promotion(1, DEPLOYABLE, 0), "alice")
    world.revoke(1)
    with refused("InvalidTransition", REVOKED, DEPLOYABLE):
        world.send("promote", world.project, sha256(1), DEPLOYABLE, approvals, sender="publisher")


def test_versions__several_and_one_unknown__each_as_version_tells_it(world: World) -> None:
    keys = []
    for number in range(3):
        message = world.publication(number)
        world.publish(message, "alice")
        keys.append((world.project, message["artifactHash"]))
    world.send("revoke", *keys[1], "wrong labels", sender="owner")
    unknown = (world.project, sha256("unknown"))
    found = world.call("versions", [*keys, unknown, keys[0]])
    assert found[:3] == [world.call("version", *key) for key in keys]
    assert found[1][-1] == "wrong labels"
    assert found[3][1] == Status.NONE
    assert found[4] == found[0]
    assert world.call("versions", []) == []


def test_projects__several_and_one_unknown__each_as_project_tells_it(world: World) -> None:
    other = world.create("other", threshold=0)
    found = world.call("projects", [other, bytes(32), world.project])
    assert found[0] == world.call("project", other)
    assert found[1] == ("", ZERO, ZERO, False, 0, 0, 0, 0)
    assert found[2] == world.call("project", world.project)


def test_are_participants__members_and_strangers__in_their_order(world: World) -> None:
    accounts = [world.evm.role(name) for name in ("alice", "stranger", "bob", "alice")]
    assert world.call("areParticipants", world.project, accounts) == [True, False, True, True]


# aliases

CHAMPION = b"champion".ljust(32, b"\0")


@pytest.mark.parametrize("sender", ["owner", "publisher"])
def test_set_alias__by_who_may_publish__is_evented_and_changes_no_version(world: World, sender: str) -> None:
    _bring_to(world, PUBLISHED)
    before = world.version(1)
    receipt = world.send("setAlias", world.project, CHAMPION, sha256(1), sender=sender)
    [event] = world.registry.events.Aliased().process_receipt(receipt)
    assert (event["args"]["name"], event["args"]["artifactHash"]) == (CHAMPION, sha256(1))
    assert event["args"]["by"] == world.role(sender)
    assert world.version(1) == before
    world.send("setAlias", world.project, CHAMPION, bytes(32), sender=sender)


def test_set_alias__by_a_stranger_a_participant_or_of_nothing__is_refused(world: World) -> None:
    _bring_to(world, PUBLISHED)
    for sender in ("stranger", "bob"):
        with refused("NotPublisher"):
            world.send("setAlias", world.project, CHAMPION, sha256(1), sender=sender)
    with refused("UnknownVersion", world.version_id(2)):
        world.send("setAlias", world.project, CHAMPION, sha256(2))
    with refused("EmptyAlias"):
        world.send("setAlias", world.project, bytes(32), sha256(1))
    world.send("pause", world.project)
    with refused("ProjectPaused", world.project):
        world.send("setAlias", world.project, CHAMPION, sha256(1))
