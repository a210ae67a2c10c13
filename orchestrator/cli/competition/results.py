"""What the commands of competitions print for machines."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from orchestrator.cli.host.results import KEPT
from orchestrator.console.shapes import (
    Address,
    Amount,
    Bytes,
    Cid,
    File,
    ForPeople,
    Gas,
    Hash,
    Share,
    Status,
    Time,
)


class Measured(TypedDict):
    """What the contract computes of a model, and what it scored before it was quantized."""

    score: float | None
    passes: bool | None
    before_quantization: float | None
    agreement: Share | None
    model_bytes: Bytes
    measured_on: str


class Baseline(Measured):
    """A trained model, in a file."""

    file: File
    held_out: int
    trained_on: int


class Submitted(Measured):
    """A commitment to a model; after a dry run without its number. `known` if it was submitted before."""

    competition: NotRequired[Address]
    submission: NotRequired[int]
    model_hash: NotRequired[Hash]
    gas: NotRequired[Gas]
    known: NotRequired[bool]


class Revealed(TypedDict):
    """The submissions that were revealed now."""

    competition: Address
    revealed: list[int]


class Data(TypedDict):
    """How the data is divided."""

    groups: int
    group_size: int
    test_groups: int
    features: int
    classes: int


class Competition(TypedDict):
    """A competition's terms and where it stands."""

    competition: Address
    organizer: Address
    phase: str
    until: Time | None
    outcome: str
    token: Address | None
    prize: Amount
    bond: Amount
    deposit: Amount
    claim_bond: Amount | None
    metric: str
    criterion: float
    mode: Literal["direct", "optimistic"]
    data: Data
    test_groups: list[int]
    largest_model: Bytes
    submissions: int
    revealed: int


class Unreadable(TypedDict):
    """A competition that cannot be read, and why."""

    competition: Address
    phase: None
    error: ForPeople


class Standing(TypedDict):
    """A submission."""

    submission: int
    submitter: Address
    status: str
    score: float | None
    rank: int | None
    due: Amount | None


class Shown(Competition):
    """A competition with its submissions: the best, one's own and the newest, or all of them."""

    leaderboard: list[Standing]


class Trivial(TypedDict):
    """A model that anybody has at once, and what it scores."""

    says: ForPeople
    metric: str
    score: float
    passes: bool


class Created(Competition):
    """A new competition."""

    trivial_models: list[Trivial]
    gas: Gas
    notes: list[ForPeople]


class TrainingData(TypedDict):
    """The training data that was read."""

    competition: Address
    file: File | None
    rows: int
    groups: int
    missing_groups: list[int]
    classes: list[str | int | float]
    sealed_data: Cid


class Opened(TypedDict):
    """How many test groups are open."""

    competition: Address
    opened_now: int
    open: int


class Score(TypedDict):
    """A submission's score by the contract, or why it was not computed."""

    submission: int
    score: float | None
    rank: int | None
    gas: NotRequired[Gas | None]
    error: NotRequired[ForPeople]


class Checked(TypedDict):
    """A claim of a score that was checked; `wrong_at` is the test sample that refutes it."""

    submission: int
    claim: Literal["holds", "unchecked", "wrong", "refuted"]
    gas: Gas | None
    wrong_at: NotRequired[int]
    reason: NotRequired[ForPeople]
    error: NotRequired[ForPeople]


class Final(TypedDict):
    """How it ended; the winners are submissions, the best first."""

    competition: Address
    outcome: str
    winners: list[int]


class Paid(TypedDict):
    """An amount that was paid out, and for what."""

    reason: str
    amount: Amount


class Published(TypedDict):
    """The winner's model in the registry."""

    status: Status
    sha256: Hash
    cid: Cid
    manifest_cid: Cid
    gas: Gas


RESULTS: dict[str, Any] = {
    "competition claim": Score,
    "competition create": Created,
    "competition data": TrainingData,
    "competition evaluate": list[Score],
    "competition finalize": Final,
    "competition list": list[Competition | Unreadable],
    "competition publish-test": Opened,
    "competition publish": Published,
    "competition refute": list[Checked],
    "competition reveal": Revealed,
    "competition show": Shown,
    "competition submit": Submitted,
    "competition train-baseline": Baseline,
    "competition keep": KEPT,
    "competition withdraw": list[Paid],
}
