"""
sign_model and verify_model
├── bundles that the model_signing tool made (version 1.1.1, three curves): verified
├── ours: the same form; the same again, the same bytes
├── a model that is not the signed one: which file is missing, another, or not signed
└── bundles that are none, of another key, of another kind: refused
"""

import base64
import json
import shutil
from pathlib import Path

import pytest
from Crypto.PublicKey import ECC

from orchestrator.errors import IntegrityError, SignatureRefused, StorageError, UsageError
from orchestrator.provenance.modelsigning import MEDIA_TYPE, PREDICATE, sign_model, verify_model

THEIRS = Path(__file__).parent / "model_signing"
CURVES = {"prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


@pytest.fixture
def model(tmp_path):
    return Path(shutil.copytree(THEIRS / "folder", tmp_path / "model"))


@pytest.fixture
def keys(tmp_path):
    """A key pair's two files, and another's."""
    for name in ("mine", "other"):
        key = ECC.generate(curve="P-256")
        (tmp_path / f"{name}.pem").write_text(key.export_key(format="PEM"))
        (tmp_path / f"{name}.pub").write_text(key.public_key().export_key(format="PEM"))
    return tmp_path / "mine.pem", tmp_path / "mine.pub", tmp_path / "other.pub"


def signed(model, keys, tmp_path, **change):
    """A bundle of ours, with what `change` says."""
    bundle = json.loads(sign_model(model, keys[0]))
    bundle |= change
    file = tmp_path / "model.sig"
    file.write_text(json.dumps(bundle))
    return file


@pytest.mark.parametrize("name", ["folder", "one.bin"])
@pytest.mark.parametrize("curve", CURVES)
def test_verify_model__bundle_of_their_tool__is_verified(curve, name):
    found = verify_model(THEIRS / name, THEIRS / f"{curve}-{name}.sig", THEIRS / f"{curve}.pub")
    bundle = json.loads((THEIRS / f"{curve}-{name}.sig").read_text())
    assert found.key == bundle["verificationMaterial"]["publicKey"]["hint"]
    assert found.attestation.type == PREDICATE


@pytest.mark.parametrize("name", ["folder", "one.bin"])
@pytest.mark.parametrize("curve", CURVES)
def test_sign_model__any_curve__says_what_their_tool_says_of_the_same_model(tmp_path, curve, name):
    key = tmp_path / "key.pem"
    key.write_text(ECC.generate(curve=CURVES[curve]).export_key(format="PEM"))
    ours, theirs = sign_model(THEIRS / name, key), (THEIRS / f"{curve}-{name}.sig").read_bytes()
    assert ours == sign_model(THEIRS / name, key)
    one, other = (json.loads(each) for each in (ours, theirs))
    assert one["mediaType"] == other["mediaType"] == MEDIA_TYPE
    first, second = (json.loads(base64.b64decode(each["dsseEnvelope"]["payload"])) for each in (one, other))
    first["subject"][0]["name"] = second["subject"][0]["name"]
    for each in (first, second):
        each["predicate"]["serialization"].get("ignore_paths", []).sort()
    assert first == second


def test_verify_model__own_bundle__is_verified_also_beside_the_model(model, keys, tmp_path):
    bundle = tmp_path / "model.sig"
    bundle.write_bytes(sign_model(model, keys[0]))
    assert verify_model(model, bundle, keys[1])
    inside = model / "model.sig"
    shutil.copy(bundle, inside)
    assert verify_model(model, inside, keys[1])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda model: (model / "b.txt").write_text("x"), "`b.txt` is another"),
        (lambda model: (model / "sub" / "a.bin").unlink(), "`sub/a.bin` is missing"),
        (lambda model: (model / "evil.py").write_text("x"), "`evil.py` is not signed"),
        (lambda model: (model / ".hooks").write_text("x"), "`.hooks` is not signed"),
        (lambda model: (model / "sub" / ".gitattributes").write_text("x"), "is not signed"),
    ],
)
def test_verify_model__folder_changed__names_the_file(model, keys, tmp_path, change, reason):
    bundle = signed(model, keys, tmp_path)
    change(model)
    with pytest.raises(IntegrityError, match=reason):
        verify_model(model, bundle, keys[1])


def test_verify_model__statement_that_ignores_a_file__leaves_it_unsigned(model, keys, tmp_path, monkeypatch):
    """A signer could leave any file out, and another put its own there."""
    monkeypatch.setattr("orchestrator.provenance.modelsigning.GIT_PATHS", ("b.txt",))
    bundle = signed(model, keys, tmp_path)
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match=r"`b\.txt` is not signed"):
        verify_model(model, bundle, keys[1])


def test_verify_model__link_in_the_folder__is_refused(model, keys, tmp_path):
    bundle = signed(model, keys, tmp_path)
    (model / "link").symlink_to("/etc/hostname")
    with pytest.raises(StorageError, match="link"):
        verify_model(model, bundle, keys[1])


def test_verify_model__another_s_key__is_refused(model, keys, tmp_path):
    with pytest.raises(SignatureRefused, match="not that of the key"):
        verify_model(model, signed(model, keys, tmp_path), keys[2])


def test_verify_model__payload_changed__is_refused(model, keys, tmp_path):
    bundle = json.loads(sign_model(model, keys[0]))
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"b.txt", b"c.txt")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(SignatureRefused, match="not that of the key"):
        verify_model(model, signed(model, keys, tmp_path, **bundle), keys[1])


def test_verify_model__hint_of_another_key__is_refused(model, keys, tmp_path):
    material = {"publicKey": {"hint": "ab" * 32}, "tlogEntries": []}
    with pytest.raises(SignatureRefused, match="names another key"):
        verify_model(model, signed(model, keys, tmp_path, verificationMaterial=material), keys[1])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"mediaType": 5}',
        json.dumps({"mediaType": MEDIA_TYPE, "verificationMaterial": {}, "dsseEnvelope": []}).encode(),
        json.dumps({"mediaType": MEDIA_TYPE, "verificationMaterial": [], "dsseEnvelope": {}}).encode(),
        b'{"mediaType": "\\u001b[31m"}',
    ],
)
def test_verify_model__what_is_no_bundle__is_refused_in_one_printable_line(model, keys, tmp_path, content):
    file = tmp_path / "model.sig"
    file.write_bytes(content)
    with pytest.raises(SignatureRefused) as refused:
        verify_model(model, file, keys[1])
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    "change",
    [
        {"predicateType": "https://example.org/other"},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"subject": []},
        {"subject": [{"name": "m", "digest": {"sha256": "00" * 32}}]},
        {"predicate": {"serialization": {"method": "shards"}, "resources": []}},
        {"predicate": {"serialization": {"method": "files"}, "resources": [{"name": "a"}]}},
    ],
)
def test_verify_model__signed_statement_of_another_kind__is_refused(
    model, keys, tmp_path, change, monkeypatch
):
    from orchestrator.provenance import modelsigning

    honest = modelsigning._statement(model, "model")
    monkeypatch.setattr(modelsigning, "_statement", lambda *_: {**honest, **change})
    with pytest.raises(SignatureRefused):
        verify_model(model, signed(model, keys, tmp_path), keys[1])


@pytest.mark.parametrize("key", ["", "no key", "P-256 public", "secp256k1", "ed25519"])
def test_sign_model__key_that_cannot_sign__is_named(model, tmp_path, key):
    file = tmp_path / "key.pem"
    if key == "P-256 public":
        key = ECC.generate(curve="P-256").public_key().export_key(format="PEM")
    elif key == "ed25519":
        key = ECC.generate(curve="Ed25519").export_key(format="PEM")
    elif key == "secp256k1":
        key = _SECP256K1
    file.write_text(key)
    with pytest.raises(UsageError, match=r"key\.pem holds no"):
        sign_model(model, file)


_SECP256K1 = """\
-----BEGIN EC PRIVATE KEY-----
MHQCAQEEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8goAcGBSuBBAAK
oUQDQgAEhL9WLnu6p7OFk5MoO0e9OtMkfGwHm1VLpdKXVjfDvKW2wMJS+tCX2EbW
RmAYzUYwVyq2mG96+mcSwX2O5vJvAA==
-----END EC PRIVATE KEY-----
"""


def test_sign_model__locked_key__opens_with_its_password(model, tmp_path):
    file = tmp_path / "key.pem"
    key = ECC.generate(curve="P-256")
    protection = "PBKDF2WithHMAC-SHA512AndAES256-CBC"
    file.write_text(key.export_key(format="PEM", passphrase="open", protection=protection, use_pkcs8=True))
    with pytest.raises(UsageError):
        sign_model(model, file)
    assert sign_model(model, file, password="open")
