"""The manifest: what a model is and where it comes from, as an in-toto Statement in canonical JSON.

A manifest is known by its digest, the SHA-256 of its canonical bytes. It is what participants sign and what
the registry anchors, so parsing is strict: whatever is not exactly the canonical form of a known manifest is
refused, and one changed byte gives another digest or no manifest at all.

The format is in-toto's Statement v1 (github.com/in-toto/attestation) with a predicate of DILN's own.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NotRequired, Self, TypedDict, Unpack

from pydantic import Field, ValidationError

from orchestrator.errors import CidError, ManifestError
from orchestrator.provenance import canonical
from orchestrator.provenance.predicate import (
    Artifact,
    Attestation,
    DataRecord,
    Environment,
    Evaluation,
    History,
    Interface,
    Lax,
    Parent,
    Part,
    Predicate,
    Subject,
    TrainingRecord,
)
from orchestrator.storage.cid import RAW, Cid
from orchestrator.types import Digest

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:diln:model:v2"
LARGEST_MANIFEST = 1 << 20
"""In bytes: one block, so that the CID of a manifest follows from its digest."""

Plain = Mapping[str, Any]

_HINT = "Fetch the manifest again, or write it again with `diln train`."


class Manifest(Part):
    """An in-toto Statement about one model. Make one with `describe`, read one with `Manifest.parse`."""

    statement_type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[Subject], Lax]
    predicate_type: Literal["urn:diln:model:v2"]
    predicate: Predicate

    @classmethod
    def parse(cls, data: bytes, *, opened: bool = False) -> Self:
        """Read canonical bytes; raises ManifestError that names the field.

        `opened` is one of a private model into which what it withholds was filled.
        """
        if len(data) > LARGEST_MANIFEST:
            raise ManifestError(f"a manifest of {len(data)} bytes is above 1 MiB", _HINT)
        try:
            statement = canonical.decode(data)
        except canonical.NotCanonical as error:
            raise ManifestError(f"the manifest cannot be read: {error}", _HINT) from error
        found = cls._validated(statement, by_name=False)
        if not opened and found.private != ("salted" in found.subject[0].digest):
            raise ManifestError(
                "the manifest's `subject[0].digest` is wrong: a private model's, and no other's, is salted",
                _HINT,
            )
        return found

    @classmethod
    def _validated(cls, statement: object, *, by_name: bool) -> Self:
        try:
            return cls.model_validate(statement, by_name=by_name, by_alias=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = canonical.where([step for step in first["loc"] if step != "[key]"])
            raise ManifestError(f"the manifest's `{field}` is wrong: {first['msg']}", _HINT) from error

    def to_bytes(self) -> bytes:
        """The canonical bytes that are hashed, signed and pinned (RFC 8785)."""
        statement = self.model_dump(by_alias=True)
        if not self.private:
            del statement["predicate"]["withheld"]
        try:
            data = canonical.encode(statement)
        except canonical.NotCanonical as error:
            raise ManifestError(f"the manifest cannot be written: {error}", "Correct this value.") from error
        if len(data) > LARGEST_MANIFEST:
            raise ManifestError(
                f"the manifest has {len(data)} bytes; at most 1 MiB fits",
                "Leave out statistics or search results.",
            )
        return data

    @property
    def digest(self) -> Digest:
        """SHA-256 of the canonical bytes."""
        return Digest(hashlib.sha256(self.to_bytes()).digest())

    @property
    def cid(self) -> str:
        """Where this manifest is found on IPFS."""
        return manifest_cid(self.digest)

    @property
    def artifact_hash(self) -> Digest:
        """SHA-256 of the model file, or of a folder's root block; of a private model a commitment to it."""
        [digest] = self.subject[0].digest.values()
        return Digest(bytes.fromhex(digest))

    @property
    def folder(self) -> bool:
        """Whether the model is a folder."""
        return "unixfs" in self.subject[0].digest

    @property
    def private(self) -> bool:
        """Whether it withholds what it could tell: see `openings`."""
        return bool(self.predicate.withheld)

    @property
    def artifact_cid(self) -> str:
        return self.subject[0].uri.removeprefix("ipfs://")


class Parts(TypedDict):
    """What a manifest says of a model, beside its file: each part as an object or as a plain mapping."""

    artifact: Artifact | Plain
    project: str
    data: Sequence[DataRecord | Plain]
    training: TrainingRecord | Plain
    environment: Environment | Plain
    evaluation: Evaluation | Plain
    history: NotRequired[History | Plain | None]
    interface: NotRequired[Interface | Plain | None]
    attestations: NotRequired[Sequence[Attestation | Plain]]
    parents: NotRequired[Sequence[Parent | Plain]]
    licence: NotRequired[str | None]
    created: NotRequired[str | None]


def describe(*, name: str, sha256: str | None, cid: str, **parts: Unpack[Parts]) -> Manifest:
    """A manifest for the model `name` with SHA-256 `sha256` (hex; None for a folder) and `cid`.

    `created` defaults to now. Raises ManifestError that names the field.
    """
    digest = {"sha256": sha256} if sha256 else {"unixfs": Cid.parse(cid).digest.hex()}
    statement = {
        "statement_type": STATEMENT_TYPE,
        "predicate_type": PREDICATE_TYPE,
        "subject": ({"name": name, "digest": digest, "uri": f"ipfs://{cid}"},),
        "predicate": {
            "history": None,
            "interface": None,
            "licence": None,
            **parts,
            "data": tuple(parts["data"]),
            "attestations": tuple(parts.get("attestations", ())),
            "parents": tuple(parts.get("parents", ())),
            "created": parts.get("created") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    # Through its own bytes, so that what is returned equals what anybody else will read.
    return Manifest.parse(Manifest._validated(statement, by_name=True).to_bytes())


def manifest_cid(digest: bytes) -> str:
    """The CID of a manifest with this digest: CIDv1, raw, sha2-256, in base32."""
    try:
        return str(Cid(1, RAW, digest))
    except CidError as error:
        raise ManifestError(f"no manifest digest: {error.message}", "Give a SHA-256.") from error
