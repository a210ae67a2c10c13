"""
describe_model and publish of models made elsewhere
├── a file of any framework: its bytes as they are, nothing loaded
├── a folder: one directory, one digest
├── what is told, by flags and by a file: in the manifest, hashed where it is data
├── done twice: the same run, nothing sent twice
├── verified: one changed byte is caught, what runs code is said
└── what is wrong: named
"""

import hashlib
import os
import pickle
from pathlib import Path

import pytest

from orchestrator.errors import DataError, UsageError
from orchestrator.provenance import Status, verify
from orchestrator.storage import DEFAULT_PROFILE
from orchestrator.storage.adding import add
from orchestrator.storage.unixfs import find_profile
from orchestrator.systems.prove.about import About, about_of
from orchestrator.systems.prove.describing import describe_model, is_model


class Bomb:
    """Whoever unpickles this makes a folder."""

    def __reduce__(self):
        return os.mkdir, (str(Path.cwd() / "exploded"),)


@pytest.fixture
def model(desk):
    """A model of somebody else's framework, which must not be loaded."""
    file = desk.folder / "forest.joblib"
    file.write_bytes(pickle.dumps(Bomb()))
    return file


@pytest.fixture
def folder(desk):
    folder = desk.folder / "tiny-bert"
    (folder / "weights").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "weights" / "model.safetensors").write_bytes(b"w" * 3_000_000)
    return folder


def described(desk, path, **known):
    return describe_model(desk.session, path, About.model_validate(known))


def check(desk, path, **more):
    return verify(path, desk.session.registry, storage=desk.session.storage, **more)


def test_publish__a_pickle__proves_its_bytes_and_loads_nothing(desk, model, monkeypatch):
    monkeypatch.chdir(desk.folder)
    run = described(desk, model)
    published = desk.publish(run)
    assert run.name == published.project.name == "forest"
    assert published.version.artifact_hash == hashlib.sha256(model.read_bytes()).digest()
    assert published.version.status is Status.PUBLISHED  # no gate: nothing says that it is fit
    assert run.manifest.predicate.artifact.format == "joblib"
    verification = check(desk, model)
    assert verification.ok, verification.failures
    assert any("runs code" in sentence for sentence in verification.not_proven)
    model.write_bytes(model.read_bytes() + b"x")
    assert not check(desk, model).ok
    assert not (desk.folder / "exploded").exists()


def test_describe__file_written_again_in_place__the_run_stays_and_is_published(desk, model, folder):
    weights = folder / "weights" / "model.safetensors"
    for path, file in ((model, model), (folder, weights)):
        before = file.read_bytes()
        run = described(desk, path)
        with file.open("r+b") as opened:
            opened.write(b"trained again")
        kept = run.model / file.relative_to(path) if path.is_dir() else run.model
        assert kept.read_bytes() == before
        published = desk.publish(run)
        assert published.version.artifact_hash == run.manifest.artifact_hash


def test_publish__a_folder__is_one_digest_that_any_byte_changes(desk, folder):
    run = described(desk, folder)
    published = desk.publish(run)
    assert run.manifest.folder
    assert published.version.artifact_cid == run.manifest.artifact_cid
    verification = check(desk, folder)
    assert verification.ok, verification.failures
    weights = folder / "weights" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[2_999_999] ^= 1
    weights.write_bytes(content)
    assert not check(desk, folder).ok


def test_describe__link_that_leads_out_of_the_folder__is_not_published(desk, folder):
    """A stranger's folder could show a private key of whoever publishes it."""
    secret = desk.folder / "id_rsa"
    secret.write_text("secret")
    (folder / "weights" / "extra.bin").symlink_to(secret)
    with pytest.raises(UsageError, match="leads out of the folder"):
        described(desk, folder)
    assert not list(desk.settings.models_dir.glob("tiny-bert/*"))


def test_describe__link_within_the_folder__is_its_content(desk, folder):
    (folder / "same.json").symlink_to(folder / "config.json")
    run = described(desk, folder)
    assert not (run.model / "same.json").is_symlink()
    assert (run.model / "same.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", ".git", ""])
def test_describe__project_of_a_stranger_s_sidecar__makes_no_folder_elsewhere(desk, model, name):
    before = set(desk.folder.parent.rglob("*"))
    with pytest.raises(UsageError, match="project's name"):
        described(desk, model, project=name)
    assert set(desk.folder.parent.rglob("*")) == before


def test_publish__a_folder_from_storage__comes_back_as_it_was(desk, folder, tmp_path):
    published = desk.publish(described(desk, folder))
    desk.session.storage.get(published.version.artifact_cid, tmp_path / "back")
    assert check(desk, tmp_path / "back").ok


def test_publish__a_file_that_is_a_folders_root_block__is_not_that_folder(desk, folder):
    """The digest in a folder's CID is also the SHA-256 of a file, of its root block's bytes."""
    published = desk.publish(described(desk, folder))
    blocks = []
    add(folder, find_profile(DEFAULT_PROFILE), lambda _, content: blocks.append(content))
    block = blocks[-1]
    forged = desk.folder / "forged"
    forged.write_bytes(block)
    assert hashlib.sha256(block).digest() == published.version.artifact_hash
    assert not check(desk, forged).ok


def test_describe__all_that_is_told__is_in_the_manifest(desk, model):
    data = desk.folder / "train.csv"
    data.write_text("a,b\n1,2\n")
    run = described(
        desk,
        model,
        project="woods",
        licence="MIT",
        algorithm="xgboost.XGBClassifier",
        hyperparameters={"max_depth": 6, "booster": "dart"},
        metrics={"f1": 0.93, "log_loss": 0.4},
        gate={"f1": {"minimum": 0.9}, "log_loss": {"maximum": 0.5}},
        data=[str(data), "sha256:" + "ab" * 32],
        libraries={"xgboost": "3.0.0"},
        parents=["cd" * 32],
        features=[{"name": "a"}],
    )
    predicate = run.manifest.predicate
    assert predicate.project == run.name == "woods"
    assert [each.sha256 for each in predicate.data] == [
        hashlib.sha256(data.read_bytes()).hexdigest(),
        "ab" * 32,
    ]
    assert predicate.evaluation.gate.passed
    assert predicate.parents[0].artifact == "cd" * 32
    assert predicate.training.hyperparameters == {"max_depth": 6, "booster": "dart"}
    assert predicate.environment.libraries == {"xgboost": "3.0.0"}
    published = desk.publish(run)
    assert published.version.status is Status.DEPLOYABLE
    assert check(desk, model).ok


@pytest.mark.parametrize("f1", [None, 0.89])
def test_describe__gate_missed_or_not_measured__is_not_passed(desk, model, f1):
    metrics = {} if f1 is None else {"f1": f1}
    gate = described(
        desk, model, metrics=metrics, gate={"f1": {"minimum": 0.9}}
    ).manifest.predicate.evaluation
    assert gate.gate.passed is False


def test_describe__parent_in_the_registry__is_followed(desk, model, folder):
    parent = desk.publish(described(desk, folder))
    child = desk.publish(described(desk, model, parents=["tiny-bert@1"]))
    assert child.version.parents == (parent.version.id,)
    assert check(desk, model).ok


def test_describe__twice__is_the_same_run(desk, model):
    first = described(desk, model, licence="MIT")
    assert described(desk, model, licence="MIT") == first
    assert described(desk, model) != first


def test_publish__a_file_twice__sends_nothing_the_second_time(desk, model):
    desk.publish(described(desk, model))
    height = desk.blocks
    again = desk.publish(described(desk, model))
    assert again.receipt is None
    assert desk.blocks == height


def test_about_of__file_beside_the_model__is_read_and_flags_go_first(tmp_path):
    model = tmp_path / "m.onnx"
    (tmp_path / "m.onnx.about.toml").write_text('licence = "MIT"\nproject = "a"\n[metrics]\nf1 = 0.5\n')
    known = about_of(model).with_(project="b", metrics={"auc": 0.7}, licence=None)
    assert (known.project, known.licence, known.metrics) == ("b", "MIT", {"f1": 0.5, "auc": 0.7})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("licence = 5", "`licence` is wrong"),
        ("colour = 'red'", "`colour` is wrong"),
        ("licence = ", "cannot be read"),
        ("x" * (1 << 20) + "y", "above 1 MiB"),
        ("metrics = " + "[" * 100_000, "nested too deeply"),
        ("\0", "cannot be read"),
    ],
)
def test_read__what_is_wrong__is_named(tmp_path, content, named):
    file = tmp_path / "about.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=named):
        About.read(file)


def test_describe__data_that_are_not_there__are_named(desk, model):
    with pytest.raises(DataError, match=r"absent\.csv does not exist"):
        described(desk, model, data=["absent.csv"])


def test_is_model__files_and_folders_but_runs__are_models(desk, model, folder):
    assert is_model(str(model))
    assert is_model(str(folder))
    assert not is_model(str(desk.run.folder))
    assert not is_model("latest")
