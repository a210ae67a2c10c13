"""Batches of records, anchored by a Merkle root.

anchorBatch
├── unknown project, neither owner nor publisher, paused → refused
├── no records → EmptyBatch; root zero → ZeroDigest; half a CID → InvalidCid
├── same root again in the project → BatchExists, and the first stays; in another project → independent
└── otherwise: numbered, timed, seen and evented
verifyInclusion
├── every record of trees of 1 to 1000 records → included, with its root
├── a record that is not in it, another's proof, a proof cut, lengthened or altered → not included
├── an inner node, or a leaf, passed for a record → not included
├── anchored in another project, or not at all → not included
└── a revoked version, a pause → do not change it
"""

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.provenance.merkle import MerkleTree, leaf_hash
from tests.contracts.registry.world import Kind, World, refused, sha256


def _records(count: int) -> list[bytes]:
    return [sha256(f"record {index}") for index in range(count)]


def _anchor(world: World, tree: MerkleTree, **changes: object) -> object:
    return world.send(
        "anchorBatch", world.project, world.batch(tree.root, len(tree), **changes), sender="publisher"
    )


def _included(
    world: World, record: bytes, index: int, count: int, proof: list[bytes], project: bytes | None = None
) -> tuple[bool, bytes]:
    included, root = world.call("verifyInclusion", project or world.project, record, index, count, proof)
    return included, root


def test_anchor_batch__valid__is_seen_and_evented(world: World) -> None:
    tree = MerkleTree(_records(3))
    receipt = _anchor(world, tree, cidKind=Kind.RAW, cidDigest=sha256("log"))
    assert world.events("BatchAnchored", receipt) == [
        {
            "projectId": world.project,
            "root": tree.root,
            "label": b"predictions".ljust(16, b"\0"),
            "publisher": world.role("publisher"),
            "number": 1,
            "count": 3,
            "cidKind": Kind.RAW,
            "cidDigest": sha256("log"),
        }
    ]
    number, count, anchored_at, label, cid = world.call("batch", world.project, tree.root)
    assert (number, count, anchored_at) == (1, 3, world.evm.now)
    assert label.rstrip(b"\0") == b"predictions"
    assert cid == bytes.fromhex("01551220") + sha256("log")
    assert world.seen()["batches"] == 1


def test_anchor_batch__without_cid__has_none(world: World) -> None:
    tree = MerkleTree(_records(2))
    _anchor(world, tree)
    assert world.call("batch", world.project, tree.root)[4] == b""


def test_batch__unknown__is_zero(world: World) -> None:
    assert tuple(world.call("batch", world.project, sha256("root"))) == (0, 0, 0, bytes(16), b"")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"count": 0}, "EmptyBatch"),
        ({"root": bytes(32)}, "ZeroDigest"),
        ({"cidKind": Kind.RAW}, "InvalidCid"),
        ({"cidDigest": sha256("log")}, "InvalidCid"),
    ],
)
def test_anchor_batch__malformed__refused(world: World, changes: dict[str, object], error: str) -> None:
    with refused(error):
        world.send("anchorBatch", world.project, world.batch(sha256("root")) | changes, sender="publisher")


@pytest.mark.parametrize("caller", ["alice", "stranger"])
def test_anchor_batch__neither_owner_nor_publisher__refused(world: World, caller: str) -> None:
    with refused("NotPublisher", world.project, world.role(caller).lower()):
        world.send("anchorBatch", world.project, world.batch(sha256("root")), sender=caller)


def test_anchor_batch__unknown_project__refused(world: World) -> None:
    with refused("UnknownProject", sha256("no project")):
        world.send("anchorBatch", sha256("no project"), world.batch(sha256("root")))


def test_anchor_batch__same_root_again__refused_and_unchanged(world: World) -> None:
    tree = MerkleTree(_records(2))
    _anchor(world, tree)
    with refused("BatchExists", world.project, tree.root):
        world.send("anchorBatch", world.project, world.batch(tree.root, 99), sender="owner")
    assert world.call("batch", world.project, tree.root)[1] == 2


def test_anchor_batch__twice_in_one_transaction__refused(world: World) -> None:
    wallet = world.wallet("publisher")
    world.send("setPublishers", world.project, [wallet.address], [])
    once = world.encoded("anchorBatch", world.project, world.batch(sha256("root")))
    with refused("BatchExists"):
        world.execute(wallet, once, once)


def test_anchor_batch__somebody_anchored_it_first_in_their_project__mine_is_my_own(world: World) -> None:
    theirs = world.create("theirs", publishers=[], participants=[], sender="stranger")
    tree = MerkleTree(_records(5))
    world.send("anchorBatch", theirs, world.batch(tree.root, 5), sender="stranger")
    assert not _included(world, _records(5)[0], 0, 5, tree.proof(0))[0]
    _anchor(world, tree)
    assert _included(world, _records(5)[0], 0, 5, tree.proof(0)) == (True, tree.root)
    assert world.seen()["batches"] == 1


def test_anchor_batch__extreme_values__kept(world: World) -> None:
    batch = world.batch(b"\xff" * 32, 2**32 - 1, label=b"\xff" * 16)
    world.send("anchorBatch", world.project, batch, sender="publisher")
    number, count, _, label, _ = world.call("batch", world.project, b"\xff" * 32)
    assert (number, count, label) == (1, 2**32 - 1, b"\xff" * 16)


# ---------------------------------------------------------------- inclusion


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_verify_inclusion__every_record__included(world: World, count: int) -> None:
    records = _records(count)
    tree = MerkleTree(records)
    _anchor(world, tree)
    for index, record in enumerate(records):
        assert _included(world, record, index, count, tree.proof(index)) == (True, tree.root)


def test_verify_inclusion__one_of_1000__included(world: World) -> None:
    records = _records(1000)
    tree = MerkleTree(records)
    _anchor(world, tree)
    for index in (0, 1, 500, 998, 999):
        assert _included(world, records[index], index, 1000, tree.proof(index)) == (True, tree.root)


def test_verify_inclusion__not_in_it__not_included(world: World) -> None:
    records = _records(8)
    tree = MerkleTree(records)
    _anchor(world, tree)
    proof = tree.proof(3)
    assert not _included(world, sha256("stranger"), 3, 8, proof)[0]
    assert not _included(world, records[2], 3, 8, proof)[0]
    assert not _included(world, records[3], 3, 8, proof[:-1])[0]
    assert not _included(world, records[3], 3, 8, [*proof, tree.root])[0]
    assert not _included(world, records[3], 3, 8, proof[::-1])[0]
    assert not _included(world, records[3], 3, 8, [])[0]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 8])
def test_verify_inclusion__every_record_at_every_place__has_its_own_only(world: World, count: int) -> None:
    records = _records(count)
    tree = MerkleTree(records)
    _anchor(world, tree)
    for index, record in enumerate(records):
        proof = tree.proof(index)
        found = [place for place in range(count + 2) if _included(world, record, place, count, proof)[0]]
        assert found == [index]
        assert not _included(world, record, index + 2**255, count, proof)[0]


def test_verify_inclusion__tree_of_sorted_pairs_under_the_root__holds_one_record_a_place(
    world: World,
) -> None:
    """Who may sort pairs shows one record at two places, and a deeper tree in the place of a leaf."""
    first, second, third = sorted(map(leaf_hash, _records(3)))
    records = dict(zip(map(leaf_hash, _records(3)), _records(3), strict=True))
    deep = keccak(first + keccak(second + third))
    world.send("anchorBatch", world.project, world.batch(deep, 2), sender="publisher")
    shown = [
        (records[leaf], place)
        for leaf, proof in [
            (first, [keccak(second + third)]),
            (second, [third, first]),
            (third, [second, first]),
        ]
        for place in range(4)
        if _included(world, records[leaf], place, 2, proof)[0]
    ]
    assert shown == [(records[first], 0)]


@pytest.mark.parametrize("count", [0, 1, 3, 5, 2**32, 2**256 - 1])
def test_verify_inclusion__other_count_than_was_anchored__not_included(world: World, count: int) -> None:
    records = _records(4)
    tree = MerkleTree(records)
    _anchor(world, tree)
    for index, record in enumerate(records):
        assert not _included(world, record, index, count, tree.proof(index))[0]
    assert not _included(world, tree.root, 0, count, [])[0]


def test_verify_inclusion__inner_node_or_leaf_as_record__not_included(world: World) -> None:
    records = _records(2)
    tree = MerkleTree(records)
    _anchor(world, tree)
    assert not _included(world, tree.root, 0, 1, [])[0]
    assert not _included(world, leaf_hash(records[0]), 0, 2, tree.proof(0))[0]


def test_verify_inclusion__not_anchored__not_included(world: World) -> None:
    records = _records(4)
    tree = MerkleTree(records)
    assert _included(world, records[0], 0, 4, tree.proof(0)) == (False, tree.root)
    assert not _included(world, records[0], 0, 4, tree.proof(0), sha256("no project"))[0]


def test_verify_inclusion__paused__still_included(world: World) -> None:
    records = _records(4)
    tree = MerkleTree(records)
    _anchor(world, tree)
    world.send("pause", world.project)
    assert _included(world, records[0], 0, 4, tree.proof(0))[0]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_verify_inclusion__altered_proof__never_included(fresh_world: World, data: st.DataObject) -> None:
    records = _records(count := data.draw(st.integers(2, 20)))
    tree = MerkleTree(records)
    if not fresh_world.call("batch", fresh_world.project, tree.root)[1]:
        _anchor(fresh_world, tree)
    index = data.draw(st.integers(0, len(records) - 1))
    proof = tree.proof(index)
    at = data.draw(st.integers(0, len(proof) - 1))
    altered = list(proof)
    altered[at] = data.draw(st.binary(min_size=32, max_size=32).filter(lambda node: node != proof[at]))
    assert not _included(fresh_world, records[index], index, count, altered)[0]
    assert _included(fresh_world, records[index], index, count, proof)[0]
