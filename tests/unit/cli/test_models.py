"""`diln describe`, `publish` and `export` of any model, and `diln card`, as a user types them."""

import json

import pytest
from Crypto.PublicKey import ECC

from orchestrator.provenance.modelsigning import verify_model


@pytest.fixture
def model(desk):
    file = desk.folder / "net.gguf"
    file.write_bytes(b"GGUF" + bytes(100))
    return file


@pytest.fixture
def keys(desk):
    key = ECC.generate(curve="P-256")
    private, public = desk.folder / "key.pem", desk.folder / "key.pub"
    private.write_text(key.export_key(format="PEM"))
    public.write_text(key.public_key().export_key(format="PEM"))
    return private, public


def test_describe__all_options__are_in_the_manifest(diln, desk, model):
    options = ["--metric", "f1=0.9", "--parameter", "depth=3", "--library", "torch=2.9", "--license", "MIT"]
    options += ["--data", "ab" * 32, "--parent", "cd" * 32, "--algorithm", "my.Net", "--name", "net"]
    assert diln("describe", model, *options).code == 0
    predicate = desk.run.manifest.predicate
    assert predicate.evaluation.metrics == {"f1": 0.9}
    assert predicate.training.hyperparameters == {"depth": 3}
    assert predicate.training.algorithm == "my.Net"
    assert (predicate.project, predicate.licence) == ("net", "MIT")
    assert predicate.environment.libraries == {"torch": "2.9"}
    assert (predicate.data[0].sha256, predicate.parents[0].artifact) == ("ab" * 32, "cd" * 32)


@pytest.mark.parametrize(
    "options", [["--metric", "f1"], ["--metric", "f1=high"], ["--parameter", "=3"], ["--name", "a/b"]]
)
def test_describe__option_that_says_nothing__is_wrong_usage(diln, model, options):
    assert diln("describe", model, *options).code == 2


def test_publish__bundle__is_written_beside_the_anchor_and_read_again(diln, desk, model, keys):
    private, public = keys
    said = diln("publish", model, "--bundle", "net.sig", "--signing-key", private, "--json")
    assert said.json["version"] == "net@1"
    bundle = desk.folder / "net.sig"
    assert verify_model(model, bundle, public)
    written = bundle.read_bytes()
    assert diln("export", "net@1", "-o", "net.car", "--bundle", "two.sig", "--signing-key", private).code == 0
    assert (desk.folder / "two.sig").read_bytes() == written
    options = ["--name", "copy", "--model-signature", bundle, "--signature-key", public]
    assert diln("describe", model, *options).code == 0
    [found] = desk.run.manifest.predicate.attestations
    assert found.type == "https://model_signing/signature/v1.0"


def test_publish__dry_run__writes_no_signature(diln, desk, model, keys):
    assert diln("publish", model, "--bundle", "net.sig", "--signing-key", keys[0], "--dry-run").code == 0
    assert not (desk.folder / "net.sig").exists()


def test_publish__bundle_without_a_key__publishes_nothing(diln, desk, model):
    blocks = desk.blocks
    assert diln("publish", model, "--bundle", "net.sig").code == 2
    assert desk.blocks == blocks


def test_describe__signature_of_another_model__makes_no_run(diln, desk, model, keys):
    private, public = keys
    diln("publish", model, "--bundle", "net.sig", "--signing-key", private)
    runs = set(desk.settings.models_dir.rglob("*"))
    model.write_bytes(model.read_bytes() + b"x")
    said = diln("describe", model, "--model-signature", "net.sig", "--signature-key", public)
    assert said.code == 1
    assert "not of this model" in said.err
    assert diln("describe", model, "--model-signature", "net.sig").code == 2
    assert set(desk.settings.models_dir.rglob("*")) == runs


def test_card__both_forms__are_printed_or_written(diln, desk, published):
    assert diln("card", "flowers@1").out.startswith("---\n")
    assert json.loads(diln("card", "--format", "cyclonedx").out)["bomFormat"] == "CycloneDX"
    assert diln("card", "flowers@1", "-o", "CARD.md").code == 0
    assert (desk.folder / "CARD.md").read_text().startswith("---\n")
    assert diln("card", "--format", "pdf").code == 2


def test_predict__model_of_a_format_without_reader__says_so(diln, desk, model):
    diln("publish", model)
    (desk.folder / "rows.json").write_text("[{}]")
    said = diln("predict", "net", "rows.json")
    assert said.code == 1
    assert "no reader here for the format gguf" in said.err
