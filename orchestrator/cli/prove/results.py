"""What the commands that prove a model print for machines."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from orchestrator.console.shapes import (
    Address,
    Amount,
    Bytes,
    ChainHash,
    Cid,
    File,
    ForPeople,
    Gas,
    Hash,
    Lines,
    Status,
    Time,
    Transaction,
)


class Sent(TypedDict):
    """A transaction."""

    transaction: Transaction
    gas: Gas


class AliasSet(TypedDict):
    """A name of a version that was given or taken away; no transaction where it was so already."""

    alias: str
    transaction: Transaction | None
    gas: Gas


class Alias(TypedDict):
    """A name that can move, and what it means."""

    alias: str
    version: int
    status: Status


class Bundle(TypedDict):
    """A model with all that proves it, in a file."""

    file: File
    bytes: Bytes


class Imported(TypedDict):
    """What was in such a file."""

    run: str
    model: File
    manifest: Hash
    signatures: list[str]
    refused: list[ForPeople]
    proofs: list[File]


class InFile(TypedDict):
    """Where it was written."""

    file: File


class Card(TypedDict):
    """A model card, in Markdown."""

    card: str


class Version(TypedDict):
    """A published version."""

    version: str
    status: Status
    published: Time
    signatures: int
    sha256: Hash
    manifest: Hash
    reason: ForPeople


class Lineage(Version):
    """A version with those that it was made from."""

    parents: list["Lineage"]


class Change(TypedDict):
    """One value of two manifests that differs."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: object
    after: object


class Check(TypedDict):
    """One look of a verification."""

    name: str
    outcome: Literal["passed", "failed", "not checked", "not needed"]
    sentence: ForPeople


class Proven(TypedDict):
    """The version that a verification is about."""

    project: Hash
    number: int
    status: Status
    reason: ForPeople | None
    sha256: Hash
    cid: Cid
    manifest: Hash
    published_at: Time


class Anchor(TypedDict):
    """Where and when it was recorded."""

    chain_id: int
    registry: Address
    block: int
    time: Time
    transaction: ChainHash | None
    publisher: Address | None
    signers: list[Address]


class Verification(TypedDict):
    """What was checked, and what is proven."""

    subject: str
    ok: bool
    whole: bool
    checks: list[Check]
    proven: list[ForPeople]
    not_proven: list[ForPeople]
    version: Proven | None
    anchor: Anchor | None


class Step(TypedDict):
    """A step of the demonstration."""

    step: str
    sentence: ForPeople


class ModelAnchor(TypedDict):
    """Where a model is anchored."""

    chain_id: int
    registry: Address
    project: Hash
    block: int
    transaction: ChainHash | None


class Model(TypedDict):
    """The model that answered."""

    name: str
    sha256: Hash
    manifest: Hash
    status: Status
    anchor: ModelAnchor


class Prediction(TypedDict):
    """An answer, and its place in the log; `probabilities` are by class."""

    index: int
    label: str | float | int | None
    probabilities: NotRequired[dict[str, float]]


class Predictions(TypedDict):
    """What a model said of rows; with -o, `file` has them."""

    model: NotRequired[Model]
    predictions: NotRequired[list[Prediction]]
    file: NotRequired[File]
    rows: NotRequired[int]


class Batch(Sent):
    """Predictions under one anchored root; `first` is the first's place in the log."""

    first: int
    count: int
    root: Hash


class ProjectMade(Sent):
    """A new project, by its id."""

    project: Hash


class Signatures(TypedDict):
    """How many of the participants must sign."""

    threshold: int
    participants: int


class Project(TypedDict):
    """A project of the registry; `offered_to` may become its owner."""

    name: str
    id: Hash
    owner: Address
    offered_to: Address | None
    paused: bool
    signatures: Signatures
    versions: int
    batches: int


class ProjectShown(Project):
    """A project and its people."""

    publishers: list[Address]
    participants: list[Address]


class Signature(TypedDict):
    """A signature, as its file has it."""

    participant: Address
    signature: str
    chainId: int
    contract: Address
    project: Hash
    manifest: Hash


class Described(TypedDict):
    """A manifest of a model that was made elsewhere."""

    run: str
    format: str
    sha256: Hash
    cid: Cid
    manifest: Hash


class Disclosed(TypedDict):
    """Which fields of a private model were written, with their salts, to which file."""

    file: str
    fields: list[str]


class Published(TypedDict):
    """A version, as it was published; `transaction` is null where it had been before."""

    version: str
    status: Status
    sha256: Hash
    cid: Cid
    manifest: Hash
    manifest_cid: Cid
    signers: list[Address]
    transaction: Transaction | None
    gas: Gas


class Price(TypedDict):
    """What it would take."""

    gas: Gas
    fee: Amount


class Marked(TypedDict):
    """A version's new status; `transaction` is null where it had it already."""

    model: str
    status: Status
    transaction: Transaction | None
    gas: Gas


class Run(TypedDict):
    """A training, or what else is in its folder (`problem`)."""

    run: str
    created: Time | None
    algorithm: NotRequired[str | None]
    gate: NotRequired[Literal["passed", "failed"] | None]
    metrics: NotRequired[dict[str, float]]
    problem: NotRequired[ForPeople]


class Comparison(TypedDict):
    """Two runs; each metric has the first's figure and the second's."""

    runs: list[str]
    metrics: dict[str, list[float | None]]


class Deleted(TypedDict):
    """The run that is gone."""

    deleted: str


class Ready(TypedDict):
    """The model that is served, then where it listens."""

    model: NotRequired[str]
    sha256: NotRequired[Hash]
    url: NotRequired[str]


class Begun(TypedDict):
    """What `init` found, and wrote."""

    file: File
    project: NotRequired[str]
    target: NotRequired[str]
    task: NotRequired[Literal["classification", "regression"]]
    separator: NotRequired[str]
    decimal: NotRequired[str]


class Trained(TypedDict):
    """A run: its files, its figures on rows held out, those of a constant answer, what became of data."""

    run: str
    model: File
    sha256: Hash
    cid: Cid
    manifest: Hash
    report: File
    metrics: dict[str, float]
    baseline: dict[str, float]
    types: dict[str, str]
    ignored: dict[str, ForPeople]
    removed: dict[str, int]
    imputed: dict[str, dict[str, int]]
    warnings: list[ForPeople]
    deployable: bool
    same_model_as: str | None


RESULTS: dict[str, Any] = {
    "alias drop": AliasSet,
    "alias list": list[Alias],
    "alias set": AliasSet,
    "anchor-log": Batch | None,
    "card": Card | InFile | dict[str, Any],
    "demo": list[Step],
    "describe": Described,
    "diff": list[Change],
    "disclose": Disclosed,
    "export": Bundle,
    "import": Imported,
    "init": Begun,
    "lineage": Lineage,
    "log": list[Version],
    "mark": Marked,
    "predict": Predictions,
    "project accept": list[Sent],
    "project create": ProjectMade,
    "project list": list[Project],
    "project members": list[Sent],
    "project pause": list[Sent],
    "project show": ProjectShown,
    "project transfer": list[Sent],
    "project unpause": list[Sent],
    "prove": InFile,
    "publish": Published | Price,
    "runs compare": Comparison,
    "runs delete": Deleted,
    "runs list": list[Run],
    "serve": Lines(Ready),
    "sign": Signature,
    "train": Trained,
    "verify": Verification | list[Verification],
}
