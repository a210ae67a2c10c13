"""Members: publishers, participants and their threshold.

setPublishers, setParticipants
├── zero, or in the role already → InvalidMember; not in the role → NotMember (also twice in one call)
├── threshold above the number that is left → ThresholdTooHigh, and nothing has changed
├── in `removed` and in `added` → stays, once
├── a removed publisher can publish nothing any more; a removed participant's approvals do not count
├── approvals of participants who stay remain valid when others come and go
├── the threshold of the moment counts, raised or lowered
└── a participant added again: what they had signed counts again
resign
├── without a role → NotMember; a second time → NotMember
├── gives up both roles, voids unused approvals, keeps ownership
└── may leave fewer participants than the threshold: nothing is published until the owner changes the set
"""

import pytest

from tests.contracts.registry.world import PARTICIPANTS, ZERO, Status, World, refused, sha256


def test_set_publishers__changed__says_so(world: World) -> None:
    receipt = world.send(
        "setPublishers", world.project, world.roles("alice", "bob"), world.roles("publisher")
    )
    added = [event["publisher"] for event in world.events("PublisherAdded", receipt)]
    assert added == world.roles("alice", "bob")
    removed = world.events("PublisherRemoved", receipt)
    assert removed == [{"projectId": world.project, "publisher": world.role("publisher")}]
    with refused("NotPublisher", world.project, world.role("publisher").lower()):
        world.publish(world.publication(), "alice")
    world.publish(world.publication(), "alice", sender="bob")


def test_set_publishers__no_change_given__does_nothing(world: World) -> None:
    assert not world.send("setPublishers", world.project, [], [])["logs"]


@pytest.mark.parametrize(
    ("added", "removed", "error"),
    [
        (["publisher"], [], "InvalidMember"),
        (["alice", "alice"], [], "InvalidMember"),
        ([ZERO], [], "InvalidMember"),
        ([], ["alice"], "NotMember"),
        ([], ["publisher", "publisher"], "NotMember"),
        ([], [ZERO], "NotMember"),
        ([], ["owner"], "NotMember"),  # the owner publishes by owning
    ],
)
def test_set_publishers__wrong_account__refused(
    world: World, added: list[str], removed: list[str], error: str
) -> None:
    with refused(error):
        world.send("setPublishers", world.project, _accounts(world, added), _accounts(world, removed))


def test_set_publishers__removed_and_added__stays(world: World) -> None:
    world.send("setPublishers", world.project, world.roles("publisher"), world.roles("publisher"))
    assert world.call("isPublisher", world.project, world.role("publisher"))


def test_set_publishers__a_participant__keeps_the_other_role(world: World) -> None:
    world.send("setPublishers", world.project, world.roles("alice"), [])
    world.send("setPublishers", world.project, [], world.roles("alice"))
    assert world.call("isParticipant", world.project, world.role("alice"))
    assert not world.call("isPublisher", world.project, world.role("alice"))


def test_set_participants__changed__says_so(world: World) -> None:
    receipt = world.send(
        "setParticipants", world.project, world.roles("stranger"), world.roles("alice", "bob"), 4
    )
    gone = [event["participant"] for event in world.events("ParticipantRemoved", receipt)]
    assert gone == world.roles("alice", "bob")
    come = [event["participant"] for event in world.events("ParticipantAdded", receipt)]
    assert come == world.roles("stranger")
    assert world.events("ThresholdChanged", receipt) == [
        {"projectId": world.project, "previousThreshold": 1, "newThreshold": 4}
    ]
    assert (world.seen()["participants"], world.seen()["threshold"]) == (4, 4)


@pytest.mark.parametrize(
    ("added", "removed", "error"),
    [
        (["alice"], [], "InvalidMember"),
        (["stranger", "stranger"], [], "InvalidMember"),
        ([ZERO], [], "InvalidMember"),
        ([], ["publisher"], "NotMember"),
        ([], ["alice", "alice"], "NotMember"),
        ([], [ZERO], "NotMember"),
    ],
)
def test_set_participants__wrong_account__refused(
    world: World, added: list[str], removed: list[str], error: str
) -> None:
    with refused(error):
        world.send("setParticipants", world.project, _accounts(world, added), _accounts(world, removed), 1)


def test_set_participants__fewer_than_the_threshold_left__refused_and_unchanged(world: World) -> None:
    world.set_threshold(5)
    with refused("ThresholdTooHigh", 5, 4):
        world.send("setParticipants", world.project, [], world.roles("alice"), 5)
    assert world.seen()["participants"] == 5
    assert world.call("isParticipant", world.project, world.role("alice"))
    world.send("setParticipants", world.project, [], world.roles("alice"), 4)


def test_set_participants__everybody_removed__publishers_alone_decide(world: World) -> None:
    world.send("setParticipants", world.project, [], world.roles(*PARTICIPANTS), 0)
    world.publish(world.publication())
    assert world.version()["approvals"] == 0


def test_set_participants__signer_removed__approval_does_not_count(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "alice")
    world.send("setParticipants", world.project, world.roles("stranger"), world.roles("alice"), 1)
    with refused("NotParticipant", world.project, world.role("alice").lower()):
        world.send("publish", message, approvals, sender="publisher")


def test_set_participants__others_come_and_go__approvals_stay_valid(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "alice", "bob")
    world.send("setParticipants", world.project, world.roles("stranger"), world.roles("carol", "dave"), 2)
    world.send("publish", message, approvals, sender="publisher")
    assert world.version()["approvals"] == 2


def test_set_participants__signer_added_again__approval_counts_again(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "alice")
    world.send("setParticipants", world.project, [], world.roles("alice"), 1)
    world.send("setParticipants", world.project, world.roles("alice"), [], 1)
    world.send("publish", message, approvals, sender="publisher")


def test_set_participants__threshold_raised__collected_approvals_are_too_few(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "alice", "bob")
    world.set_threshold(3)
    with refused("TooFewApprovals", 2, 3):
        world.send("publish", message, approvals, sender="publisher")
    world.set_threshold(2)
    world.send("publish", message, approvals, sender="publisher")


def test_set_participants__published_already__versions_stay_as_they_are(world: World) -> None:
    world.publish(world.publication(), "alice", "bob")
    world.send("setParticipants", world.project, [], world.roles("alice", "bob"), 3)
    assert world.version()["approvals"] == 2
    assert world.version()["status"] == Status.PUBLISHED


def test_resign__both_roles__gives_up_both(world: World) -> None:
    world.send("setPublishers", world.project, world.roles("alice"), [])
    receipt = world.send("resign", world.project, sender="alice")
    assert world.events("PublisherRemoved", receipt)
    assert world.events("ParticipantRemoved", receipt)
    assert not world.call("isPublisher", world.project, world.role("alice"))
    assert not world.call("isParticipant", world.project, world.role("alice"))
    assert world.seen()["participants"] == 4
    with refused("NotMember", world.project, world.role("alice").lower()):
        world.send("resign", world.project, sender="alice")


@pytest.mark.parametrize("caller", ["owner", "stranger"])
def test_resign__without_a_role__refused(world: World, caller: str) -> None:
    with refused("NotMember", world.project, world.role(caller).lower()):
        world.send("resign", world.project, sender=caller)
    with refused("NotMember"):
        world.send("resign", sha256("no project"), sender=caller)


def test_resign__owner_with_a_role__stays_owner(world: World) -> None:
    world.send("setPublishers", world.project, world.roles("owner"), [])
    world.send("resign", world.project, sender="owner")
    assert world.seen()["owner"] == world.role("owner")
    assert world.call("isPublisher", world.project, world.role("owner"))


def test_resign__signed_before__approval_is_void(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "alice")
    world.send("resign", world.project, sender="alice")
    with refused("NotParticipant"):
        world.send("publish", message, approvals, sender="publisher")


def test_resign__below_the_threshold__nothing_is_published_until_the_owner_acts(world: World) -> None:
    world.set_threshold(5)
    world.send("resign", world.project, sender="erin")
    assert (world.seen()["participants"], world.seen()["threshold"]) == (4, 5)
    message = world.publication()
    with refused("TooFewApprovals", 4, 5):
        world.publish(message, *PARTICIPANTS[:4])
    with refused("ThresholdTooHigh", 5, 4):
        world.set_threshold(5)
    world.set_threshold(4)
    world.publish(message, *PARTICIPANTS[:4])


def _accounts(world: World, names: list[str]) -> list[str]:
    return [name if name == ZERO else world.role(name) for name in names]
