"""One prediction as the log keeps it: a line of canonical JSON, chained to the line before by its hash."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Self

from orchestrator.provenance import canonical, fields
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Version
from orchestrator.types import Address, Digest

GENESIS = Digest(bytes(32))
"""What the first entry names as the hash before it."""

_KEYS = {"index", "time", "model", "input", "output", "previous", "hash"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True)
class ModelReference:
    """Which model answered: its name and version, the hashes of its file and manifest, and its anchor.

    `project` is the project's id (32 bytes), `registry` the contract's address, on chain `chain_id`.
    """

    name: str
    version: str
    artifact: Digest
    manifest: Digest
    project: Digest
    chain_id: int
    registry: Address

    @classmethod
    def of(cls, name: str, version: Version, registry: RegistryReader) -> Self:
        """A reference to a published version; `name` is the project's, its version the number there."""
        return cls(
            name=name,
            version=str(version.number),
            artifact=version.artifact_hash,
            manifest=version.manifest_digest,
            project=version.project_id,
            chain_id=registry.chain.chain_id,
            registry=registry.address,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "artifact": self.artifact.hex(),
            "manifest": self.manifest.hex(),
            "project": self.project.hex(),
            "chainId": self.chain_id,
            "registry": self.registry,
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Raises NotCanonical for anything that `to_json` does not write."""
        keys = {"name", "version", "artifact", "manifest", "project", "chainId", "registry"}
        found = fields.object_in(value, keys, "model")
        return cls(
            name=fields.text_in(found["name"], "model.name"),
            version=fields.text_in(found["version"], "model.version"),
            artifact=fields.digest_in(found["artifact"], "model.artifact"),
            manifest=fields.digest_in(found["manifest"], "model.manifest"),
            project=fields.digest_in(found["project"], "model.project"),
            chain_id=fields.count_in(found["chainId"], "model.chainId"),
            registry=fields.address_in(found["registry"], "model.registry"),
        )


@dataclass(frozen=True)
class Entry:
    """A logged prediction. `time` is UTC; `input` the salted hash of what was asked; `output` any JSON."""

    index: int
    time: str
    model: ModelReference
    input: Digest
    output: object
    previous: Digest

    def _content(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "time": self.time,
            "model": self.model.to_json(),
            "input": self.input.hex(),
            "output": self.output,
            "previous": self.previous.hex(),
        }

    @property
    def hash(self) -> Digest:
        """SHA-256 of the canonical entry: what the next entry names, and a leaf of the anchored tree."""
        return Digest(hashlib.sha256(canonical.encode(self._content())).digest())

    def to_json(self) -> dict[str, Any]:
        return {**self._content(), "hash": self.hash.hex()}

    def to_line(self) -> bytes:
        """The entry's line, without the newline. Raises NotCanonical for an output that is not JSON."""
        return canonical.encode(self.to_json())

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Raises NotCanonical for a wrong field, or a hash that is not that of the content."""
        found = fields.object_in(value, _KEYS, "entry")
        time = fields.text_in(found["time"], "time")
        if not _TIME.fullmatch(time):
            raise NotCanonical("not a time such as 2026-01-31T12:00:00Z", "time")
        entry = cls(
            index=fields.count_in(found["index"], "index"),
            time=time,
            model=ModelReference.from_json(found["model"]),
            input=fields.digest_in(found["input"], "input"),
            output=found["output"],
            previous=fields.digest_in(found["previous"], "previous"),
        )
        if entry.hash != fields.digest_in(found["hash"], "hash"):
            raise NotCanonical("it is not the hash of this entry", "hash")
        return entry

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        return cls.from_json(canonical.decode(line))


@dataclass(frozen=True)
class Answered:
    """A prediction that is yet to be logged: canonical JSON of what was asked and what was answered.

    Made before the log is locked, so that what cannot be logged holds up nobody.
    """

    asked: bytes
    output: bytes

    @classmethod
    def of(cls, asked: object, output: object) -> Self:
        """Raises NotCanonical for a value that JSON cannot hold."""
        return cls(_encoded(asked, "input"), _encoded(output, "output"))


def _encoded(value: object, name: str) -> bytes:
    try:
        return canonical.encode(value)
    except NotCanonical as error:
        raise NotCanonical(error.problem, f"{name}.{error.field}" if error.field else name) from error


def write_line(
    index: int, time: str, model: bytes, answered: Answered, salt: bytes, previous: Digest
) -> tuple[bytes, Digest]:
    """The line of an entry, without the newline, and its hash.

    The same bytes as those of `Entry.to_line`, put together from parts that are canonical already: `model`
    is the canonical reference. A server writes many.
    """
    asked = hashlib.sha256(salt + answered.asked).hexdigest()
    content = b'"index":%d,"input":"%s","model":%s,"output":%s,"previous":"%s","time":"%s"}' % (
        index,
        asked.encode(),
        model,
        answered.output,
        previous.hex().encode(),
        time.encode(),
    )
    digest = hashlib.sha256(b"{" + content)
    return b'{"hash":"%s",%s' % (digest.hexdigest().encode(), content), Digest(digest.digest())


def input_hash(salt: bytes, asked: object) -> Digest:
    """SHA-256 of the salt (32 bytes) followed by the canonical JSON of the input.

    Without the salt, nobody can guess the input from it.
    """
    return Digest(hashlib.sha256(salt + canonical.encode(asked)).digest())
