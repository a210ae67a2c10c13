"""OpenSSF Model Signing: signatures of a model that tools of other houses write and verify.

The file is a Sigstore bundle (v0.3, JSON) around a DSSE envelope around an in-toto Statement, whose predicate
lists each file of the model with its SHA-256. Keys are of NIST's curves, in PEM; no log and no authority is
asked, so that it is verified offline: `model_signing verify key MODEL --signature FILE --public_key KEY.pub`.

Which files count: all of a folder, except those of git at its top, which that tool always leaves out.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from orchestrator.errors import IntegrityError, SignatureRefused, StorageError, UsageError
from orchestrator.nesting import is_nested_deeper
from orchestrator.provenance.manifest import STATEMENT_TYPE
from orchestrator.provenance.predicate import Attestation
from orchestrator.text import shown

if TYPE_CHECKING:
    from Crypto.PublicKey import ECC

PREDICATE = "https://model_signing/signature/v1.0"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
LARGEST = 64 << 20  # bytes of a bundle
LARGEST_KEY = 64 << 10
_DEEPEST = 16
_HASHES = {"NIST P-256": "SHA256", "NIST P-384": "SHA384", "NIST P-521": "SHA512"}
_SINGLE = "."
"""How the one file of a model that is a file is called."""


@dataclass(frozen=True)
class ModelSignature:
    """A signature that was verified: the digest of its file, and of the key that verified it (hex)."""

    sha256: str
    key: str

    @property
    def attestation(self) -> Attestation:
        """What goes into a manifest."""
        return Attestation(type=PREDICATE, sha256=self.sha256, key=self.key)


def sign_model(path: Path, key_file: Path, *, name: str | None = None, password: str | None = None) -> bytes:
    """A bundle for the model file or folder at `path`, signed with the private key in `key_file` (PEM).

    `name` is what the statement calls the model. The same again gives the same bytes. Raises UsageError for a
    key that cannot be used, StorageError.
    """
    key = _key(key_file, password, private=True)
    payload = json.dumps(_statement(path, name or path.resolve().name), indent=2).encode()
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": _fingerprint(key)}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": _base64(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _base64(_sign(key, payload)), "keyid": ""}],
        },
    }
    return json.dumps(bundle).encode()


def verify_model(path: Path, bundle: Path, key_file: Path) -> ModelSignature:
    """Check that the key in `key_file` (PEM) signed this very model, every file of it and no other.

    Raises SignatureRefused for a bundle that is malformed, of another kind or of another key, IntegrityError
    where the model is not what was signed, UsageError for an unusable key, StorageError.
    """
    key = _key(key_file, None, private=False)
    content = _read(bundle, LARGEST)
    try:
        envelope, hint = _envelope(content)
        payload = _payload(envelope, key)
        if hint not in (None, _fingerprint(key)):
            raise SignatureRefused(f"{bundle} names another key than {key_file}", "Give its signer's key.")
        signed = _resources(_parsed(payload))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise SignatureRefused(
            f"{bundle} cannot be read as a bundle of model_signing: {shown(str(error), 200)}",
            "Ask its signer for one made with a key and files hashed by SHA-256.",
        ) from error
    _compare(path, bundle, signed)
    return ModelSignature(hashlib.sha256(content).hexdigest(), _fingerprint(key))


def _statement(path: Path, name: str) -> dict[str, Any]:
    files = {name: digest for name, digest in _files(path) if not _of_git(name)}
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in files.values())).hexdigest()
    serialization = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": list(GIT_PATHS),
    }
    resources = [{"name": each, "algorithm": "sha256", "digest": files[each]} for each in files]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": root}}],
        "predicateType": PREDICATE,
        "predicate": {"serialization": serialization, "resources": resources},
    }


def _files(path: Path) -> Iterator[tuple[str, str]]:
    """Each file's name within the model and its SHA-256, in the order of their paths. Raises StorageError."""
    try:
        if not path.is_dir():
            yield _SINGLE, _sha256(path)
            return
        found = {PurePosixPath(each.relative_to(path).as_posix()): each for each in path.rglob("*")}
        for name, each in sorted(found.items()):
            if each.is_symlink():
                raise StorageError(f"{each} is a link, which is not signed", "Put the file itself there.")
            if each.is_file():
                yield str(name), _sha256(each)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}", "Check the path.") from error


def _of_git(name: str) -> bool:
    return PurePosixPath(name).parts[:1] in {(each,) for each in GIT_PATHS}


def _envelope(content: bytes) -> tuple[Mapping[str, Any], str | None]:
    """The envelope, and the fingerprint of the key that the bundle names, if it names one."""
    bundle = _parsed(content)
    if bundle["mediaType"] != MEDIA_TYPE:
        raise ValueError(f"its media type is {bundle['mediaType']!r}")
    material = bundle["verificationMaterial"]
    return bundle["dsseEnvelope"], (material.get("publicKey") or {}).get("hint")


def _payload(envelope: Mapping[str, Any], key: "ECC.EccKey") -> bytes:
    """The payload, once the one signature over it was verified."""
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise ValueError("its payload is not an in-toto statement")
    [signature] = envelope["signatures"]
    payload = _bytes(envelope["payload"])
    _verify(key, payload, _bytes(signature["sig"]))
    return payload


def _resources(statement: Mapping[str, Any]) -> dict[str, str]:
    """What was signed: names to SHA-256. Raises ValueError for a statement that is not consistent."""
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE):
        raise ValueError(f"its predicate is {statement['predicateType']!r}")
    predicate = statement["predicate"]
    if predicate["serialization"]["method"] != "files":
        raise ValueError("it lists shards, not files")
    signed, root = {}, hashlib.sha256()
    for each in predicate["resources"]:
        digest = bytes.fromhex(each["digest"])
        if each["algorithm"] != "sha256" or len(digest) != 32 or each["name"] in signed:
            raise ValueError("a file is listed twice, or hashed by something else than SHA-256")
        signed[str(each["name"])] = digest.hex()
        root.update(digest)
    [subject] = statement["subject"]
    if subject["digest"] != {"sha256": root.hexdigest()}:
        raise ValueError("its files do not have the digest that it names")
    return signed


def _compare(path: Path, bundle: Path, signed: Mapping[str, str]) -> None:
    """Every file must be signed but git's and the bundle itself, and every signed one be there."""
    files = dict(_files(path))
    if bundle.resolve().is_relative_to(path.resolve()) and path.is_dir():
        files.pop(bundle.resolve().relative_to(path.resolve()).as_posix(), None)
    for name in sorted(signed.keys() | {each for each in files if not _of_git(each)}):
        if signed.get(name) != files.get(name):
            word = (
                "is not signed" if name not in signed else "is missing" if name not in files else "is another"
            )
            what = "the model" if name == _SINGLE else f"`{shown(name, 200)}`"
            raise IntegrityError(f"the signature is not of this model: {what} {word}", "Do not use it.")


def _key(file: Path, password: str | None, *, private: bool) -> "ECC.EccKey":
    from Crypto.PublicKey import ECC

    try:
        key = ECC.import_key(_read(file, LARGEST_KEY), passphrase=password)
    except (ValueError, IndexError, TypeError) as error:
        raise UsageError(f"{file} holds no key that can be read: {error}", _HOW) from error
    if key.curve not in _HASHES or (private and not key.has_private()):
        kind = "private" if private else "public"
        raise UsageError(f"{file} holds no {kind} key on P-256, P-384 or P-521", _HOW)
    return key


_HOW = "Make one: `openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem`."


def _fingerprint(key: "ECC.EccKey") -> str:
    """SHA-256 of the public key in PEM, as the other tool names keys."""
    der = key.public_key().export_key(format="DER")
    text = base64.b64encode(bytes(der)).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    pem = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    return hashlib.sha256(pem.encode()).hexdigest()


def _sign(key: "ECC.EccKey", payload: bytes) -> bytes:
    from Crypto.Signature import DSS

    return bytes(DSS.new(key, "deterministic-rfc6979", encoding="der").sign(_hashed(key, payload)))


def _verify(key: "ECC.EccKey", payload: bytes, signature: bytes) -> None:
    from Crypto.Signature import DSS

    try:
        DSS.new(key.public_key(), "fips-186-3", encoding="der").verify(_hashed(key, payload), signature)
    except ValueError as error:
        raise ValueError("the signature is not that of the key") from error


def _hashed(key: "ECC.EccKey", payload: bytes) -> Any:
    """The hash of what DSSE signs: the payload behind its type and both lengths."""
    from importlib import import_module

    kind = PAYLOAD_TYPE.encode()
    before = b"DSSEv1 %d %s %d " % (len(kind), kind, len(payload))
    return import_module(f"Crypto.Hash.{_HASHES[key.curve]}").new(before + payload)


def _parsed(data: bytes) -> Any:
    text = data.decode("utf-8")
    if is_nested_deeper(text, _DEEPEST):
        raise ValueError("it is nested too deeply")
    return json.loads(text)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}", "Check the path.") from error
    if len(content) > most:
        raise StorageError(f"{file} is above {most} bytes", "Give the right file.")
    return content


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
