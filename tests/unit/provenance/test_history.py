import hashlib

import pytest

from orchestrator.bindings import registry as abi
from orchestrator.provenance import MerkleTree, Status, publication_of
from orchestrator.provenance.history import read_history, rebuild
from orchestrator.provenance.manifest import manifest_cid
from tests.unit.provenance.samples import sample_manifest


def model(data, parents=()):
    digest = hashlib.sha256(data).digest()
    named = [{"artifact": each.artifact_hash.hex(), "manifest": each.digest.hex()} for each in parents]
    return sample_manifest(sha256=digest.hex(), cid=manifest_cid(digest), parents=named)


@pytest.fixture
def busy(lab):
    """A registry in which everything happened that can happen; the ids of its two projects."""
    registry, alice, bob, heir = lab.registry, *map(lab.address, ("alice", "bob", "heir"))
    first = lab.create_project("tumours", ("alice", "bob"), threshold=0)
    second = lab.create_project("lesions", owner="rival")
    parent, child = model(b"parent"), None
    lab.send(registry.publish(publication_of(parent, first)))
    child = model(b"child", [parent])
    lab.send(registry.publish(publication_of(child, first, registry.parent_ids(child.predicate.parents))))
    lab.send(registry.publish(publication_of(parent, second)), "rival")
    lab.send(registry.contract.store_chunk(b"small"))
    small = publication_of(model(b"small"), second)
    lab.send(registry.publish_on_chain(small, [], [registry.chunk_address(b"small")]), "rival")
    lab.send(registry.contract.set_publishers(first, [alice, bob], []))
    lab.send(registry.contract.set_publishers(first, [], [alice]))
    lab.send(registry.contract.set_participants(first, [heir], [alice], 2))
    lab.send(registry.contract.resign(first), "bob")
    lab.send(registry.contract.demote(first, child.artifact_hash, Status.DEPRECATED))
    lab.send(registry.contract.revoke(first, parent.artifact_hash, "wrong labels"))
    tree = MerkleTree([bytes([number]) * 32 for number in range(3)])
    lab.send(registry.anchor_batch(first, tree.root, 3, "predictions"))
    lab.send(registry.transfer_ownership(first, heir))
    lab.send(registry.contract.accept_ownership(first), "heir")
    lab.send(registry.transfer_ownership(second, heir), "rival")
    lab.send(registry.contract.pause(second), "rival")
    lab.send(registry.contract.pause(first), "heir")
    lab.send(registry.contract.unpause(first), "heir")
    return first, second


def test_rebuild__from_events_alone__equals_what_the_contract_says(lab, busy):
    rebuilt = rebuild(read_history(lab.registry))
    assert set(rebuilt) == set(busy)
    for project_id, history in rebuilt.items():
        assert history.project == lab.registry.project(project_id)
        assert history.members == lab.registry.members(project_id)
        assert list(history.versions) == lab.registry.versions(project_id)
        assert list(history.batches) == lab.registry.batches(project_id)


def test_read_history__of_one_project__leaves_out_the_others(lab, busy):
    for project_id in busy:
        events = read_history(lab.registry, project_id)
        assert rebuild(events) == {project_id: rebuild(read_history(lab.registry))[project_id]}


def test_read_history__is_in_order__and_dated(lab, busy):
    events = read_history(lab.registry)
    order = [(each.event.block_number, each.event.log_index) for each in events]
    assert order == sorted(order)
    assert isinstance(events[0].event, abi.ProjectCreated)
    assert isinstance(events[-1].event, abi.Unpaused)
    assert events[-1].time == lab.chain.head().timestamp


def test_read_history__of_an_empty_registry__is_empty(lab):
    assert read_history(lab.registry) == []
    assert rebuild([]) == {}
