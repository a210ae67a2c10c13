"""What we write for other houses is checked by their own tools, which live in an environment of their own.

DILN_STANDARDS is its folder, with `model-signing`, `pyOpenSSL` (which that needs and does not ask for) and
`cyclonedx-python-lib[json-validation]` installed.
"""

import os
import subprocess
from pathlib import Path

import pytest
from Crypto.PublicKey import ECC

from orchestrator.provenance.modelsigning import sign_model, verify_model
from orchestrator.systems.prove.cards import Card
from orchestrator.systems.prove.materials import cyclonedx
from tests.unit.pipeline.test_cards import hostile
from tests.unit.provenance.samples import sample_manifest

STANDARDS = os.environ.get("DILN_STANDARDS", "")

pytestmark = pytest.mark.integration

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(repr(found)[:2000] if found else 0)
"""


@pytest.fixture
def tools():
    if not STANDARDS:
        pytest.skip("needs model-signing and cyclonedx-python-lib: their environment in DILN_STANDARDS")
    return Path(STANDARDS) / "bin"


def tool(tools, *arguments, stdin=None):
    command = [str(tools / arguments[0]), *map(str, arguments[1:])]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_model_signing__their_tool_and_ours__verify_each_other(tools, tmp_path, curve, kind):
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    pair = ECC.generate(curve=curve)
    key.write_text(pair.export_key(format="PEM"))
    public.write_text(pair.public_key().export_key(format="PEM"))
    model = tmp_path / "model"
    inside = model
    if kind == "folder":
        (model / "sub").mkdir(parents=True)
        (model / ".gitattributes").write_text("*")
        (model / "sub.txt").write_text("b")
        inside = model / "sub" / "weights"
    inside.write_bytes(b"weights")
    ours, theirs = tmp_path / "ours.sig", tmp_path / "theirs.sig"
    ours.write_bytes(sign_model(model, key))
    verify = ("model_signing", "verify", "key", model, "--public_key", public, "--signature")
    assert tool(tools, *verify, ours).returncode == 0
    said = tool(tools, "model_signing", "sign", "key", model, "--private_key", key, "--signature", theirs)
    assert said.returncode == 0, said.stderr
    assert verify_model(model, theirs, public)
    inside.write_bytes(b"Weights")
    assert tool(tools, *verify, ours).returncode != 0


@pytest.mark.parametrize("card", [hostile(), Card(sample_manifest(), None, None)], ids=["hostile", "plain"])
def test_cyclonedx__bill_of_materials__is_valid_by_its_schema(tools, card):
    said = tool(tools, "python", "-c", VALIDATE, stdin=cyclonedx(card))
    assert said.returncode == 0, said.stderr
