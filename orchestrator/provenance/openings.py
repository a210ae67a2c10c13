"""Salted commitments: all that is public of a private model, and the openings that explain them.

The manifest of a private model is written as that of any other, and then all that it tells is taken out. What
stays is a commitment to each field (`predicate.withheld`), and one to the digest of the model's file by which
the registry knows it (`subject.digest.salted`):

    SHA-256(salt ‖ canonical JSON of [field, value])        with 32 random bytes of salt for each field

An *opening* holds salts and values: all of them beside the owner's model and with whoever can decrypt it, or
single ones that the owner disclosed. Without its salt no value can be guessed, however few there may be.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from orchestrator.errors import StorageError, UsageError, VerificationFailed
from orchestrator.provenance import canonical, fields
from orchestrator.provenance.manifest import LARGEST_MANIFEST, Manifest
from orchestrator.provenance.untold import DIGEST, FIELDS, UNTOLD
from orchestrator.types import Digest

OPENING = "opening.json"
"""What an opening's file is called beside a model."""
LARGEST_OPENING = 2 * LARGEST_MANIFEST
SALT_SIZE = 32
_HINT = "Ask the model's owner for it again: `diln disclose`."


@dataclass(frozen=True)
class Disclosed:
    """A field's value, and the salt with which it was committed to."""

    salt: bytes
    value: object


@dataclass(frozen=True)
class Opening:
    """The values of some fields, or of all, that a private model's manifest withholds."""

    disclosed: Mapping[str, Disclosed]

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """All fields of a manifest that is still whole, each with a new salt."""
        statement = canonical.decode(manifest.to_bytes())
        values = {DIGEST: manifest.artifact_hash.hex(), **{each: _get(statement, each) for each in UNTOLD}}
        return cls({field: Disclosed(os.urandom(SALT_SIZE), value) for field, value in values.items()})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises VerificationFailed for anything else."""
        try:
            return cls(_parsed(data))
        except ValueError as error:
            raise VerificationFailed(f"this is not an opening of a private model: {error}", _HINT) from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises StorageError where there is no such file, VerificationFailed for one of another kind."""
        try:
            with path.open("rb") as file:
                return cls.parse(file.read(LARGEST_OPENING + 1))
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}", "Check the path.") from error

    def to_bytes(self) -> bytes:
        told = {
            field: {"salt": each.salt.hex(), "value": each.value} for field, each in self.disclosed.items()
        }
        return json.dumps({"fields": told}, indent=2, ensure_ascii=False).encode() + b"\n"

    def only(self, names: Iterable[str]) -> "Opening":
        """The named fields alone; `training` means all that begin so. Raises UsageError if none does."""
        chosen: dict[str, Disclosed] = {}
        for name in names:
            found = {
                field: each
                for field, each in self.disclosed.items()
                if field == name or field.startswith(f"{name}.")
            }
            if not found:
                raise UsageError(f"there is no field `{name}`", f"Choose among {', '.join(self.disclosed)}.")
            chosen |= found
        return Opening(chosen)

    def loses(self, path: Path) -> bool:
        """Whether the file at `path` is an opening that tells what this does not. Raises StorageError."""
        try:
            before = Opening.read(path) if path.is_file() else Opening({})
        except VerificationFailed:
            return False
        return any(self.disclosed.get(field) != each for field, each in before.disclosed.items())

    def hide(self, manifest: Manifest, cid: str, *, publish_metrics: bool = False) -> Manifest:
        """What is public of a whole `manifest`, with the `cid` of the encrypted file: commitments.

        With `publish_metrics` also the figures, whether the gate was passed, and the bounds that it set.
        """
        statement = canonical.decode(manifest.to_bytes())
        for field, untold in UNTOLD.items():
            told = _figures(field, _get(statement, field)) if publish_metrics else untold
            _set(statement, field, told)
        commitments = {field: _commit(each, field).hex() for field, each in self.disclosed.items()}
        statement["subject"][0] |= {"digest": {"salted": commitments.pop(DIGEST)}, "uri": f"ipfs://{cid}"}
        statement["predicate"]["withheld"] = commitments
        return Manifest.parse(canonical.encode(statement))

    def check(self, manifest: Manifest) -> tuple[str, ...]:
        """The fields whose value is not what `manifest` commits to; none if all is as it should be."""
        known = {**manifest.predicate.withheld, DIGEST: manifest.artifact_hash.hex()}
        return tuple(
            field for field, each in self.disclosed.items() if _commit(each, field).hex() != known.get(field)
        )

    def untold(self, manifest: Manifest) -> frozenset[str]:
        """The fields of which neither this nor the private `manifest` tells anything."""
        statement = canonical.decode(manifest.to_bytes())
        hidden = (field for field, untold in UNTOLD.items() if _get(statement, field) == untold)
        return frozenset(hidden) - self.disclosed.keys()

    def fill(self, manifest: Manifest) -> Manifest:
        """`manifest` with what is disclosed put in, its commitments checked.

        Raises VerificationFailed for values that it does not commit to or that contradict what it tells in
        the clear, ManifestError for those that no manifest can have.
        """
        wrong = self.check(manifest)
        if wrong:
            raise VerificationFailed(
                f"the opening is not what the manifest commits to: {', '.join(wrong)}",
                "It may be of another model.",
            )
        statement = canonical.decode(manifest.to_bytes())
        for field, each in self.disclosed.items():
            if field == DIGEST:
                statement["subject"][0]["digest"] = {"sha256": each.value}
            else:
                _set(statement, field, each.value)
        filled = Manifest.parse(canonical.encode(statement), opened=True)
        self._check_clear(canonical.decode(manifest.to_bytes()), statement)
        return filled

    def _check_clear(self, public: dict[str, Any], whole: dict[str, Any]) -> None:
        """Raise VerificationFailed where what is `public` of a field is not what may be told of its value."""
        for field in (each for each in self.disclosed if each != DIGEST):
            told, value = _get(public, field), _get(whole, field)
            if told not in (value, UNTOLD[field], _figures(field, value)):
                raise VerificationFailed(
                    f"the manifest tells another `{field}` in the clear than it commits to",
                    "Its publisher contradicts itself: do not use it.",
                )

    def is_of(self, digest: bytes) -> bool:
        """Whether it tells that the model's file has this SHA-256."""
        return DIGEST in self.disclosed and self.disclosed[DIGEST].value == digest.hex()

    def anchor_of(self, digest: bytes) -> Digest:
        """By what the registry knows a file with this SHA-256, if the opening is its own."""
        if DIGEST not in self.disclosed:
            raise UsageError(
                f"the opening does not tell the field `{DIGEST}`, by which a file is found",
                f"Have it disclosed as well: diln disclose RUN {DIGEST} ….",
            )
        return _commit(Disclosed(self.disclosed[DIGEST].salt, digest.hex()), DIGEST)


def opening_beside(path: Path, digest: bytes) -> Opening | None:
    """The opening beside a model's file, if one is there and speaks of a file with this SHA-256."""
    file = path.parent / OPENING
    try:
        found = Opening.read(file) if file.is_file() else None
    except VerificationFailed:
        return None  # a stranger's opening.json says nothing
    return found if found and found.is_of(digest) else None


def _commit(told: Disclosed, field: str) -> Digest:
    return Digest(hashlib.sha256(told.salt + canonical.encode([field, told.value])).digest())


def _figures(field: str, whole: object) -> Any:
    """What `publish_metrics` tells of a field's value; of figures nothing that tells of the data.

    So no counts of rows, no classes, no baseline.
    """
    value = cast("Any", whole)  # what a manifest has there was checked when it was parsed
    if field == "evaluation.gate" and value:
        bounds = [each for each in value["conditions"] if each["relation"] in (">=", "<=")]
        return {**value, "conditions": bounds}
    if field == "evaluation.metrics":
        if not isinstance(value.get("values"), dict):
            return value
        return {name: each for name, each in value.items() if name in ("task", "score", "values")}
    return UNTOLD[field]


def _parsed(data: bytes) -> dict[str, Disclosed]:
    if len(data) > LARGEST_OPENING:
        raise ValueError("it is too large")
    content = fields.object_in(canonical.parse(data), {"fields"}, "the opening")["fields"]
    if not isinstance(content, dict) or not content or content.keys() - set(FIELDS):
        raise ValueError("it tells no field, or one that is not known")
    return {field: _disclosed(told, field) for field, told in content.items()}


def _disclosed(told: object, field: str) -> Disclosed:
    content = fields.object_in(told, {"salt", "value"}, field)
    canonical.encode(content["value"])
    return Disclosed(fields.digest_in(content["salt"], field), content["value"])


def _get(statement: dict[str, Any], field: str) -> Any:
    if field == "name":
        return statement["subject"][0]["name"]
    section, _, name = field.rpartition(".")
    predicate = statement["predicate"]
    return (predicate[section] if section else predicate)[name]


def _set(statement: dict[str, Any], field: str, value: object) -> None:
    if field == "name":
        statement["subject"][0]["name"] = value
        return
    section, _, name = field.rpartition(".")
    predicate = statement["predicate"]
    (predicate[section] if section else predicate)[name] = value
