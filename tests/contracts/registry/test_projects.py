"""Projects: creating, owning, pausing.

createProject
├── name empty or above 64 bytes → InvalidName
├── the creator's second of that name → ProjectExists, and the first is as it was
├── another creator, same name → another id (nobody can squat)
├── member zero or named twice → InvalidMember
├── threshold above the number of participants → ThresholdTooHigh; more than 255 → TooManyParticipants
└── otherwise the caller owns it; everything is seen and evented
transferOwnership, acceptOwnership
├── not the owner → NotOwner; unknown project → UnknownProject
├── not the one it was offered to, or offered to nobody → NotPendingOwner
├── offer taken back, or made to somebody else → the first cannot accept
└── accepted → the old owner has lost every right, at once and for good; acceptance works once
pause, unpause
├── not the owner → NotOwner; twice → ProjectPaused, ProjectNotPaused
├── paused → no publish, publishOnChain, attachArtifact, promote, anchorBatch
└── paused → reading, demote, revoke, members, resign, ownership go on; unpaused → all goes on
"""

import pytest
from eth_abi import encode
from eth_utils import keccak
from web3 import Web3

from tests.contracts.registry.world import NAME, PARTICIPANTS, ZERO, Status, World, refused, sha256


def test_create_project__valid__is_seen_as_given(world: World) -> None:
    assert world.seen() == {
        "name": NAME,
        "owner": world.role("owner"),
        "pendingOwner": ZERO,
        "paused": False,
        "threshold": 1,
        "participants": 5,
        "versions": 0,
        "batches": 0,
    }
    for name in PARTICIPANTS:
        assert world.call("isParticipant", world.project, world.role(name))
        assert not world.call("isPublisher", world.project, world.role(name))
    assert world.call("isPublisher", world.project, world.role("publisher"))
    assert world.call("isPublisher", world.project, world.role("owner"))
    assert not world.call("isPublisher", world.project, world.role("stranger"))


def test_create_project__valid__emits_what_it_did(world: World) -> None:
    receipt = world.send("createProject", "b", world.roles("publisher"), world.roles("alice", "bob"), 2)
    project = world.call("projectIdOf", world.role("owner"), "b")
    assert world.events("ProjectCreated", receipt) == [
        {"projectId": project, "creator": world.role("owner"), "name": "b"}
    ]
    assert [event["publisher"] for event in world.events("PublisherAdded", receipt)] == world.roles(
        "publisher"
    )
    added = [event["participant"] for event in world.events("ParticipantAdded", receipt)]
    assert added == world.roles("alice", "bob")
    assert world.events("ThresholdChanged", receipt) == [
        {"projectId": project, "previousThreshold": 0, "newThreshold": 2}
    ]


def test_project_id_of__any__binds_chain_registry_creator_and_name(world: World) -> None:
    values = [world.evm.web3.eth.chain_id, world.registry.address, world.role("owner"), NAME]
    expected = keccak(encode(["uint256", "address", "address", "string"], values))
    assert world.project == expected


@pytest.mark.parametrize("name", ["", "n" * 65, "é" * 33])
def test_create_project__bad_name__refused(world: World, name: str) -> None:
    with refused("InvalidName", len(name.encode())):
        world.send("createProject", name, [], [], 0)


def test_create_project__longest_name__accepted(world: World) -> None:
    assert world.seen(world.create("n" * 64))["name"] == "n" * 64


def test_create_project__same_name_again__refused_and_unchanged(world: World) -> None:
    with refused("ProjectExists", world.project):
        world.send("createProject", NAME, [], [], 0)
    assert world.seen()["participants"] == 5


def test_create_project__after_giving_it_away__still_refused(world: World) -> None:
    world.send("transferOwnership", world.project, world.role("alice"))
    world.send("acceptOwnership", world.project, sender="alice")
    with refused("ProjectExists", world.project):
        world.send("createProject", NAME, [], [], 0)


def test_create_project__somebody_elses_name__gets_an_id_of_its_own(world: World) -> None:
    squatted = world.create(NAME, sender="stranger")
    assert squatted != world.project
    assert world.seen(squatted)["owner"] == world.role("stranger")
    assert world.seen()["owner"] == world.role("owner")


@pytest.mark.parametrize("position", [2, 3])
def test_create_project__zero_or_repeated_member__refused(world: World, position: int) -> None:
    for members in ([ZERO], world.roles("alice", "alice")):
        arguments = ["b", [], [], 0]
        arguments[position - 1] = members
        with refused("InvalidMember"):
            world.send("createProject", *arguments)


def test_create_project__threshold_above_participants__refused(world: World) -> None:
    with refused("ThresholdTooHigh", 3, 2):
        world.send("createProject", "b", [], world.roles("alice", "bob"), 3)


def test_create_project__255_participants__accepted_and_256_refused(world: World) -> None:
    many = [Web3.to_checksum_address(f"0x{index + 1:040x}") for index in range(256)]
    with refused("TooManyParticipants", 256):
        world.send("createProject", "b", [], many, 0)
    world.send("createProject", "b", [], many[:255], 255)
    project = world.call("projectIdOf", world.role("owner"), "b")
    assert world.seen(project)["participants"] == 255


def test_create_project__one_account_in_both_roles__has_both(world: World) -> None:
    project = world.create("b", publishers=["alice"], participants=["alice"], threshold=1)
    assert world.call("isPublisher", project, world.role("alice"))
    assert world.call("isParticipant", project, world.role("alice"))


def test_project__unknown__refused(world: World) -> None:
    with refused("UnknownProject", sha256("no project")):
        world.call("project", sha256("no project"))
    assert not world.call("isPublisher", sha256("no project"), ZERO)


# ---------------------------------------------------------------- ownership


OWNERS_OWN = {
    "setPublishers": ([], []),
    "setParticipants": ([], [], 0),
    "transferOwnership": (ZERO,),
    "pause": (),
    "unpause": (),
    "revoke": (sha256(1), "reason"),
}


@pytest.mark.parametrize("function", OWNERS_OWN)
@pytest.mark.parametrize("caller", ["publisher", "alice", "stranger"])
def test_owner_functions__somebody_else__refused(world: World, function: str, caller: str) -> None:
    with refused("NotOwner", world.project, world.role(caller).lower()):
        world.send(function, world.project, *OWNERS_OWN[function], sender=caller)


@pytest.mark.parametrize("function", OWNERS_OWN)
def test_owner_functions__unknown_project__refused(world: World, function: str) -> None:
    with refused("UnknownProject", sha256("no project")):
        world.send(function, sha256("no project"), *OWNERS_OWN[function])


def test_transfer_ownership__offered__changes_nothing_yet(world: World) -> None:
    receipt = world.send("transferOwnership", world.project, world.role("alice"))
    assert world.events("OwnershipTransferStarted", receipt) == [
        {"projectId": world.project, "owner": world.role("owner"), "pendingOwner": world.role("alice")}
    ]
    assert world.seen()["owner"] == world.role("owner")
    assert world.seen()["pendingOwner"] == world.role("alice")
    with refused("NotOwner"):
        world.send("pause", world.project, sender="alice")


def test_accept_ownership__offered__moves_every_right(world: World) -> None:
    world.send("transferOwnership", world.project, world.role("alice"))
    receipt = world.send("acceptOwnership", world.project, sender="alice")
    assert world.events("OwnershipTransferred", receipt) == [
        {"projectId": world.project, "previousOwner": world.role("owner"), "newOwner": world.role("alice")}
    ]
    assert world.seen()["owner"] == world.role("alice")
    assert world.seen()["pendingOwner"] == ZERO
    with refused("NotOwner"):
        world.send("pause", world.project)
    message = world.publication()
    with refused("NotPublisher"):
        world.publish(message, "alice", sender="owner")
    world.publish(message, "alice", sender="alice")
    world.send("pause", world.project, sender="alice")


def test_accept_ownership__a_second_time__refused(world: World) -> None:
    world.send("transferOwnership", world.project, world.role("alice"))
    world.send("acceptOwnership", world.project, sender="alice")
    world.send("transferOwnership", world.project, world.role("bob"), sender="alice")
    world.send("acceptOwnership", world.project, sender="bob")
    with refused("NotPendingOwner"):
        world.send("acceptOwnership", world.project, sender="alice")


@pytest.mark.parametrize("offer", [ZERO, "bob"])
def test_accept_ownership__offer_replaced__refused_to_the_first(world: World, offer: str) -> None:
    world.send("transferOwnership", world.project, world.role("alice"))
    world.send("transferOwnership", world.project, offer if offer == ZERO else world.role(offer))
    with refused("NotPendingOwner", world.project, world.role("alice").lower()):
        world.send("acceptOwnership", world.project, sender="alice")


@pytest.mark.parametrize("project", ["its own", "unknown"])
def test_accept_ownership__never_offered__refused(world: World, project: str) -> None:
    with refused("NotPendingOwner"):
        world.send(
            "acceptOwnership", world.project if project == "its own" else sha256("none"), sender="alice"
        )


# ---------------------------------------------------------------- pause


def test_pause__paused__stops_what_adds(world: World) -> None:
    world.publish(world.publication(1), "alice")
    chunk = world.call("chunkAddress", b"model")
    world.send("storeChunk", b"model")
    world.send("pause", world.project)
    message = world.publication(2)
    on_chain = world.publication(b"model")
    promotion = world.promotion(1, Status.DEPLOYABLE, 0)
    attempts = [
        ("publish", message, world.approvals(message, "alice")),
        ("publishOnChain", on_chain, world.approvals(on_chain, "alice"), [chunk]),
        ("promote", world.project, sha256(1), Status.DEPLOYABLE, world.approvals(promotion, "alice")),
        ("anchorBatch", world.project, world.batch(sha256("root"))),
    ]
    for sender in ("publisher", "owner"):
        for attempt in attempts:
            with refused("ProjectPaused", world.project):
                world.send(*attempt, sender=sender)
    world.send("unpause", world.project)
    for attempt in attempts:
        world.send(*attempt, sender="publisher")


def test_pause__paused__blocks_nothing_that_protects(world: World) -> None:
    world.publish(world.publication(1), "alice")
    world.send("pause", world.project)
    assert world.seen()["paused"]
    assert world.version(1)["status"] == Status.PUBLISHED
    world.demote(1, Status.DEPRECATED)
    world.revoke(1)
    world.send("setPublishers", world.project, world.roles("stranger"), world.roles("publisher"))
    world.send("setParticipants", world.project, [], world.roles("alice"), 2)
    world.send("resign", world.project, sender="bob")
    world.send("transferOwnership", world.project, world.role("carol"))
    world.send("acceptOwnership", world.project, sender="carol")
    assert world.seen()["paused"]  # a new owner finds it as it was
    world.send("unpause", world.project, sender="carol")


def test_pause__another_project__goes_on(world: World) -> None:
    world.send("pause", world.project)
    other = world.create("other", threshold=0)
    world.publish(world.publication(1, projectId=other))


def test_pause__twice__refused(world: World) -> None:
    with refused("ProjectNotPaused", world.project):
        world.send("unpause", world.project)
    receipt = world.send("pause", world.project)
    assert world.events("Paused", receipt) == [{"projectId": world.project, "owner": world.role("owner")}]
    with refused("ProjectPaused", world.project):
        world.send("pause", world.project)
    receipt = world.send("unpause", world.project)
    assert world.events("Unpaused", receipt) == [{"projectId": world.project, "owner": world.role("owner")}]
