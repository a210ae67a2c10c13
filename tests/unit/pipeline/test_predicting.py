import json
from dataclasses import replace

import pytest

from orchestrator.errors import (
    BlockNotFound,
    ChainError,
    ContractReverted,
    DataError,
    GateError,
    IntegrityError,
    ModelError,
    SignatureRefused,
    UntrustedModel,
    UsageError,
    VerificationFailed,
)
from orchestrator.kernel.session import Session
from orchestrator.learning.data import Feature, Reading
from orchestrator.provenance import LogBatches, Status, publication_of, verify
from orchestrator.systems.prove.answering import prediction_log
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.marking import mark
from orchestrator.systems.prove.predicting import anchor_log, predict, prove
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.rows import Inputs
from orchestrator.types import Digest
from tests.unit.pipeline.desk import PROJECT


def load(desk, reference=f"{PROJECT}@1", **options):
    return load_published(desk.session, reference, desk.who("alice").address, **options)


def flip(path, place=-20):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


# references


@pytest.mark.parametrize(
    "form", ["name", "number", "hash", "0x", "sha256", "id", "run", "folder", "file", "latest"]
)
def test_find_version__every_form__is_the_version(desk, published, form, monkeypatch):
    run, digest = desk.run, published.artifact_hash.hex()
    reference = {
        "name": PROJECT,
        "number": f"{PROJECT}@1",
        "hash": digest,
        "0x": f"0x{digest}",
        "sha256": f"sha256:{digest}",
        "id": run.id,
        "run": f"{run.name}/{run.id}",
        "folder": str(run.folder),
        "file": str(run.model),
        "latest": "latest",
    }[form]
    assert find_version(desk.session, reference, desk.who("alice").address) == published


def test_find_version__folder_of_the_same_name_in_the_way__is_the_project(desk, published, monkeypatch):
    monkeypatch.chdir(desk.folder)
    (desk.folder / PROJECT).mkdir()
    assert find_version(desk.session, PROJECT) == published


def test_find_version__never_published__says_so(desk):
    with pytest.raises(ModelError, match="never published on this chain"):
        find_version(desk.session, "latest")
    with pytest.raises(ChainError, match="no project"):
        find_version(desk.session, "nobody@1")


def test_find_version__all_versions_revoked__none_by_name_but_by_number(desk, published):
    mark(desk.session, published, Status.REVOKED, desk.who("alice"), reason="data leak")
    with pytest.raises(ModelError, match="no version that can be used"):
        find_version(desk.session, PROJECT)
    assert find_version(desk.session, f"{PROJECT}@1").status is Status.REVOKED
    with pytest.raises(ModelError):
        find_version(desk.session, f"{PROJECT}@2")


def test_find_version__same_bytes_by_two_publishers__one_s_own(desk, published):
    theirs = desk.publish(sender="bob").version
    assert theirs.artifact_hash == published.artifact_hash
    reference = published.artifact_hash.hex()
    assert find_version(desk.session, reference, desk.who("bob").address) == theirs
    assert find_version(desk.session, reference, desk.who("carol").address) == published


def test_find_version__same_bytes_with_another_manifest__asks_which(desk, published):
    """A stranger who was first would else say what the labels are."""
    session, bob = desk.session, desk.who("bob")
    session.send(session.registry.contract.create_project(PROJECT, [], [], 0), bob)
    his = publication_of(desk.run.manifest, session.registry.project_id(bob.address, PROJECT))
    session.send(session.registry.publish(replace(his, manifest_digest=Digest(b"\1" * 32))), bob)
    for reference in (published.artifact_hash.hex(), str(desk.run.model)):
        with pytest.raises(ModelError, match="different things") as refused:
            load_published(session, reference, desk.who("carol").address)
        assert f"0x{published.project_id.hex()}@1" in refused.value.hint
        assert find_version(session, reference, desk.who("alice").address) == published


# loading


def test_load_published__from_storage__is_the_same_model(desk, published, tmp_path):
    desk.run.folder.rename(tmp_path / "elsewhere")
    model = load(desk)
    assert model.name == f"{PROJECT}@1"
    assert model.path.parent == desk.settings.home / "cache"
    assert model.to_json()["sha256"] == published.artifact_hash.hex()


def test_load_published__fetched_file_cut_off_by_a_crash__is_fetched_again(desk, published, tmp_path):
    desk.run.folder.rename(tmp_path / "elsewhere")
    path = load(desk).path
    path.write_bytes(path.read_bytes()[:100])
    assert load(desk).path == path


def test_load_published__file_changed__is_refused(desk, published):
    flip(desk.run.model)
    with pytest.raises(VerificationFailed, match="the file was changed"):
        load(desk)


def test_load_published__file_swapped_after_its_checks__is_not_loaded(desk, published, monkeypatch):
    from orchestrator.systems.prove import loading

    check = loading.check

    def swap(session, path, project):
        found = check(session, path, project)
        flip(path)
        return found

    monkeypatch.setattr(loading, "check", swap)
    with pytest.raises(IntegrityError, match="changed while it was read"):
        load(desk)


@pytest.mark.parametrize("damage", ["altered", "cut off"])
def test_load_published__block_in_the_store_damaged__is_refused(desk, published, tmp_path, damage):
    desk.run.folder.rename(tmp_path / "elsewhere")
    content = (tmp_path / "elsewhere" / "model.skops").read_bytes()
    files = [path for path in desk.settings.store_dir.rglob("*") if path.is_file()]
    [block] = [path for path in files if path.read_bytes() == content]
    block.chmod(0o644)
    block.write_bytes(content[:-7] if damage == "cut off" else content[:-1] + b"!")
    with pytest.raises(IntegrityError) as refused:
        load(desk)
    assert "damaged" in refused.value.message
    assert refused.value.hint


def test_load_published__nobody_has_it__says_so(desk, published, tmp_path):
    desk.run.folder.rename(tmp_path / "elsewhere")
    for pin in desk.session.storage.pins():
        desk.session.storage.unpin(pin.cid)
    desk.session.storage.gc()
    with pytest.raises(BlockNotFound, match=r"the manifest of .* is not available: .* not here") as refused:
        load(desk)
    assert "diln import" in refused.value.hint


def test_load_published__manifest_changed__is_refused(desk, published):
    text = desk.run.manifest_file.read_text()
    desk.run.manifest_file.write_text(text.replace('"seed":1', '"seed":2'))
    with pytest.raises(VerificationFailed, match="not the manifest that was anchored"):
        load(desk)


@pytest.mark.parametrize(("told", "refusal"), [("skops", VerificationFailed), ("pickle", UntrustedModel)])
def test_load_published__published_pickle__is_refused(desk, monkeypatch, told, refusal):
    """Whoever publishes may publish anything; nothing of it runs here."""
    import hashlib
    import pickle

    from orchestrator.provenance import Manifest
    from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run

    run = desk.run
    evil = pickle.dumps({"harmless": True})
    statement = json.loads(run.manifest_file.read_bytes())
    from orchestrator.storage import digest_bytes

    statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(evil).hexdigest()
    statement["subject"][0]["uri"] = f"ipfs://{digest_bytes(evil).cid}"
    statement["predicate"]["artifact"] |= {"size": len(evil), "format": told}
    data = json.dumps(statement, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    digest = Manifest.parse(data).digest.hex()[:RUN_ID_LENGTH]
    forged = Run(run.folder.with_name(digest))
    forged.folder.mkdir()
    forged.manifest_file.write_bytes(data)
    forged.model.write_bytes(evil)
    desk.publish(forged)
    with pytest.raises(refusal, match="pickle"):
        load(desk)


def test_load_published__published_elsewhere_under_another_name__is_called_by_the_project(desk):
    create_project(desk.session, "garden", desk.who("alice"))
    desk.publish(project="alice/garden")
    assert load(desk, "garden@1").name == "garden@1"


# predicting


def test_predict__rows__are_answered_and_logged_with_the_anchor(desk, published):
    model = load(desk)
    lily, rose = predict(desk.session, model, [desk.row, {"length": 4, "width": 4, "spots": None}])
    assert (lily.output["label"], rose.output["label"]) == ("lily", "rose")
    assert (lily.index, rose.index) == (0, 1)
    assert abs(sum(lily.output["probabilities"].values()) - 1) < 1e-9
    [first, _] = prediction_log(desk.settings, published.project_id).entries()
    assert first.model.artifact == published.artifact_hash
    assert first.model.registry == desk.session.registry.address
    assert first.output["label"] == "lily"


def test_predict__missing_optional_value_as_nan__is_logged(desk, published):
    [answer] = predict(desk.session, load(desk), [{**desk.row, "spots": float("nan")}])
    assert answer.output["label"] == "lily"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"length": 1.0, "spots": 1}, "Row 1, column 'width': the column is missing"),
        ({"length": "long", "width": 1, "spots": 1}, "Row 1, column 'length': 'long' is not a finite number"),
        ({"length": 1.0, "width": 5, "Spots": 1}, "Row 1, column 'spots': the column is missing"),
        ({"length": True, "width": 5, "spots": 1}, "Row 1, column 'length': True is not a finite number"),
        ({"length": 1e400, "width": 1, "spots": 1}, "Row 1, column 'length': inf is not a finite number"),
        ([1, 2], "Row 1 is a list"),
        (None, "Row 1 is a NoneType"),
    ],
)
def test_predict__malformed_row__is_named_and_nothing_is_logged(desk, published, row, sentence):
    with pytest.raises(DataError) as refused:
        predict(desk.session, load(desk), [row])
    assert sentence in refused.value.message
    assert len(prediction_log(desk.settings, published.project_id)) == 0


def test_predict__deprecated_version__still_answers_by_number(desk, published):
    mark(desk.session, published, Status.DEPRECATED, desk.who("alice"))
    assert load(desk).to_json()["status"] == "deprecated"


def test_load_published__revoked__is_refused_with_the_reason(desk, published):
    mark(desk.session, published, Status.REVOKED, desk.who("alice"), reason="data leak")
    with pytest.raises(VerificationFailed, match="revoked: data leak"):
        load(desk)


def inputs(**types: str) -> Inputs:
    return Inputs(tuple(Feature(name, kind, True) for name, kind in types.items()), Reading())


def test_read__csv__keeps_text_and_finds_what_is_missing(tmp_path):
    file = tmp_path / "rows.CSV"
    file.write_text("zip, length,note,more\n007, 1.5,,1\n0123,NA,x,2\n")
    asked = inputs(zip="categorical", length="numeric", note="categorical")
    assert asked.clean(asked.read(file)) == [
        {"zip": "007", "length": 1.5, "note": None},
        {"zip": "0123", "length": None, "note": "x"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "{", "a.json is not JSON"),
        ("a.json", '[{"a": NaN}]', "a.json is not JSON"),
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "a,b\n", "no row to predict"),
        ("a.csv", "b\n1\n", "column 'a' is missing"),
        ("a.parquet", "PAR1", "not a Parquet file"),
        ("a.csv", "a,b\n1,2\n1,2,3,4\n", "a.csv, line 3: 4 fields instead of 2"),
        ("a.csv", "a,b\n1\n", "a.csv, line 2: 1 fields instead of 2"),
        ("a.csv", "a,a\n1,2\n", "two columns are named 'a'"),
        ("a.txt", "a,b\n1,2\n", "neither CSV, Parquet nor JSON"),
        ("b.json", "\udcff", "b.json is not JSON"),
        ("c.json", "[" * 200_000, "recursion limit"),
    ],
)
def test_read__damaged__is_a_data_error(tmp_path, name, content, sentence):
    (tmp_path / name).write_text(content, errors="surrogateescape")
    with pytest.raises(DataError, match=sentence):
        inputs(a="numeric").clean(inputs(a="numeric").read(tmp_path / name))


@pytest.mark.parametrize(("optional", "hint"), [(True, "leave cells empty"), (False, "complete rows")])
def test_read__column_missing__the_hint_fits_what_the_model_takes(tmp_path, optional, hint):
    (tmp_path / "a.csv").write_text("b\n1\n")
    asked = Inputs((Feature("a", "numeric", optional),), Reading())
    with pytest.raises(DataError, match="column 'a' is missing") as caught:
        asked.read(tmp_path / "a.csv")
    assert hint in caught.value.hint


def test_read__json__one_object_or_a_list(tmp_path):
    (tmp_path / "one.JSON").write_text('{"a": 1}')
    (tmp_path / "two.json").write_text('\ufeff[{"a": 1}, {"a": 2}]')
    assert inputs(a="numeric").read(tmp_path / "one.JSON") == [{"a": 1}]
    assert len(inputs(a="numeric").read(tmp_path / "two.json")) == 2


# anchoring and proving


@pytest.fixture
def logged(desk, published):
    predict(desk.session, load(desk), [desk.row] * 3)
    return published.project_id


def test_anchor_log__then_prove__verifies_here_and_in_the_contract(desk, logged, tmp_path):
    batch, receipt = anchor_log(desk.session, logged, desk.who("alice"))
    assert (batch.first, batch.count, batch.anchor.transaction) == (0, 3, receipt.tx_hash)
    assert desk.session.registry.batch(logged, batch.root).label == "predictions"
    proof = prove(desk.session, logged, 1, tmp_path / "proof.json")
    assert proof.revealed is None
    verification = verify(tmp_path / "proof.json", desk.session.registry)
    assert verification.ok, verification.failures
    assert (proof.position, proof.count) == (1, 3)
    path = (proof.position, proof.count, proof.siblings)
    assert desk.session.registry.verify_inclusion(logged, proof.entry.hash, *path) == batch.root


def test_anchor_log__nothing_new__sends_nothing(desk, logged):
    anchor_log(desk.session, logged, desk.who("alice"))
    height = desk.blocks
    assert anchor_log(desk.session, logged, desk.who("alice")) is None
    assert desk.blocks == height


def test_anchor_log__dry_run__leaves_the_log_as_it_was(desk, logged):
    height = desk.blocks
    batch, receipt = anchor_log(desk.session, logged, desk.who("alice"), dry_run=True)
    assert (batch.count, batch.anchor, receipt.tx_hash) == (3, None, "")
    assert receipt.gas_used > 21_000
    assert desk.blocks == height
    assert LogBatches(prediction_log(desk.settings, logged)).all() == []
    predict(desk.session, load(desk), [desk.row])
    assert anchor_log(desk.session, logged, desk.who("alice"))[0].count == 4


def test_anchor_log__by_a_stranger__is_refused_and_can_be_done_by_the_publisher(desk, logged):
    with pytest.raises(ContractReverted, match="may not publish in project"):
        anchor_log(desk.session, logged, desk.who("erin"))
    assert anchor_log(desk.session, logged, desk.who("alice"))


def test_anchor_log__line_changed__is_refused(desk, logged):
    path = prediction_log(desk.settings, logged).path
    path.write_text(path.read_text().replace("lily", "rose", 1))
    with pytest.raises(VerificationFailed, match="line"):
        anchor_log(desk.session, logged, desk.who("alice"))


@pytest.mark.parametrize(("index", "sentence"), [(0, "not anchored yet"), (7, "no prediction 7")])
def test_prove__too_early_or_unknown__says_so(desk, logged, tmp_path, index, sentence):
    with pytest.raises(VerificationFailed, match=sentence):
        prove(desk.session, logged, index, tmp_path / "proof.json")
    assert not (tmp_path / "proof.json").exists()


def test_prove__revealed_in_any_spelling__shows_the_input(desk, logged, tmp_path):
    anchor_log(desk.session, logged, desk.who("alice"))
    asked = {"spots": "2", "length": "1.0", "width": 5, "kind": "lily"}
    proof = prove(desk.session, logged, 0, tmp_path / "proof.json", asked)
    assert proof.revealed.value == desk.row
    assert verify(tmp_path / "proof.json", desk.session.registry).ok


def test_prove__another_input_revealed__is_refused(desk, logged, tmp_path):
    anchor_log(desk.session, logged, desk.who("alice"))
    with pytest.raises(VerificationFailed, match="not made for this input"):
        prove(desk.session, logged, 0, tmp_path / "proof.json", {**desk.row, "length": 2.0})


# marking


def test_mark__down_and_up__with_participants_signatures(desk):
    create_project(desk.session, PROJECT, desk.who("alice"), participants=["alice", "bob"], threshold=1)
    version = desk.publish().version
    alice = desk.who("alice")
    mark(desk.session, version, Status.DEPRECATED, alice)
    version = find_version(desk.session, f"{PROJECT}@1")
    assert version.status is Status.DEPRECATED
    mark(desk.session, version, Status.DEPLOYABLE, alice, signers=[desk.who("bob")])
    assert find_version(desk.session, f"{PROJECT}@1").status is Status.DEPLOYABLE


def test_mark__same_status__sends_nothing(desk, published):
    height = desk.blocks
    assert mark(desk.session, published, Status.DEPLOYABLE, desk.who("alice")) is None
    assert desk.blocks == height


def test_mark__signer_is_a_stranger__is_refused(desk, published):
    mark(desk.session, published, Status.DEPRECATED, desk.who("alice"))
    version = find_version(desk.session, f"{PROJECT}@1")
    with pytest.raises(SignatureRefused, match="erin is not a participant"):
        mark(desk.session, version, Status.PUBLISHED, desk.who("alice"), signers=[desk.who("erin")])


def test_mark__deployable_without_a_passed_gate__is_refused(desk):
    version = desk.publish(desk.train(gate="brier = 0.0001")).version
    with pytest.raises(GateError, match="not passed a gate"):
        mark(desk.session, version, Status.DEPLOYABLE, desk.who("alice"))


def test_mark__revoked__needs_the_owner_and_a_reason_and_is_for_good(desk, published):
    with pytest.raises(UsageError, match="needs a reason"):
        mark(desk.session, published, Status.REVOKED, desk.who("alice"))
    with pytest.raises(ContractReverted, match="does not own project"):
        mark(desk.session, published, Status.REVOKED, desk.who("erin"), reason="spite")
    dry = mark(desk.session, published, Status.REVOKED, desk.who("alice"), reason="leak", dry_run=True)
    assert dry.gas_used > 21_000
    assert find_version(desk.session, f"{PROJECT}@1").status is Status.DEPLOYABLE
    mark(desk.session, published, Status.REVOKED, desk.who("alice"), reason="leak")
    revoked = find_version(desk.session, f"{PROJECT}@1")
    with pytest.raises(ContractReverted, match="invalid transition"):
        mark(desk.session, revoked, Status.PUBLISHED, desk.who("alice"))


def test_workspace__closed__lets_go_of_the_chain(desk):
    with Session(desk.settings) as session:
        chain = session.chain
    with pytest.raises(Exception, match="closed"):
        chain.head()
