import hashlib
import random

import pytest

from orchestrator.errors import ChainError, ContractReverted, VerificationFailed
from orchestrator.provenance import MerkleTree, Status, chunks_of, publication_of
from orchestrator.provenance.identifiers import version_id_of
from orchestrator.provenance.manifest import manifest_cid
from orchestrator.provenance.predicate import Parent
from tests.unit.provenance.samples import sample_manifest


def publish(lab, project, data=b"a model", role="owner", **changes):
    """Publish a model with these bytes; returns its manifest."""
    digest = hashlib.sha256(data).digest()
    parts = {"sha256": digest.hex(), "cid": manifest_cid(digest), "parents": [], **changes}
    manifest = sample_manifest(**parts)
    parents = lab.registry.parent_ids(manifest.predicate.parents)
    lab.send(lab.registry.publish(publication_of(manifest, project, parents)), role)
    return manifest


def test_project__just_created__is_as_created(lab):
    project_id = lab.create_project("tumours", ("alice", "bob"), threshold=2)
    project = lab.registry.project(project_id)
    assert (project.id, project.name, project.owner) == (project_id, "tumours", lab.address("owner"))
    assert (project.threshold, project.participants, project.versions, project.batches) == (2, 2, 0, 0)
    assert project.pending_owner is None
    assert not project.paused


def test_project__unknown__is_none(lab):
    assert lab.registry.project(bytes(32)) is None


def test_find_project__by_name_or_id__finds_it(lab):
    project_id = lab.create_project("tumours")
    for reference in ("tumours", project_id.hex(), "0x" + project_id.hex()):
        assert lab.registry.find_project(reference).id == project_id


def test_find_project__unknown_or_ambiguous__is_refused(lab):
    with pytest.raises(ChainError, match="no project"):
        lab.registry.find_project("tumours")
    lab.create_project("tumours", owner="owner")
    lab.create_project("tumours", owner="rival")
    with pytest.raises(ChainError, match="2 projects") as refused:
        lab.registry.find_project("tumours")
    assert all(project.id.hex() in refused.value.hint for project in lab.registry.projects())


def test_members__added_and_removed__are_those_that_stay(lab):
    project_id = lab.create_project("tumours", ("alice", "bob"))
    alice, bob, carol = map(lab.address, ("alice", "bob", "carol"))
    lab.send(lab.registry.contract.set_participants(project_id, [carol], [alice], 1))
    lab.send(lab.registry.contract.set_publishers(project_id, [alice], []))
    members = lab.registry.members(project_id)
    assert members.participants == (bob, carol)
    assert members.publishers == (alice,)
    assert lab.registry.is_participant(project_id, carol)
    assert not lab.registry.is_participant(project_id, alice)
    assert lab.registry.is_publisher(project_id, alice)
    assert lab.registry.is_publisher(project_id, lab.address("owner"))
    assert not lab.registry.is_publisher(project_id, bob)


def test_resign__by_a_participant__removes_them(lab):
    project_id = lab.create_project("tumours", ("alice", "bob"))
    lab.send(lab.registry.contract.resign(project_id), "alice")
    assert lab.registry.members(project_id).participants == (lab.address("bob"),)


def test_ownership__offered_and_accepted__passes(lab):
    project_id = lab.create_project()
    lab.send(lab.registry.transfer_ownership(project_id, lab.address("heir")))
    assert lab.registry.project(project_id).pending_owner == lab.address("heir")
    lab.send(lab.registry.transfer_ownership(project_id, None))
    assert lab.registry.project(project_id).pending_owner is None
    lab.send(lab.registry.transfer_ownership(project_id, lab.address("heir")))
    lab.send(lab.registry.contract.accept_ownership(project_id), "heir")
    assert lab.registry.project(project_id).owner == lab.address("heir")


def test_at__an_earlier_block__knows_nothing_of_what_followed(lab):
    project_id = lab.create_project()
    then = lab.registry.at(lab.chain.head().number)
    second = lab.create_project("lesions")
    lab.send(lab.registry.contract.pause(project_id))
    assert not then.project(project_id).paused
    assert then.project(second) is None
    assert [each.id for each in then.projects()] == [project_id]
    assert lab.registry.project(project_id).paused


def test_pause__stops_publishing__until_undone(lab):
    project_id = lab.create_project()
    lab.send(lab.registry.contract.pause(project_id))
    assert lab.registry.project(project_id).paused
    with pytest.raises(ContractReverted) as refused:
        publish(lab, project_id)
    assert refused.value.error == "ProjectPaused"
    lab.send(lab.registry.contract.unpause(project_id))
    publish(lab, project_id)


def test_version__published__reads_back(lab):
    project_id = lab.create_project()
    manifest = publish(lab, project_id)
    version = lab.registry.version(project_id, manifest.artifact_hash)
    assert version.id == version_id_of(project_id, manifest.artifact_hash)
    assert version.manifest_digest == manifest.digest
    assert version.manifest_cid == manifest.cid
    assert version.artifact_cid == manifest.artifact_cid
    assert version.status is Status.DEPLOYABLE
    assert (version.number, version.approvals, version.revision) == (1, 0, 0)
    assert version.published_at == lab.chain.head().timestamp
    assert not version.on_chain


def test_version__unknown__is_none(lab):
    project_id = lab.create_project()
    assert lab.registry.version(project_id, bytes(31) + b"\1") is None
    assert lab.registry.anchor(project_id, bytes(31) + b"\1") is None
    assert lab.registry.find_versions(bytes(31) + b"\1") == []
    assert lab.registry.versions_by_id([bytes(31) + b"\1"]) == {}
    assert lab.registry.status_of(bytes(31) + b"\1") is Status.NONE


def test_version__of_each_kind_of_cid__reads_back(lab):
    project_id = lab.create_project()
    cids = [
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
    ]
    for number, cid in enumerate(cids):
        manifest = publish(lab, project_id, bytes([number]), cid=cid)
        assert lab.registry.version(project_id, manifest.artifact_hash).artifact_cid == cid


def test_anchor__of_a_version__names_block_and_transaction(lab):
    project_id = lab.create_project()
    manifest = sample_manifest(parents=[])
    receipt = lab.send(lab.registry.publish(publication_of(manifest, project_id)))
    anchor = lab.registry.anchor(project_id, manifest.artifact_hash)
    assert (anchor.block_number, anchor.transaction) == (receipt.block_number, receipt.tx_hash)
    assert anchor.publisher == lab.address("owner")
    assert anchor.time == lab.chain.head().timestamp
    assert (anchor.chain_id, anchor.registry) == (lab.chain.chain_id, lab.registry.address)


def test_find_versions__same_bytes_in_two_projects__finds_both(lab):
    first = lab.create_project("tumours")
    second = lab.create_project("lesions", owner="rival")
    manifest = publish(lab, first)
    publish(lab, second, role="rival")
    publish(lab, first, b"something else")
    found = lab.registry.find_versions(manifest.artifact_hash)
    assert [version.project_id for version in found] == [first, second]
    assert len(lab.registry.versions(first)) == 2


def test_parent_ids__of_published_parents__are_ascending_version_ids(lab):
    project_id = lab.create_project()
    parents = [publish(lab, project_id, bytes([number])) for number in range(3)]
    named = [{"artifact": each.artifact_hash.hex(), "manifest": each.digest.hex()} for each in parents]
    child = publish(lab, project_id, b"child", parents=named)
    version = lab.registry.version(project_id, child.artifact_hash)
    assert set(version.parents) == {version_id_of(project_id, each.artifact_hash) for each in parents}
    assert list(version.parents) == sorted(version.parents)
    assert set(lab.registry.versions_by_id(version.parents)) == set(version.parents)


def test_parent_ids__never_published__is_refused(lab):
    with pytest.raises(VerificationFailed, match="never published"):
        lab.registry.parent_ids([Parent(artifact="11" * 32, manifest="22" * 32)])


def test_status__promoted_demoted_and_revoked__follows(lab):
    project_id = lab.create_project()
    manifest = publish(lab, project_id)
    digest = manifest.artifact_hash
    lab.send(lab.registry.contract.demote(project_id, digest, Status.DEPRECATED))
    assert lab.registry.version(project_id, digest).status is Status.DEPRECATED
    lab.send(lab.registry.promote(project_id, digest, Status.DEPLOYABLE))
    version = lab.registry.version(project_id, digest)
    assert (version.status, version.revision) == (Status.DEPLOYABLE, 2)
    lab.send(lab.registry.contract.revoke(project_id, digest, "trained on wrong labels"))
    version = lab.registry.version(project_id, digest)
    assert (version.status, version.reason) == (Status.REVOKED, "trained on wrong labels")
    assert lab.registry.status_of(version.id) is Status.REVOKED


@pytest.mark.parametrize("size", [1, 24_575, 24_576, 60_000])
def test_artifact__stored_on_chain__reads_back_from_the_chain_alone(lab, size):
    project_id = lab.create_project()
    data = random.Random(size).randbytes(size)
    chunks = chunks_of(data)
    for chunk in chunks:
        assert not lab.registry.has_chunk(lab.registry.chunk_address(chunk))
        lab.send(lab.registry.contract.store_chunk(chunk), "anybody")
        assert lab.registry.has_chunk(lab.registry.chunk_address(chunk))
    digest = hashlib.sha256(data).digest()
    manifest = sample_manifest(sha256=digest.hex(), parents=[])
    addresses = [lab.registry.chunk_address(chunk) for chunk in chunks]
    lab.send(lab.registry.publish_on_chain(publication_of(manifest, project_id), [], addresses))
    assert lab.registry.artifact(project_id, manifest.artifact_hash) == data
    assert lab.registry.version(project_id, manifest.artifact_hash).chunks == tuple(addresses)


def test_artifact__that_is_not_on_chain__is_none(lab):
    project_id = lab.create_project()
    manifest = publish(lab, project_id)
    assert lab.registry.artifact(project_id, manifest.artifact_hash) is None
    assert lab.registry.artifact(project_id, bytes(32)) is None


def test_chunks_of__too_large__is_refused():
    assert len(chunks_of(bytes(40 * 24_575))) == 40
    with pytest.raises(ChainError, match="does not fit"):
        chunks_of(bytes(40 * 24_575 + 1))


def test_batch__anchored__proves_each_record(lab):
    project_id = lab.create_project()
    records = [hashlib.sha256(bytes([number])).digest() for number in range(5)]
    tree = MerkleTree(records)
    assert lab.registry.batch(project_id, tree.root) is None
    assert lab.registry.batch_anchor(project_id, tree.root) is None
    receipt = lab.send(lab.registry.anchor_batch(project_id, tree.root, len(tree), "predictions"))
    batch = lab.registry.batch(project_id, tree.root)
    assert (batch.number, batch.count, batch.label, batch.cid) == (1, 5, "predictions", None)
    assert lab.registry.batches(project_id) == [batch]
    assert lab.registry.batch_anchor(project_id, tree.root).transaction == receipt.tx_hash
    for index, record in enumerate(records):
        assert lab.registry.verify_inclusion(project_id, record, index, 5, tree.proof(index)) == tree.root
    assert lab.registry.verify_inclusion(project_id, bytes(32), 0, 5, tree.proof(0)) is None
