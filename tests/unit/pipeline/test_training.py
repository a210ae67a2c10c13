import errno
import hashlib
import json
import os
from pathlib import Path

import pyrage
import pytest

from orchestrator.bindings.registry import VersionPublished
from orchestrator.errors import (
    DataError,
    DilnError,
    IntegrityError,
    ManifestError,
    ModelError,
    SpecError,
    StorageError,
    UsageError,
)
from orchestrator.provenance import verify
from orchestrator.storage import digest_file
from orchestrator.systems.prove import training
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.predicting import predict
from orchestrator.systems.prove.runs import Run, find_run, list_runs
from orchestrator.systems.prove.training import train
from tests.unit.pipeline.desk import PROJECT, write_spec


def test_train__writes_a_run__whose_manifest_describes_it(desk):
    run = desk.run
    manifest = run.manifest
    assert run.name == PROJECT
    assert run.id == manifest.digest.hex()[:12]
    assert manifest.artifact_hash == hashlib.sha256(run.model.read_bytes()).digest()
    assert manifest.artifact_cid == digest_file(run.model).cid
    [data] = manifest.predicate.data
    assert data.rows == 60
    assert manifest.predicate.evaluation.gate.passed
    assert {path.suffix for path in run.report.iterdir()} >= {".png"}
    assert run.folder.stat().st_mode & 0o777 == 0o755


def test_train__same_seed__gives_the_same_model_in_another_run(desk):
    first, again = desk.run, desk.train(gate="accuracy = 0.8")
    assert first.manifest.artifact_hash == again.manifest.artifact_hash
    assert first.folder != again.folder
    assert list_runs(desk.settings) == [first, again]


def test_train__in_the_same_second__is_the_same_run(desk):
    spec = write_spec(desk.folder)
    clock = iter([training._now()] * 9)
    moment = next(clock)
    first, _ = train(desk.settings, spec, clock=lambda: moment)
    again, _ = train(desk.settings, spec, clock=lambda: moment)
    assert first == again
    assert not list(first.folder.parent.glob(".new-*"))


def test_find_run__ambiguous_or_unknown__says_which_there_are(desk):
    desk.train(seed=2)
    with pytest.raises(ModelError, match="there is no run or file `zz`"):
        find_run(desk.settings, "zz")
    with pytest.raises(ModelError, match="several runs begin"):
        find_run(desk.settings, "")
    assert find_run(desk.settings, PROJECT) == list_runs(desk.settings)[-1]


def test_find_run__nothing_trained__says_how(tmp_path, desk):
    from dataclasses import replace

    with pytest.raises(ModelError, match="nothing has been trained") as refused:
        find_run(replace(desk.settings, home=tmp_path / "empty"))
    assert "diln init" in refused.value.hint
    with pytest.raises(ModelError, match="no run or file `mine") as refused:
        find_run(replace(desk.settings, home=tmp_path / "empty"), "mine.onnx")
    assert "diln describe FILE" in refused.value.hint


# bad input: nothing is lost, nothing half is left


CSV = "length,width,spots,kind\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("length,width\n1,2\n", "kind"),
        (CSV, "row"),
        ("", "empty"),
        (CSV + "1,2,3,lily\n" * 2 + "1,2,3,\n1,4,3,rose\n", "kind"),
        (CSV + "".join(f"{n},2,3,lily\n" for n in range(20)), "class"),
    ],
    ids=["no target", "no rows", "empty", "label missing", "one class"],
)
def test_train__data_that_cannot_be_learned_from__is_explained(desk, content, sentence):
    spec = write_spec(desk.folder)
    (desk.folder / "flowers.csv").write_text(content)
    with pytest.raises(DataError, match=sentence):
        train(desk.settings, spec)
    assert list_runs(desk.settings) == [desk.run]


def test_train__malformed_spec__names_line_and_key(desk):
    spec = write_spec(desk.folder)
    spec.write_text(spec.read_text().replace("seed = 1", "sead = 1"))
    with pytest.raises(SpecError, match=r"line 12: split\.sead: this key is not known"):
        train(desk.settings, spec)


@pytest.mark.parametrize("what", ["save_model", "write_report", "digest_file"])
def test_train__disk_full__leaves_no_half_run_and_keeps_the_others(desk, monkeypatch, what):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(training, what, full)
    with pytest.raises(OSError, match="No space left"):
        desk.train(seed=3)
    assert list_runs(desk.settings) == [desk.run]
    assert not list(desk.run.folder.parent.glob(".new-*"))


def test_publish__disk_full_while_pinning__sends_nothing_and_goes_on_later(desk, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises((DilnError, OSError), match="No space left"):
            desk.publish()
    assert list(desk.session.registry.contract.events(VersionPublished)) == []
    assert desk.publish().version.number == 1


def test_manifest__of_a_parent_that_was_changed__is_refused(desk):
    text = desk.run.manifest_file.read_text()
    desk.run.manifest_file.write_text(text + " ")
    with pytest.raises(ManifestError):
        train(desk.settings, write_spec(desk.folder, seed=2), parents=("latest",))


def test_git_state__in_a_repository_and_outside__is_told(tmp_path):
    assert training.git_state(tmp_path) is None
    here = training.git_state(Path(__file__).parent)
    assert here is None or len(here.commit) == 40


# private models


@pytest.fixture
def reader(tmp_path):
    """Who may read the private model: the public key, and the file with the private one."""
    key = pyrage.x25519.Identity.generate()
    file = tmp_path / "key.txt"
    file.write_text(f"# created: today\n# public key: {key.to_public()}\n{key}\n")
    return str(key.to_public()), file


@pytest.fixture
def private(desk, reader):
    run, _ = train(desk.settings, write_spec(desk.folder, seed=9), encrypt_to=(reader[0],))
    return run


def test_train__encrypt_to__names_the_cid_of_the_encrypted_file_alone(private):
    manifest, described = private.manifest, private.described
    assert (manifest.predicate.artifact.format, manifest.predicate.artifact.size) == ("private+age", None)
    assert described.predicate.artifact.format == "skops+age"
    assert described.predicate.artifact.size == private.model.stat().st_size
    assert described.artifact_hash == hashlib.sha256(private.model.read_bytes()).digest()
    assert manifest.artifact_cid == described.artifact_cid == digest_file(private.encrypted).cid
    assert private.encrypted.read_bytes().startswith(b"age-encryption.org/v1")


def test_publish__private__pins_the_encrypted_file_only(desk, private):
    desk.publish(private)
    pinned = [desk.session.storage.read(pin.cid) for pin in desk.session.storage.pins()]
    assert sorted(pinned) == sorted([private.encrypted.read_bytes(), private.manifest_file.read_bytes()])
    plain = private.model.read_bytes()
    assert not any(
        path.read_bytes() == plain for path in desk.settings.store_dir.rglob("*") if path.is_file()
    )
    verification = verify(private.model, desk.session.registry, storage=desk.session.storage)
    assert verification.ok, verification.failures
    assert any("decrypt" in sentence for sentence in verification.not_proven)


def test_publish__private_on_chain__is_refused_before_anything_is_sent(desk, private):
    height = desk.blocks
    with pytest.raises(UsageError, match="private"):
        desk.publish(private, on_chain=True)
    assert desk.blocks == height


def test_publish__encrypted_file_changed__is_refused(desk, private):
    private.encrypted.write_bytes(private.encrypted.read_bytes() + b"!")
    with pytest.raises(IntegrityError, match="encrypted"):
        desk.publish(private)
    assert desk.session.storage.pins() == []


def test_load_published__private_elsewhere__needs_the_key(desk, private, reader, tmp_path):
    desk.publish(private)
    private.folder.rename(tmp_path / "elsewhere")
    name, viewer = f"{PROJECT}@1", desk.who("alice").address
    with pytest.raises(ModelError, match="private") as refused:
        load_published(desk.session, name, viewer)
    assert "--identity" in refused.value.hint
    model = load_published(desk.session, name, viewer, reader[1])
    assert predict(desk.session, model, [desk.row])[0].output["label"] == "lily"
    assert model.path.stat().st_mode & 0o077 == 0
    assert not model.path.with_suffix(".age").exists()


def test_load_published__private_with_a_wrong_key__is_refused(desk, private, tmp_path):
    desk.publish(private)
    private.folder.rename(tmp_path / "elsewhere")
    other = tmp_path / "other.txt"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(StorageError, match="not encrypted for this key"):
        load_published(desk.session, f"{PROJECT}@1", desk.who("alice").address, other)


def test_train__malformed_recipient__is_refused_before_training(desk, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("it was trained"))
    with pytest.raises(StorageError, match="not a recipient"):
        train(desk.settings, write_spec(desk.folder), encrypt_to=("age1nonsense",))


def test_run__of_a_folder__is_found_from_anywhere(desk, tmp_path):
    moved = desk.run.folder.rename(tmp_path / "moved")
    run = find_run(desk.settings, str(moved))
    assert run == Run(moved.resolve())
    assert json.loads(run.manifest_file.read_bytes())["predicate"]["project"] == PROJECT
