"""The parts of a manifest: everything that it says of a model, its data, its training and its quality."""

import operator
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from orchestrator.errors import CidError
from orchestrator.provenance.canonical import LARGEST
from orchestrator.provenance.untold import UNTOLD
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


class Subject(Part):
    """The model, a file or a folder: `uri` is `ipfs://` and its CID.

    `digest` holds one thing: `sha256`, of a file's bytes; `unixfs`, of a folder's UnixFS root block, which is
    the digest in its CID; or `salted`, a commitment to the SHA-256 of a private model (see `openings`).
    """

    name: Text
    digest: Annotated[
        Mapping[Literal["sha256", "unixfs", "salted"], Sha256], Field(min_length=1, max_length=1)
    ]
    uri: IpfsUri


class Artifact(Part):
    """The model's `size` in bytes, and its `format`: `skops`, `onnx`, …; with `+age` for a private model.

    Of a private model the CID names the encrypted file, while size and SHA-256, if they are told (None is a
    size that is not), are those of the model itself. `profile` says how the file was cut into blocks: without
    that its CID cannot be made again.
    """

    size: Count | None
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
    """What the model learned from; None for what is not known of it.

    `sha256` is of the data's canonical bytes (of a file as it is, where the model was made elsewhere), `cid`
    where they are published. `columns` maps each column to its statistics, `cleaning` what was removed to how
    often, and of a trained model also what was imputed and ignored; `collected` is a time (UTC).
    """

    source: Text
    sha256: Sha256
    cid: CidText | None
    files: Annotated[tuple[DataFile, ...], Lax]
    rows: Count | None
    columns: Mapping[str, Any]
    cleaning: Mapping[str, Any]
    collected: Time | None

    @classmethod
    def of(cls, provenance: "DataProvenance", cid: str | None = None, *, statistics: bool = False) -> Self:
        """The record of a data set that was loaded; `cid` is where its content was stored, if it was.

        Of each column it holds the type and the share of missing values; with `statistics` also extremes,
        means and the most frequent values, which are values of rows.
        """
        found = provenance.to_json()
        told = [each.to_json() if statistics else each.public(found["rows"]) for each in provenance.columns]
        return cls(
            source=found["source"],
            sha256=found["sha256"],
            cid=cid,
            files=tuple(DataFile(**file) for file in found["files"]),
            rows=found["rows"],
            columns={column.pop("name"): column for column in told},
            cleaning={**found["removed"], "imputed": found["imputed"], "ignored": found["ignored"]},
            collected=found["collected_at"],
        )


class Feature(Part):
    """One input: an `optional` one may be missing, and is imputed then."""

    name: Text
    type: Text
    optional: bool


class ReadingRecord(Part):
    """How training read cells: prediction reads them alike.

    `separator` and `decimal` are of CSV files, `missing_marks` the cells that mean "no value"; where
    `bad_values` is "impute", a word among numbers is missing too.
    """

    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)]
    decimal: Literal[".", ","]
    missing_marks: Annotated[tuple[Annotated[str, StringConstraints(max_length=1000)], ...], Lax]
    bad_values: Literal["drop", "impute", "error"]


class TrainingRecord(Part):
    """How the model was made; None or nothing for what is not known.

    `algorithm` is the estimator's import path and `steps` the pipeline's, in order; `search` says what was
    tried (None without a search), `split` how data were held out for testing, `task` what is learned;
    `reading` is None for a model that did not learn from files.
    """

    algorithm: Text | None
    steps: Annotated[tuple[Text, ...], Lax]
    hyperparameters: Mapping[str, Any]
    search: Mapping[str, Any] | None
    features: Annotated[tuple[Feature, ...], Lax]
    reading: ReadingRecord | None
    target: Text | None
    task: Text | None
    split: Mapping[str, Any] | None
    seed: Count | None


class GitState(Part):
    commit: CommitHash
    dirty: bool


class Environment(Part):
    """Versions of Python (None if not known) and of the libraries; `git` None outside a repository."""

    python: Text | None
    libraries: Mapping[str, str]
    git: GitState | None


class Condition(Part):
    """One line of a gate, such as `f1 >= 0.9`, with the value that was reached.

    `>` and `<` compare with the baseline: what the best constant answer reaches on the same rows.
    """

    metric: Text
    relation: Literal[">=", "<=", ">", "<"]
    threshold: float
    value: float | None
    passed: bool

    @property
    def holds(self) -> bool:
        """Whether it was passed, by the word of whoever wrote it and by its own figures."""
        compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}[self.relation]
        return self.passed and self.value is not None and bool(compare(self.value, self.threshold))


class Gate(Part):
    passed: bool
    conditions: Annotated[tuple[Condition, ...], Lax]

    @property
    def holds(self) -> bool:
        """Whether it was passed, and tells of conditions which all hold: without any it proves nothing."""
        return self.passed and bool(self.conditions) and all(each.holds for each in self.conditions)


class Evaluation(Part):
    """Metrics on held-out data, and the gate's outcome (None where the spec sets no gate)."""

    metrics: Mapping[str, Any]
    gate: Gate | None


class Parent(Part):
    """A model that this one was made from: its digest, its manifest's (None if it was never published)."""

    artifact: Sha256
    manifest: Sha256 | None


Activation = Literal["identity", "relu", "tanh", "sigmoid", "softmax"]


class Layer(Part):
    """One dense layer: the tensors' names, `weight` of shape (out, in), and what is applied to its sums."""

    weight: Text
    bias: Text | None
    activation: Activation


class Interface(Part):
    """How a model that was made elsewhere is asked.

    `classes` are the labels of its outputs, in order (none for a regression, or where the file itself names
    them); `layers` say how the tensors of a safetensors file are used, in order.
    """

    classes: Annotated[tuple[str | int, ...], Lax]
    layers: Annotated[tuple[Layer, ...], Lax]


class History(Part):
    """How training went: `metrics` has a value (None: not a finite number, or not told) for each of `epochs`.

    `recorded` is how many epochs there were; of many, some are kept, the first and the last among them.
    """

    recorded: Count
    epochs: Annotated[tuple[Count, ...], Lax]
    metrics: Mapping[Text, Annotated[tuple[float | None, ...], Lax]]


class Attestation(Part):
    """Somebody's signature of the same model, in another form, that was verified when this was written.

    `type` says which form, `sha256` is of the signature's file, `key` of the public key that verified it.
    """

    type: Text
    sha256: Sha256
    key: Sha256


def _each_field(withheld: Mapping[str, str]) -> Mapping[str, str]:
    if withheld.keys() != UNTOLD.keys():  # what is not committed to could be told later as one likes
        raise ValueError("a private model commits to each field, and to no other")
    return withheld


class Predicate(Part):
    """What is said of a model; of a private one nothing: `withheld` commits to each field."""

    project: Text
    artifact: Artifact
    data: Annotated[tuple[DataRecord, ...], Lax]
    training: TrainingRecord
    environment: Environment
    evaluation: Evaluation
    history: History | None
    interface: Interface | None
    attestations: Annotated[tuple[Attestation, ...], Lax]
    parents: Annotated[tuple[Parent, ...], Lax]
    licence: Text | None
    created: Time | None
    withheld: Annotated[Mapping[Text, Sha256], AfterValidator(_each_field)] = {}
    """The one key that may be absent, and is unless something is withheld."""
