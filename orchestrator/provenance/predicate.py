"""The parts of a manifest: everything that it says of a model, its data, its training and its quality."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from orchestrator.errors import CidError
from orchestrator.provenance.canonical import LARGEST
from orchestrator.storage.cid import Cid

if TYPE_CHECKING:
    from orchestrator.learning.data import DataProvenance


def _utc(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        raise ValueError("a time looks like 2026-01-31T12:00:00Z")
    datetime.fromisoformat(text)
    return text


def _cid(text: str) -> str:
    try:
        Cid.parse(text)
    except CidError as error:
        raise ValueError(error.message) from error
    return text


def _ipfs_uri(text: str) -> str:
    if not text.startswith("ipfs://"):
        raise ValueError("the URI of an artifact is ipfs:// and its CID")
    _cid(text.removeprefix("ipfs://"))
    return text


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CommitHash = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Time = Annotated[str, AfterValidator(_utc)]
CidText = Annotated[str, AfterValidator(_cid)]
IpfsUri = Annotated[str, AfterValidator(_ipfs_uri)]
Lax = Field(strict=False)  # a list out of JSON becomes a tuple


class Part(BaseModel):
    """A frozen part of a manifest: snake_case here, lowerCamelCase in JSON; no unknown key, no coercion.

    Nothing has a default, so that a manifest has one form: what is not known is None.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class DigestSet(Part):
    sha256: Sha256


class Subject(Part):
    """The model file: `uri` is `ipfs://` and its CID."""

    name: Text
    digest: DigestSet
    uri: IpfsUri


class Artifact(Part):
    """The model file's `size` in bytes, and its `format`: `skops`, or `skops+age` for a private model.

    Of a private model the CID names the encrypted file, while the size and SHA-256 stay those of the model
    itself. `profile` says how the file was cut into blocks: without that its CID cannot be made again.
    """

    size: Count
    profile: Text
    format: Text

    @property
    def encrypted(self) -> bool:
        """Whether what is pinned must be decrypted first."""
        return self.format.endswith("+age")


class DataFile(Part):
    """One file of the data: `sha256` of its bytes, `size` in bytes."""

    name: Text
    sha256: Sha256
    size: Count


class DataRecord(Part):
    """What the model learned from.

    `sha256` is of the data's canonical bytes, `cid` where they are published (None if they are not).
    `columns` maps each column to its statistics, `cleaning` what was removed to how often; `collected` is a
    time (UTC).
    """

    source: Text
    sha256: Sha256
    cid: CidText | None
    files: Annotated[tuple[DataFile, ...], Lax]
    rows: Count
    columns: Mapping[str, Any]
    cleaning: Mapping[str, Any]
    collected: Time

    @classmethod
    def of(cls, provenance: "DataProvenance", cid: str | None = None) -> Self:
        """The record of a data set that was loaded; `cid` is where its content was stored, if it was."""
        found = provenance.to_json()
        return cls(
            source=found["source"],
            sha256=found["sha256"],
            cid=cid,
            files=tuple(DataFile(**file) for file in found["files"]),
            rows=found["rows"],
            columns={column.pop("name"): column for column in found["columns"]},
            cleaning=found["removed"],
            collected=found["collected_at"],
        )


class Feature(Part):
    """One input: an `optional` one may be missing, and is imputed then."""

    name: Text
    type: Text
    optional: bool


class TrainingRecord(Part):
    """How the model was made.

    `algorithm` is the estimator's import path and `steps` the pipeline's, in order; `search` says what was
    tried (None without a search), `split` how data were held out for testing, `task` what is learned.
    """

    algorithm: Text
    steps: Annotated[tuple[Text, ...], Lax]
    hyperparameters: Mapping[str, Any]
    search: Mapping[str, Any] | None
    features: Annotated[tuple[Feature, ...], Lax]
    target: Text
    task: Text
    split: Mapping[str, Any]
    seed: Count | None


class GitState(Part):
    commit: CommitHash
    dirty: bool


class Environment(Part):
    """Versions of Python and of the libraries; `git` None outside a repository."""

    python: Text
    libraries: Mapping[str, str]
    git: GitState | None


class Condition(Part):
    """One line of a gate, such as `f1 >= 0.9`, with the value that was reached."""

    metric: Text
    relation: Literal[">=", "<="]
    threshold: float
    value: float | None
    passed: bool


class Gate(Part):
    passed: bool
    conditions: Annotated[tuple[Condition, ...], Lax]


class Evaluation(Part):
    """Metrics on held-out data, and the gate's outcome (None where the spec sets no gate)."""

    metrics: Mapping[str, Any]
    gate: Gate | None


class Parent(Part):
    """A model that this one was made from: SHA-256 of its file and digest of its manifest."""

    artifact: Sha256
    manifest: Sha256


class Predicate(Part):
    project: Text
    artifact: Artifact
    data: DataRecord
    training: TrainingRecord
    environment: Environment
    evaluation: Evaluation
    parents: Annotated[tuple[Parent, ...], Lax]
    licence: Text | None
    created: Time
