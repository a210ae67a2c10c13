"""
card_of, markdown and cyclonedx
├── what is in them: the manifest's facts and the anchor
├── what strangers wrote: shown, never obeyed, by Markdown, YAML or a terminal
└── the form: what CycloneDX 1.6 demands (its own schema: tests/integration/test_standards.py)
"""

import json
import re

import pyrage
import pytest
import yaml

from orchestrator.systems.prove.about import About
from orchestrator.systems.prove.cards import Card, card_of, markdown
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.materials import cyclonedx
from tests.unit.provenance.samples import sample_manifest, sample_parts

EVIL = "`</script><b>x</b>\n---\n# owned\n[a](javascript:x) \x1b[31m \u202e ```\n| a"


def test_card_of__published_version__names_its_anchor(desk, published):
    for reference in ("latest", "flowers@1", published.artifact_hash.hex()):
        card = card_of(desk.session, reference)
        assert card.title == "flowers@1"
        assert card.facts["registry"] == desk.session.registry.address
        assert card.facts["status"] == "deployable"
        assert "diln verify" in markdown(card)


def test_card_of__private_model__tells_what_is_public_alone(desk, tmp_path):
    file = tmp_path / "customers.gguf"
    file.write_bytes(b"GGUF" + bytes(4321))
    known = About(project="p1", metrics={"f1": 0.875}, algorithm="secret")
    key = str(pyrage.x25519.Identity.generate().to_public())
    run = describe_model(desk.session, file, known, encrypt_to=(key,))
    card = card_of(desk.session, str(run.folder))
    for text in (markdown(card), cyclonedx(card)):
        assert run.manifest.artifact_hash.hex() in text
        told = ("customers", "4325", "0.875", "secret", "SHA-256: ", run.described.artifact_hash.hex())
        assert [each for each in told if each in text] == []
    assert "hashes" not in json.loads(cyclonedx(card))["metadata"]["component"]
    assert card.title == "private project"
    desk.publish(run)
    assert card_of(desk.session, str(run.folder)).title == card_of(desk.session, "p1@1").title == "p1@1"


def test_card_of__run_that_is_not_published__names_no_anchor(desk):
    card = card_of(desk.session, "latest")
    assert card.version is None
    assert "names no anchor" in markdown(card)


def test_markdown__front_matter__is_what_hugging_face_reads(desk, published):
    front = yaml.safe_load(markdown(card_of(desk.session, "flowers@1")).split("---\n")[1])
    assert front["library_name"] == "sklearn"
    assert front["pipeline_tag"] == "tabular-classification"
    [result] = front["model-index"][0]["results"]
    assert {each["type"] for each in result["metrics"]} >= {"accuracy", "f1"}


@pytest.mark.parametrize(
    ("licence", "told"), [("MIT", {"license": "mit"}), ("Own", {"license": "other", "license_name": "Own"})]
)
def test_markdown__licence__is_one_that_is_known_or_other(licence, told):
    front = yaml.safe_load(markdown(Card(sample_manifest(licence=licence), None, None)).split("---\n")[1])
    assert told.items() <= front.items()


def hostile():
    """A manifest whose every text is a stranger's."""
    parts = sample_parts()
    parts["training"] |= {
        "algorithm": EVIL,
        "target": EVIL,
        "steps": [EVIL],
        "hyperparameters": {EVIL: EVIL, "deep": {EVIL: [EVIL]}},
        "features": [{"name": EVIL, "type": EVIL, "optional": False}],
    }
    parts["data"][0] |= {"source": EVIL}
    parts["environment"] |= {"libraries": {EVIL: EVIL}}
    parts["evaluation"] |= {"metrics": {EVIL: 0.5, "within": {EVIL: 1}}}
    return Card(sample_manifest(**{**parts, "project": EVIL, "licence": EVIL}), None, None)


def test_markdown__hostile_texts__stay_within_their_code():
    text = markdown(hostile())
    assert not re.search("[\x1b\u202e]", text)
    _, front, body = re.split(r"^---\n", text, flags=re.MULTILINE)
    assert yaml.safe_load(front)["license"] == "other"
    headings = [line for line in body.splitlines() if line.startswith("#")]
    assert headings[1:] == [
        "## Model",
        "## Proof",
        "## Metrics",
        "## Gate",
        "## Data",
        "## Features",
        "## Hyper-parameters",
        "## Libraries",
        "## Made from",
    ]
    outside = re.sub(r"`[^`\n]*`", "", body)
    assert not re.search(r"[<\[`]|owned", outside)


def test_cyclonedx__hostile_texts__are_json_without_control_characters():
    text = cyclonedx(hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert json.loads(text)["metadata"]["component"]["licenses"][0]["license"]["name"]


def test_cyclonedx__published_version__has_what_1_6_demands(desk, published):
    card = card_of(desk.session, "flowers@1")
    bom = json.loads(cyclonedx(card))
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bom["serialNumber"])
    model = bom["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": published.artifact_hash.hex()}]
    names = {each["bom-ref"] for each in bom["components"]}
    assert set(bom["dependencies"][0]["dependsOn"]) == names
    assert {each["ref"] for each in model["modelCard"]["modelParameters"]["datasets"]} <= names
    properties = {each["name"]: each["value"] for each in model["properties"]}
    assert properties["diln:transaction"] == card.anchor.transaction
    assert bom == json.loads(cyclonedx(card))


def test_cyclonedx__folder__claims_no_sha256(desk):
    folder = desk.folder / "net"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    run = describe_model(desk.session, folder, About())
    model = json.loads(cyclonedx(Card(run.manifest, None, None)))["metadata"]["component"]
    assert "hashes" not in model
    assert {"name": "diln:unixfs", "value": run.manifest.artifact_hash.hex()} in model["properties"]


def test_markdown__many_features__are_cut():
    features = [{"name": f"f{number}", "type": "numeric", "optional": False} for number in range(5_000)]
    training = {**sample_parts()["training"], "features": features}
    text = markdown(Card(sample_manifest(training=training), None, None))
    assert "and 4800 more" in text
    assert len(text) < 20_000
