"""What the commands of shared models print for machines."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from orchestrator.cli.host.results import KEPT
from orchestrator.cli.market.results import Funded, Label, Withdrawn
from orchestrator.console.shapes import (
    Address,
    Amount,
    Currency,
    File,
    ForPeople,
    Gas,
    Hash,
    Seconds,
    Share,
    Time,
    Transaction,
)


class Contribution(TypedDict):
    """A sample that a model learned; `due` is from when on its deposit can come back."""

    number: int
    label: str
    deposit: Amount
    surprise: bool
    due: Time
    state: Literal["added", "known"]
    transaction: Transaction


class Commitment(TypedDict):
    """A sample that is sealed until it is revealed."""

    commitment: Hash
    deposit: Amount
    returned_from: Time
    state: Literal["sealed", "known"]


class Added(TypedDict):
    """What was added; with --sealed, `commitments`."""

    contributions: NotRequired[list[Contribution]]
    commitments: NotRequired[list[Commitment]]
    gas: Gas
    dry_run: bool


class Outcome(TypedDict):
    """What became of a sample's deposit."""

    verb: str
    done: bool
    number: int | None
    label: str | None
    amount: Amount
    transaction: Transaction | None
    refusal: ForPeople | None


class Signed(TypedDict):
    """Samples in a file, for whoever relays them; `number` is the signature's."""

    contributor: Address
    samples: int
    number: int
    at_most: Amount
    until: Time
    file: File


class Created(TypedDict):
    """A new model and its quality on samples held out; `transaction` is null where it was made before."""

    name: str
    address: Address | None
    model: str
    incentive: Literal["game", "stake"]
    deposits_in: Currency
    labels: list[str]
    descriptor: Hash
    held_out: int
    doubt: ForPeople | None
    skipped: int
    accuracy: Share
    accuracy_on_chain: Share
    quantization_loss: float
    accuracy_after_wrong_labels: Share | None
    gas: Gas
    transaction: Transaction | None


class Agent(TypedDict):
    """What an agent of a simulation has of what it began with, and how much it gave."""

    share: float
    given: int


class Simulation(TypedDict):
    """What happened in a simulation."""

    scenario: ForPeople
    duration: Seconds
    contributions: int
    per_minute: int | None
    accuracy_at_first: Share
    accuracy_in_the_end: Share
    lowest_accuracy: Share
    contracts_and_references_agree: NotRequired[bool]
    accuracy_without_the_bad: NotRequired[Share]
    largest_gap: NotRequired[float]
    agents: dict[str, Agent]
    model_sha256: Hash
    files: list[File]


class Gains(TypedDict):
    """What a team gained over several seeds, in units."""

    team: str
    mean: int
    lowest: int
    highest: int
    reputation: float
    runs: int


class Listed(TypedDict):
    """A shared model of this chain, or why it cannot be read."""

    name: str
    model: str | None
    contributions: int | None
    creator: Address
    address: Address
    error: ForPeople | None


class Shown(TypedDict):
    """A shared model; waits are durations."""

    name: str
    address: Address
    contract: str
    creator: Address
    labels: list[str]
    encoder: str
    features: int
    contributions: int
    deposits_in: Currency
    deposit_now: Amount
    cost_weight: int
    refund_wait: Seconds
    take_gap: Seconds
    creator_wait: Seconds
    any_wait: Seconds
    accuracy_at_first: Share | None
    test_samples_unseen: bool | None
    accuracy_now: Share | None
    tested_on: int | None
    your_balance: Amount | None
    your_reputation: int | None
    all_reputation: int


class Point(TypedDict):
    """The accuracy after so many contributions."""

    contributions: int
    time: Time
    accuracy: Share


class Replay(TypedDict):
    """The contract's words computed again from its events."""

    contributions: int
    words: int
    identical: bool
    accuracy_now: Share | None
    history: list[Point]


class Leader(TypedDict):
    """A contributor; where deposits are paid, what became of them."""

    address: Address
    name: str
    contributions: int
    valid: int
    points: int
    level: int
    badges: NotRequired[list[str]]
    deposited: NotRequired[Amount]
    refunded: NotRequired[Amount]
    taken: NotRequired[Amount]


RESULTS: dict[str, Any] = {
    "sum add": Added,
    "sum create": Created,
    "sum fund": Funded,
    "sum leaderboard": list[Leader],
    "sum list": list[Listed],
    "sum predict": list[Label],
    "sum refund": list[Outcome],
    "sum relay": Added,
    "sum replay": Replay,
    "sum report": list[Outcome],
    "sum reveal": list[Outcome],
    "sum show": Shown,
    "sum sign": Signed,
    "sum simulate": Simulation | list[Gains],
    "sum keep": KEPT,
    "sum withdraw": Withdrawn,
}
