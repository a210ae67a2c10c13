"""Publishing an off-chain artifact.

publish
├── unknown project → UnknownProject; neither owner nor publisher → NotPublisher
├── artifact hash or manifest digest zero → ZeroDigest
├── CID without digest, digest without CID → InvalidCid
├── same artifact again (also another manifest, also revoked, also in the same transaction) → VersionExists
├── parents unknown, itself, another project's artifact under this project's id → UnknownParent
├── parents out of order or twice → ParentsNotAscending; more than 64 → TooManyParents
├── parents deprecated, revoked or in another project → accepted
├── same artifact in another project → accepted, independent
├── copied from the mempool by a stranger → NotPublisher; by another publisher → same content, no gain
└── otherwise: numbered, timed, seen by every view, evented
"""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.contracts.registry.world import Kind, Status, World, refused, sha256

V1 = bytes.fromhex("01")
MULTIHASH = bytes.fromhex("1220")


def test_publish__valid__is_seen_as_given(world: World) -> None:
    world.publish(world.publication(1, deployable=True), "alice", "bob")
    assert world.version(1) == {
        "versionId": world.version_id(1),
        "status": Status.DEPLOYABLE,
        "number": 1,
        "publishedAt": world.evm.now,
        "revision": 0,
        "approvals": 2,
        "manifestDigest": sha256(sha256(1)),
        "manifestCid": V1 + b"\x55" + MULTIHASH + sha256(sha256(1)),
        "artifactCid": V1 + b"\x55" + MULTIHASH + sha256(1),
        "parents": [],
        "chunks": [],
        "reason": "",
    }
    assert world.seen()["versions"] == 1


def test_publish__valid__emits_all_of_it(world: World) -> None:
    world.publish(world.publication("parent"), "alice")
    parent = world.version_id("parent")
    message = world.publication(1, parents=[parent], cidKind=Kind.DAG_PB, cidDigest=sha256("folder"))
    receipt = world.publish(message, "alice", "bob")
    assert world.events("VersionPublished", receipt) == [
        {
            "projectId": world.project,
            "artifactHash": sha256(1),
            "versionId": world.version_id(1),
            "publisher": world.role("publisher"),
            "number": 2,
            "status": Status.PUBLISHED,
            "manifestDigest": sha256(sha256(1)),
            "cidKind": Kind.DAG_PB,
            "cidDigest": sha256("folder"),
            "parents": [parent],
            "signers": sorted(world.roles("alice", "bob"), key=lambda address: int(address, 16)),
        }
    ]
    assert len(receipt["logs"]) == 1


def test_publish__valid__returns_the_version_id(world: World) -> None:
    message = world.publication(1)
    approvals = world.approvals(message, "alice")
    found = world.call("publish", message, approvals, sender="publisher")
    assert found == world.version_id(1) == keccak(encode(["bytes32", "bytes32"], [world.project, sha256(1)]))


def test_publish__by_the_owner__accepted(world: World) -> None:
    world.publish(world.publication(), "alice", sender="owner")


@pytest.mark.parametrize("caller", ["alice", "stranger"])
def test_publish__copied_from_the_mempool_by_a_non_publisher__refused(world: World, caller: str) -> None:
    message = world.publication()
    with refused("NotPublisher", world.project, world.role(caller).lower()):
        world.publish(message, "alice", sender=caller)


def test_publish__copied_by_another_publisher__same_version_and_the_first_is_told(world: World) -> None:
    world.send("setPublishers", world.project, world.roles("carol"), [])
    message = world.publication()
    approvals = world.approvals(message, "alice")
    world.send("publish", message, approvals, sender="carol")
    with refused("VersionExists", world.version_id()):
        world.send("publish", message, approvals, sender="publisher")
    assert world.version()["manifestDigest"] == message["manifestDigest"]


def test_publish__unknown_project__refused(world: World) -> None:
    with refused("UnknownProject", sha256("no project")):
        world.publish(world.publication(projectId=sha256("no project")), "alice")


@pytest.mark.parametrize("field", ["artifactHash", "manifestDigest"])
def test_publish__zero_digest__refused(world: World, field: str) -> None:
    with refused("ZeroDigest"):
        world.publish(world.publication(**{field: bytes(32)}), "alice")


@pytest.mark.parametrize(
    ("kind", "digest"),
    [(Kind.NONE, sha256(1)), (Kind.RAW, bytes(32)), (Kind.DAG_PB, bytes(32)), (Kind.DAG_PB_V0, bytes(32))],
    ids=["digest alone", "raw alone", "dag-pb alone", "v0 alone"],
)
def test_publish__half_a_cid__refused(world: World, kind: Kind, digest: bytes) -> None:
    with refused("InvalidCid", kind, digest):
        world.publish(world.publication(cidKind=kind, cidDigest=digest), "alice")


@pytest.mark.parametrize(
    ("kind", "digest", "cid"),
    [
        (Kind.NONE, bytes(32), b""),
        (Kind.RAW, sha256(1), V1 + b"\x55" + MULTIHASH + sha256(1)),
        (Kind.RAW, sha256("encrypted"), V1 + b"\x55" + MULTIHASH + sha256("encrypted")),
        (Kind.DAG_PB, sha256("large"), V1 + b"\x70" + MULTIHASH + sha256("large")),
        (Kind.DAG_PB, sha256(1), V1 + b"\x70" + MULTIHASH + sha256(1)),
        (Kind.DAG_PB_V0, sha256("large"), MULTIHASH + sha256("large")),
    ],
    ids=["none", "one block", "encrypted", "several blocks", "same digest", "CIDv0"],
)
def test_publish__each_kind_of_cid__is_given_back(
    world: World, kind: Kind, digest: bytes, cid: bytes
) -> None:
    world.publish(world.publication(1, cidKind=kind, cidDigest=digest), "alice")
    assert world.version(1)["artifactCid"] == cid


def test_publish__unknown_kind_of_cid__refused(world: World) -> None:
    message = world.publication()
    data = world.encoded("publish", message, world.approvals(message, "alice"))
    assert world.send_raw(data.replace(bytes(31) + b"\x01", bytes(31) + b"\x04", 1))["status"] == 0
    assert world.send_raw(data)["status"] == 1


def test_publish__same_artifact_again__refused(world: World) -> None:
    world.publish(world.publication(1), "alice")
    with refused("VersionExists", world.version_id(1)):
        world.publish(world.publication(1), "alice")
    with refused("VersionExists", world.version_id(1)):
        world.publish(world.publication(1, manifestDigest=sha256("better"), deployable=True), "alice")
    assert world.seen()["versions"] == 1


def test_publish__revoked_artifact_again__refused(world: World) -> None:
    world.publish(world.publication(1), "alice")
    world.revoke(1)
    with refused("VersionExists", world.version_id(1)):
        world.publish(world.publication(1), "alice")


def test_publish__twice_in_one_transaction__refused(world: World) -> None:
    wallet = world.wallet("publisher")
    world.send("setPublishers", world.project, [wallet.address], [])
    message = world.publication()
    once = world.encoded("publish", message, world.approvals(message, "alice"))
    with refused("VersionExists", world.version_id()):
        world.execute(wallet, once, once)
    world.execute(wallet, once)
    assert world.seen()["versions"] == 1


def test_publish__same_artifact_in_another_project__independent(world: World) -> None:
    mine = world.create("theirs", publishers=[], participants=[], sender="stranger")
    world.publish(world.publication(1, projectId=mine), sender="stranger")
    world.publish(world.publication(1), "alice")
    assert world.version(1)["approvals"] == 1
    assert world.version(1, mine)["approvals"] == 0
    world.send("revoke", mine, sha256(1), "mine only", sender="stranger")
    assert world.version(1)["status"] == Status.PUBLISHED


def test_publish__several__are_numbered_in_order(world: World) -> None:
    for number in (1, 2, 3):
        world.publish(world.publication(number), "alice")
        assert world.version(number)["number"] == number


# ---------------------------------------------------------------- parents


def _ascending(*parents: bytes) -> list[bytes]:
    return sorted(parents)


def test_publish__parents_of_every_status_and_project__accepted(world: World) -> None:
    foreign = world.create("foreign", publishers=[], participants=[], sender="stranger")
    world.publish(world.publication("foreign", projectId=foreign), sender="stranger")
    for name in ("used", "deprecated", "revoked"):
        world.publish(world.publication(name), "alice")
    world.demote("deprecated", Status.DEPRECATED)
    world.revoke("revoked")
    ids = [world.version_id(name) for name in ("used", "deprecated", "revoked")]
    parents = _ascending(*ids, world.version_id("foreign", foreign))
    world.publish(world.publication("child", parents=parents), "alice")
    assert world.version("child")["parents"] == parents
    assert sorted(world.call("statusOf", parent) for parent in parents) == [
        Status.REVOKED,
        Status.DEPRECATED,
        Status.PUBLISHED,
        Status.PUBLISHED,
    ]


def test_publish__unknown_parent__refused(world: World) -> None:
    foreign = world.create("foreign", publishers=[], participants=[], sender="stranger")
    world.publish(world.publication("foreign", projectId=foreign), sender="stranger")
    strangers = [sha256("nothing"), world.version_id("foreign"), world.version_id("child"), sha256("foreign")]
    for parent in strangers:  # never published; of another project under this one; itself; no version id
        with refused("UnknownParent", parent):
            world.publish(world.publication("child", parents=[parent]), "alice")


def test_publish__parents_not_ascending__refused(world: World) -> None:
    for name in ("a", "b"):
        world.publish(world.publication(name), "alice")
    low, high = _ascending(world.version_id("a"), world.version_id("b"))
    with refused("ParentsNotAscending", low):
        world.publish(world.publication("child", parents=[high, low]), "alice")
    with refused("ParentsNotAscending", low):
        world.publish(world.publication("child", parents=[low, low]), "alice")
    with refused("ParentsNotAscending", bytes(32)):
        world.publish(world.publication("child", parents=[bytes(32)]), "alice")


def test_publish__64_parents__accepted_and_65_refused(world: World) -> None:
    world.set_threshold(0)
    for index in range(65):
        world.publish(world.publication(index))
    parents = _ascending(*(world.version_id(index) for index in range(65)))
    with refused("TooManyParents", 65):
        world.publish(world.publication("child", parents=parents))
    world.publish(world.publication("child", parents=parents[:64]))
    assert world.version("child")["parents"] == parents[:64]


# ---------------------------------------------------------------- views


def test_version__unknown__refused(world: World) -> None:
    with refused("UnknownVersion", world.version_id(1)):
        world.version(1)
    with refused("UnknownVersion", world.version_id(1)):
        world.call("artifact", world.project, sha256(1))


def test_status_of_and_manifest_digest_of__known_and_unknown__by_id(world: World) -> None:
    assert world.call("statusOf", world.version_id(1)) == Status.NONE
    assert world.call("manifestDigestOf", world.version_id(1)) == bytes(32)
    world.publish(world.publication(1), "alice")
    assert world.call("statusOf", world.version_id(1)) == Status.PUBLISHED
    assert world.call("manifestDigestOf", world.version_id(1)) == sha256(sha256(1))


def test_artifact__off_chain__is_empty(world: World) -> None:
    world.publish(world.publication(1), "alice")
    assert world.call("artifact", world.project, sha256(1)) == b""


def test_look_up__by_artifact_hash_alone__finds_every_project(world: World) -> None:
    theirs = world.create("theirs", publishers=[], participants=[], sender="stranger")
    world.publish(world.publication(1, projectId=theirs), sender="stranger")
    world.publish(world.publication(1), "alice")
    world.publish(world.publication(2), "alice")
    logs = world.registry.events.VersionPublished().get_logs(
        from_block=0, argument_filters={"artifactHash": sha256(1)}
    )
    assert [log["args"]["projectId"] for log in logs] == [theirs, world.project]
    by_id = world.registry.events.VersionPublished().get_logs(
        from_block=0, argument_filters={"versionId": world.version_id(2)}
    )
    assert [log["args"]["artifactHash"] for log in by_id] == [sha256(2)]
