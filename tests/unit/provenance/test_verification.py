import hashlib
import io
import json
import pickle
import zipfile
from dataclasses import replace

import pytest

from orchestrator.bindings.registry import CidKind
from orchestrator.config import load_settings
from orchestrator.errors import StorageError, VerificationFailed
from orchestrator.provenance import (
    PREDICTIONS,
    AnchorReference,
    Lineage,
    LogBatches,
    ModelReference,
    Outcome,
    Policy,
    PredictionLog,
    SignatureFile,
    Status,
    chunks_of,
    lineage,
    publication_of,
    sign_publication,
    verify,
)
from orchestrator.storage import DEFAULT_PROFILE, digest_bytes, open_storage
from tests.unit.provenance.samples import sample_manifest, sample_parts


class Published:
    """A model in a run's folder, published on the lab's chain."""

    def __init__(
        self,
        lab,
        folder,
        project,
        data=b"a model",
        signers=(),
        parents=(),
        profile=DEFAULT_PROFILE,
        kind="unknown",
        **changes,
    ):
        folder.mkdir(exist_ok=True)
        self.model = folder / "model.skops"
        self.manifest_file = folder / "manifest.json"
        self.signatures = folder / "signatures.json"
        self.project = project
        put = digest_bytes(data, profile)
        named = [{"artifact": each.artifact_hash.hex(), "manifest": each.digest.hex()} for each in parents]
        parts = {
            "sha256": put.sha256,
            "cid": put.cid,
            "artifact": {"size": len(data), "profile": profile, "format": kind},
            "parents": named,
            **changes,
        }
        self.manifest = sample_manifest(**parts)
        self.model.write_bytes(data)
        self.manifest_file.write_bytes(self.manifest.to_bytes())
        ids = lab.registry.parent_ids(self.manifest.predicate.parents)
        self.publication = publication_of(self.manifest, project, ids)
        for role in signers:
            self.sign(lab, role)
        approvals = SignatureFile(self.signatures).approvals(self.publication, lab.registry)
        self.receipt = lab.send(lab.registry.publish(self.publication, approvals))

    def sign(self, lab, role):
        signature = sign_publication(
            self.publication, lab.account(role), lab.chain.chain_id, lab.registry.address
        )
        SignatureFile(self.signatures).add(signature, self.publication, lab.registry)

    def revoke(self, lab, reason="wrong labels"):
        lab.send(lab.registry.contract.revoke(self.project, self.manifest.artifact_hash, reason))


@pytest.fixture
def project(lab):
    return lab.create_project("tumours", ("alice", "bob", "carol"))


@pytest.fixture
def published(lab, project, tmp_path):
    return Published(lab, tmp_path / "run", project, signers=("alice", "bob"))


def outcomes(verification):
    return {check.name: check.outcome for check in verification.checks}


def sentence(verification, name):
    return next(check.sentence for check in verification.checks if check.name == name)


def test_verify__whole_model__passes_everything(lab, published):
    verification = verify(published.model, lab.registry)
    assert set(outcomes(verification).values()) == {Outcome.PASSED}
    assert set(outcomes(verification)) == {
        "anchor",
        "manifest",
        "cid",
        "description",
        "signatures",
        "status",
        "lineage",
    }
    assert verification.ok
    assert verification.require() is verification
    assert verification.manifest == published.manifest
    assert verification.anchor.block_number == published.receipt.block_number
    assert f"block {published.receipt.block_number} " in sentence(verification, "anchor")
    assert published.receipt.tx_hash in sentence(verification, "anchor")
    assert "2 of 3 participants" in sentence(verification, "signatures")
    assert "checked them, and 2 signatures again here" in sentence(verification, "signatures")


@pytest.mark.parametrize("told", ["skops", "safetensors", "keras", "pickle", "skops+age"])
@pytest.mark.parametrize("content", ["pickle", "old pickle", "skops"])
def test_verify__manifest_says_another_format__fails_and_names_what_runs_code(
    lab, project, tmp_path, told, content
):
    data = {"pickle": pickle.dumps([1]), "old pickle": pickle.dumps([1], 0), "skops": skops()}[content]
    published = Published(lab, tmp_path / "run", project, data, signers=("alice", "bob"), kind=told)
    verification = verify(published.model, lab.registry)
    true = told.removesuffix("+age") == content if content == "skops" else told in ("keras", "pickle")
    assert verification.ok == true
    if not true:
        assert f"in the format {told.removesuffix('+age')}, but" in sentence(verification, "format")
    assert any("runs code" in each for each in verification.not_proven) == (content != "skops")
    (tmp_path / "run" / "manifest.json").unlink()
    alone = verify(published.model, lab.registry)
    assert any("runs code" in each for each in alone.not_proven) == (content != "skops")


def test_verify_cid__manifest_says_another_format__fails(lab, project, tmp_path):
    data = pickle.dumps([1])
    published = Published(lab, tmp_path / "run", project, data, signers=("alice", "bob"), kind="skops")
    storage = open_storage(load_settings(home=tmp_path / "home", environ={}))
    cid = storage.put(data).cid
    verification = verify(cid, lab.registry, storage=storage, manifest=published.manifest_file)
    assert "in the format pickle" in sentence(verification, "format")


def skops():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("schema.json", "{}")
    return packed.getvalue()


def test_verify__whole_model__says_what_is_and_is_not_proven(lab, published):
    names = {lab.address("alice"): "alice"}
    verification = verify(published.model, lab.registry, name_of=lambda who: names.get(who, who))
    proven, not_proven = " ".join(verification.proven), " ".join(verification.not_proven)
    assert "These very 7 bytes existed" in proven
    assert "alice" in proven
    assert "signed this very publication" in proven
    assert "manifest tells the truth" in not_proven
    assert "development chain" in not_proven
    assert published.project.hex() in not_proven


def test_verify__on_a_live_chain__trusts_one_node_and_says_so(lab, published):
    lab.chain.__dict__["development"] = False  # a cached property
    verification = verify(published.model, lab.registry)
    assert verification.ok
    assert any("ask another" in line for line in verification.not_proven)
    assert not any("development chain" in line for line in verification.not_proven)


def test_verify__to_json__is_json(lab, published):
    shown = json.loads(json.dumps(verify(published.model, lab.registry).to_json()))
    assert shown["ok"]
    assert shown["checks"][0]["outcome"] == "passed"


@pytest.mark.parametrize("position", range(7))
def test_verify__one_changed_byte__is_caught(lab, published, position):
    data = bytearray(published.model.read_bytes())
    data[position] ^= 1
    published.model.write_bytes(data)
    verification = verify(published.model, lab.registry)
    assert not verification.ok
    assert outcomes(verification)["anchor"] is Outcome.FAILED
    assert set(outcomes(verification).values()) == {Outcome.FAILED, Outcome.NOT_CHECKED}
    assert verification.proven == ()
    with pytest.raises(VerificationFailed, match="was changed, or never published"):
        verification.require()


def test_verify__revoked_model__fails_with_the_reason(lab, published):
    published.revoke(lab, "trained on wrong labels")
    verification = verify(published.model, lab.registry)
    assert [check.name for check in verification.failures] == ["status"]
    assert "trained on wrong labels" in sentence(verification, "status")
    assert "existed at" in verification.proven[0]


def test_verify__deprecated_model__passes_and_says_so(lab, published):
    lab.send(
        lab.registry.contract.demote(published.project, published.manifest.artifact_hash, Status.DEPRECATED)
    )
    verification = verify(published.model, lab.registry)
    assert verification.ok
    assert any("deprecated" in line for line in verification.not_proven)


def test_verify__manifest_beside_it_changed__fails(lab, published):
    data = published.manifest_file.read_bytes()
    published.manifest_file.write_bytes(data.replace(b'"f1":0.97', b'"f1":0.99'))
    verification = verify(published.model, lab.registry)
    assert [check.name for check in verification.failures] == ["manifest"]
    assert verification.manifest is None


def test_verify__strange_manifest_beside_it__is_ignored(lab, published):
    published.manifest_file.write_text('{"name": "a web app"}')
    verification = verify(published.model, lab.registry)
    assert verification.ok
    assert outcomes(verification)["manifest"] is Outcome.NOT_CHECKED
    assert any("manifest is not at hand" in line for line in verification.not_proven)


def test_verify__manifest_in_the_storage_only__is_found_there(lab, published):
    published.manifest_file.unlink()
    with open_storage(lab.settings) as storage:
        storage.put(published.manifest.to_bytes())
        verification = verify(published.model, lab.registry, storage=storage)
    assert outcomes(verification)["manifest"] is Outcome.PASSED
    assert "storage" in sentence(verification, "manifest")


def test_verify__given_manifest_is_another__fails(lab, published, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(sample_manifest().to_bytes())
    verification = verify(published.model, lab.registry, manifest=other)
    assert outcomes(verification)["manifest"] is Outcome.FAILED
    with pytest.raises(StorageError, match="cannot be read"):
        verify(published.model, lab.registry, manifest=tmp_path / "nowhere.json")


def test_verify__anchored_manifest_describes_another_file__fails(lab, project, tmp_path):
    run = Published(lab, tmp_path / "run", project)
    stranger = sample_manifest(parents=[])
    publication = replace(run.publication, artifact_hash=hashlib.sha256(b"bait").digest())
    publication = replace(publication, manifest_digest=stranger.digest)
    lab.send(lab.registry.publish(publication))
    run.model.write_bytes(b"bait")
    run.manifest_file.write_bytes(stranger.to_bytes())
    verification = verify(run.model, lab.registry)
    assert outcomes(verification)["manifest"] is Outcome.PASSED
    assert outcomes(verification)["description"] is Outcome.FAILED
    assert outcomes(verification)["cid"] is Outcome.FAILED


def test_verify__signature_file_changed__fails(lab, published):
    entries = json.loads(published.signatures.read_text())
    entries[0]["signature"] = entries[1]["signature"]
    published.signatures.write_text(json.dumps(entries))
    verification = verify(published.model, lab.registry)
    assert [check.name for check in verification.failures] == ["signatures"]
    assert "changed" in sentence(verification, "signatures")


def test_verify__signature_file_damaged__matters_only_if_given(lab, published):
    published.signatures.write_text("[")
    assert verify(published.model, lab.registry).ok
    verification = verify(published.model, lab.registry, signatures=published.signatures)
    assert [check.name for check in verification.failures] == ["signatures"]


def test_verify__after_promotion__still_recovers_what_was_signed(lab, project, tmp_path):
    parts = sample_parts()["evaluation"] | {"gate": None}
    run = Published(lab, tmp_path / "run", project, signers=("alice",), evaluation=parts)
    lab.send(lab.registry.promote(project, run.manifest.artifact_hash, Status.DEPLOYABLE))
    verification = verify(run.model, lab.registry)
    assert verification.ok
    assert "1 signature again here" in sentence(verification, "signatures")
    assert any("no passed gate" in line for line in verification.not_proven)


def test_verify__nobody_signed__is_not_checked(lab, project, tmp_path):
    verification = verify(Published(lab, tmp_path / "run", project).model, lab.registry)
    assert verification.ok
    assert outcomes(verification)["signatures"] is Outcome.NOT_NEEDED
    assert any("nobody signed" in line for line in verification.not_proven)


def test_verify__signer_left_and_threshold_rose__is_said(lab, published):
    alice = lab.address("alice")
    lab.send(lab.registry.contract.set_participants(published.project, [lab.address("dave")], [alice], 3))
    verification = verify(published.model, lab.registry)
    assert verification.ok
    text = " ".join(verification.not_proven)
    assert f"{alice} still stands by it" in text
    assert "more signatures are demanded now" in text


def test_verify__cid_of_another_profile__is_made_again_with_it(lab, project, tmp_path):
    run = Published(lab, tmp_path / "run", project, data=bytes(300_000), profile="unixfs-v0-2015")
    verification = verify(run.model, lab.registry)
    assert verification.ok
    assert outcomes(verification)["cid"] is Outcome.PASSED
    run.manifest_file.unlink()
    assert outcomes(verify(run.model, lab.registry))["cid"] is Outcome.NOT_CHECKED


def test_verify__reads_the_file_once(lab, published, monkeypatch):
    calls = []
    real = __import__("orchestrator.provenance.modelchecks", fromlist=["digest_file"]).digest_file

    def counted(*args):
        calls.append(args)
        return real(*args)

    monkeypatch.setattr("orchestrator.provenance.modelchecks.digest_file", counted)
    verify(published.model, lab.registry)
    assert len(calls) == 1


def test_verify__by_cid__checks_what_the_storage_holds(lab, published):
    with open_storage(lab.settings) as storage:
        storage.put(published.model)
        storage.put(published.manifest_file)
        verification = verify(published.manifest.artifact_cid, lab.registry, storage=storage)
        assert verification.ok
        assert set(outcomes(verification).values()) == {Outcome.PASSED}
        other = storage.put(published.model, profile="unixfs-v0-2015").cid
        assert outcomes(verify(other, lab.registry, storage=storage))["cid"] is Outcome.NOT_NEEDED
        with pytest.raises(StorageError):
            verify(digest_bytes(b"nowhere").cid, lab.registry, storage=storage)


def test_verify__neither_file_nor_storage__is_refused(lab, tmp_path):
    with pytest.raises(VerificationFailed, match="does not exist"):
        verify(tmp_path / "nowhere", lab.registry)
    assert outcomes(verify(tmp_path, lab.registry))["anchor"] is Outcome.FAILED


def test_verify__same_bytes_in_a_rivals_project__say_whose_is_meant(lab, published):
    rivals = lab.create_project("tumours", owner="rival")
    lab.send(lab.registry.publish(replace(published.publication, project_id=rivals)), "rival")
    both = verify(published.model, lab.registry)
    assert both.ok
    assert "2 projects have these bytes, and all say the same of them" in sentence(both, "project")
    lab.send(lab.registry.contract.revoke(rivals, published.manifest.artifact_hash, "mine now"), "rival")
    unclear = verify(published.model, lab.registry)
    assert [check.name for check in unclear.failures] == ["project"]
    assert sentence(unclear, "project").startswith("It was revoked: ")
    assert "mine now" in sentence(unclear, "project")
    ours = verify(published.model, lab.registry, project=published.project)
    assert ours.ok
    assert ours.version.project_id == published.project
    theirs = verify(published.model, lab.registry, project=rivals)
    assert [check.name for check in theirs.failures] == ["status"]
    nowhere = verify(published.model, lab.registry, project=bytes(32))
    assert "this project" in sentence(nowhere, "anchor")


def test_verify__copycat_that_came_first_with_another_manifest__does_not_speak_for_the_author(lab, published):
    data = published.model.parent / "later.skops"
    data.write_bytes(b"a later model")
    put = digest_bytes(b"a later model")
    manifest = sample_manifest(sha256=put.sha256, cid=put.cid, parents=[])
    hers = publication_of(manifest, published.project)
    his = replace(hers, project_id=lab.create_project("copies", owner="poisoner"), manifest_digest=b"\1" * 32)
    lab.send(lab.registry.publish(his), "poisoner")
    lab.send(lab.registry.publish(hers))
    unclear = verify(data, lab.registry)
    assert "project" in [check.name for check in unclear.failures]
    assert "not all are known to say the same of them" in sentence(unclear, "project")
    ours = verify(data, lab.registry, project=published.project)
    assert "project" not in [check.name for check in ours.failures]


def test_verify__copy_that_came_first__does_not_hide_the_authors_revocation(lab, published):
    first = lab.create_project("copies", owner="poisoner")
    data = published.model.parent / "later.skops"
    data.write_bytes(b"a later model")
    put = digest_bytes(b"a later model")
    copied = replace(
        published.publication,
        artifact_hash=bytes.fromhex(put.sha256),
        cid_kind=CidKind.NONE,
        cid_digest=bytes(32),
        deployable=True,
    )
    lab.send(lab.registry.publish(replace(copied, project_id=first)), "poisoner")
    lab.send(lab.registry.publish(replace(copied, project_id=published.project)))
    lab.send(lab.registry.contract.revoke(published.project, copied.artifact_hash, "it leaks"))
    verification = verify(data, lab.registry)
    assert not verification.ok
    headline = verification.failures[0]
    assert headline.name == "project"
    assert headline.sentence.startswith("It was revoked: 2 projects")
    assert headline.sentence.index("it leaks") < headline.sentence.index("copies")


def test_verify__on_chain_model__is_read_back(lab, project, tmp_path):
    data = bytes(range(256)) * 100
    run = Published(lab, tmp_path / "run", project, data=b"other")
    put = digest_bytes(data)
    size = {"size": len(data), "profile": put.profile, "format": "unknown"}
    manifest = sample_manifest(sha256=put.sha256, cid=put.cid, parents=[], artifact=size)
    for chunk in chunks_of(data):
        lab.send(lab.registry.contract.store_chunk(chunk))
    chunks = [lab.registry.chunk_address(chunk) for chunk in chunks_of(data)]
    lab.send(lab.registry.publish_on_chain(publication_of(manifest, project), [], chunks))
    run.model.write_bytes(data)
    run.manifest_file.write_bytes(manifest.to_bytes())
    verification = verify(run.model, lab.registry)
    assert outcomes(verification)["on-chain"] is Outcome.PASSED
    assert "25600 bytes" in sentence(verification, "on-chain")


@pytest.fixture
def family(lab, project, tmp_path):
    """A grandparent, two parents and a child."""
    grandparent = Published(lab, tmp_path / "g", project, b"grandparent")
    parents = [
        Published(lab, tmp_path / name, project, name.encode(), parents=[grandparent.manifest])
        for name in "pq"
    ]
    child = Published(lab, tmp_path / "c", project, b"child", parents=[each.manifest for each in parents])
    return grandparent, parents, child


def test_lineage__of_a_family__is_a_tree_without_doubles(lab, family):
    _, parents, child = family
    version = lab.registry.version(child.project, child.manifest.artifact_hash)
    tree = lineage(lab.registry, version)
    assert isinstance(tree, Lineage)
    assert {each.version.artifact_hash for each in tree.parents} == {
        each.manifest.artifact_hash for each in parents
    }
    first, second = tree.parents
    assert [each.repeated for each in (*first.parents, *second.parents)] == [False, True]
    assert tree.project.name == "tumours"
    assert len(tree.ancestors()) == 3
    assert len(list(tree.walk())) == 5


def test_verify__published_family__passes_lineage(lab, family):
    verification = verify(family[2].model, lab.registry)
    assert outcomes(verification)["lineage"] is Outcome.PASSED
    assert "3 ancestors" in sentence(verification, "lineage")


def test_verify__grandparent_revoked__fails_lineage(lab, family):
    family[0].revoke(lab, "poisoned")
    verification = verify(family[2].model, lab.registry)
    assert [check.name for check in verification.failures] == ["lineage"]
    assert "poisoned" in sentence(verification, "lineage")


def test_verify__parents_left_out_of_the_publication__fails_lineage(lab, project, tmp_path):
    parent = Published(lab, tmp_path / "p", project, b"parent")
    named = [{"artifact": parent.manifest.artifact_hash.hex(), "manifest": parent.manifest.digest.hex()}]
    put = digest_bytes(b"orphan")
    size = {"size": 6, "profile": put.profile, "format": "unknown"}
    orphan = sample_manifest(sha256=put.sha256, cid=put.cid, parents=named, artifact=size)
    lab.send(lab.registry.publish(publication_of(orphan, project)))
    parent.model.write_bytes(b"orphan")
    parent.manifest_file.write_bytes(orphan.to_bytes())
    verification = verify(parent.model, lab.registry)
    assert [check.name for check in verification.failures] == ["lineage"]


def test_verify__more_generations_than_are_followed__is_not_checked(lab, family, monkeypatch):
    monkeypatch.setattr("orchestrator.provenance.ancestry.DEEPEST", 1)
    verification = verify(family[2].model, lab.registry)
    assert verification.ok
    assert outcomes(verification)["lineage"] is Outcome.NOT_CHECKED


# Predictions


@pytest.fixture
def proof(lab, published, tmp_path):
    """A proof that the published model made a prediction, with its input shown, and where to write it."""
    version = lab.registry.version(published.project, published.manifest.artifact_hash)
    model = ModelReference.of("tumours", version, lab.registry)
    batches = LogBatches(PredictionLog(tmp_path / "log.jsonl"))
    for number in range(4):
        batches.log.append(model, {"mean radius": number}, {"label": "benign", "row": number})
    batch = batches.open()
    lab.send(lab.registry.anchor_batch(published.project, batch.root, batch.count, PREDICTIONS))
    anchor = lab.registry.batch_anchor(published.project, batch.root)
    batches.close(batch, AnchorReference.of(anchor))
    return batches.prove(2).reveal({"mean radius": 2}, batches.log.salt(2))


def check_proof(lab, tmp_path, proof, project=None):
    path = tmp_path / "proof.json"
    path.write_bytes(proof.to_bytes())
    return verify(path, lab.registry, project=project)


def test_verify__proof_of_a_prediction__passes_everything(lab, proof, tmp_path):
    verification = check_proof(lab, tmp_path, proof)
    assert outcomes(verification) == dict.fromkeys(
        ["inclusion", "anchor", "model", "status", "input"], Outcome.PASSED
    )
    assert '{"label": "benign", "row": 2} for the input shown' in " ".join(verification.proven)
    assert verification.proof == proof
    assert any("run it on the input" in line for line in verification.not_proven)


def test_verify__proof_without_the_input__says_that_it_is_not_shown(lab, proof, tmp_path):
    verification = check_proof(lab, tmp_path, replace(proof, revealed=None))
    assert verification.ok
    assert outcomes(verification)["input"] is Outcome.NOT_NEEDED


def test_verify__proof_with_another_input__fails(lab, proof, tmp_path):
    forged = replace(proof, revealed=replace(proof.revealed, value={"mean radius": 3}))
    verification = check_proof(lab, tmp_path, forged)
    assert [check.name for check in verification.failures] == ["input"]


def test_verify__proof_with_another_output__fails(lab, proof, tmp_path):
    forged = replace(proof, entry=replace(proof.entry, output={"label": "malignant"}))
    verification = check_proof(lab, tmp_path, forged)
    assert [check.name for check in verification.failures] == ["inclusion", "anchor"]
    assert verification.proven == ()


def test_verify__proof_under_a_root_that_nobody_anchored__fails(lab, proof, tmp_path):
    from orchestrator.provenance import MerkleTree

    entry = replace(proof.entry, output={"label": "malignant"})
    forged = replace(proof, entry=entry, position=0, count=1, siblings=(), root=MerkleTree([entry.hash]).root)
    verification = check_proof(lab, tmp_path, forged)
    assert [check.name for check in verification.failures] == ["anchor"]
    assert verification.proven == ()


def test_verify__proof_anchored_in_a_strangers_project__fails(lab, proof, tmp_path):
    from orchestrator.provenance import MerkleTree

    theirs = lab.create_project("forgeries", owner="forger")
    entry = replace(proof.entry, output={"label": "malignant"})
    root = MerkleTree([entry.hash]).root
    lab.send(lab.registry.anchor_batch(theirs, root, 1, "predictions"), "forger")
    anchor = replace(proof.anchor, project_id=theirs)
    forged = replace(proof, entry=entry, position=0, count=1, siblings=(), root=root, anchor=anchor)
    verification = check_proof(lab, tmp_path, forged)
    assert [check.name for check in verification.failures] == ["model"]
    assert verification.proven == ()


def test_verify__proof_of_the_model_in_a_strangers_project__is_not_of_the_named_one(
    lab, published, proof, tmp_path
):
    """Whoever has a model may publish it again, and log there what it never answered."""
    theirs = lab.create_project("tumours", owner="forger")
    lab.send(lab.registry.publish(replace(published.publication, project_id=theirs)), "forger")
    version = lab.registry.version(theirs, published.manifest.artifact_hash)
    model = ModelReference.of("tumours", version, lab.registry)
    batches = LogBatches(PredictionLog(tmp_path / "lies.jsonl"))
    batches.log.append(model, {"mean radius": 2}, {"label": "malignant"})
    batch = batches.open()
    lab.send(lab.registry.anchor_batch(theirs, batch.root, batch.count, PREDICTIONS), "forger")
    batches.close(batch, AnchorReference.of(lab.registry.batch_anchor(theirs, batch.root)))
    lie = check_proof(lab, tmp_path, batches.prove(0), proof.anchor.project_id)
    assert [check.name for check in lie.failures] == ["project"]
    unnamed = check_proof(lab, tmp_path, batches.prove(0))
    assert unnamed.ok
    assert any(theirs.hex() in each and "--project" in each for each in unnamed.not_proven)
    assert check_proof(lab, tmp_path, proof, proof.anchor.project_id).ok


def test_policy__proof__demands_are_about_the_models_publication(lab, proof, published, tmp_path):
    found = check_proof(lab, tmp_path, proof)
    publication = lab.registry.anchor_of(found.version)
    policy = Policy((lab.address("alice"), lab.address("bob")), 2, Status.PUBLISHED, 60)
    assert policy.apply(found, publication.time + 60).ok
    late = Policy((lab.address("carol"),), 3, max_age=60).apply(found, publication.time + 61)
    assert [check.name for check in late.failures] == ["signed by", "enough signatures", "age"]


def test_verify__proof_of_a_revoked_model__fails_with_the_reason(lab, proof, published, tmp_path):
    published.revoke(lab)
    verification = check_proof(lab, tmp_path, proof)
    assert [check.name for check in verification.failures] == ["status"]
    assert "wrong labels" in sentence(verification, "status")


@pytest.mark.parametrize(
    "change", [{"chain_id": 1}, {"registry": "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"}]
)
def test_verify__proof_for_another_chain_or_registry__fails(lab, proof, tmp_path, change):
    verification = check_proof(lab, tmp_path, replace(proof, anchor=replace(proof.anchor, **change)))
    assert [check.name for check in verification.failures] == ["anchor"]
    assert "not for" in sentence(verification, "anchor")


def test_verify__damaged_proof__is_refused(lab, proof, tmp_path):
    path = tmp_path / "proof.json"
    path.write_bytes(proof.to_bytes()[:-1])
    with pytest.raises(VerificationFailed, match="cannot be read"):
        verify(path, lab.registry)
