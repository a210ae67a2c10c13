"""What the commands of prediction markets print for machines."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from orchestrator.cli.host.results import KEPT
from orchestrator.console.shapes import (
    Address,
    Amount,
    File,
    ForPeople,
    Gas,
    Seconds,
    Share,
    Time,
    Transaction,
)


class TestSet(TypedDict):
    """A secret test set: so many portions of so many samples."""

    portions: int
    samples: int


class Kept(TypedDict):
    """What is kept: contributions that avoid this share of the loss at first."""

    margin: float


class DropsOut(TypedDict):
    """Whose stake falls below a share of itself, so many times, drops out."""

    threshold: float
    strikes: int


class Settlement(TypedDict):
    """How a market ends, as far as that is known here; losses are in the market's own measure."""

    settlement: Literal["unknown", "expected", "paid"]
    ends: NotRequired[str]
    loss_at_first: NotRequired[float | None]
    loss_in_the_end: NotRequired[float | None]
    to_participants: NotRequired[Amount]
    to_the_provider: NotRequired[Amount]
    tips_paid: NotRequired[Amount]
    burnt: NotRequired[Amount | None]


class Standing(TypedDict):
    """A participant; what is null is not known yet."""

    name: str
    address: Address
    contributions: int
    samples: int
    sealed: int
    loss_avoided: float | None
    dropped: bool | None
    staked: Amount | None
    fees: Amount | None
    paid: NotRequired[Amount | None]
    expected: NotRequired[Amount | None]
    gain: Amount | None


class Market(Settlement):
    """What is offered, by which rules, and where it stands."""

    name: str
    address: Address
    contract: str
    provider: Address
    labels: list[str]
    encoder: str
    phase: str
    until: Time | None
    outcome: str
    bounty: Amount
    bond: Amount
    tips_left: Amount
    stake: Amount
    stake_for_each: Literal["sample", "contribution"]
    fee: Amount
    loss: str
    test_set: TestSet
    validation: int
    trial_portion: int
    revealed: int
    kept: Kept
    drops_out: DropsOut
    passes: int
    takes_contributions: Seconds
    sealing: Seconds
    revealed_within: Seconds
    measured_within: Seconds
    contributions: int
    capacity: int
    sealed: int
    participants: list[Standing]


class Replayed(Settlement):
    """A market's events and reference, compared with the chain; null while it is not settled."""

    contributions: int
    identical: bool | None


class Contributed(TypedDict):
    """What is staked, and what it does to the accuracy on the portion that is shown."""

    stake: Amount
    fee: Amount
    left_out: int
    sealed: bool
    accuracy_without: Share
    accuracy_with: Share
    contributions: int
    dry_run: bool
    numbers: NotRequired[list[int]]
    gas: NotRequired[Gas]
    signed: NotRequired[File]


class Relayed(TypedDict):
    """What was sent for somebody; null where it had been before."""

    contributions: int
    numbers: list[int]
    contributor: Address | None
    gas: Gas


class Opened(TypedDict):
    """A sealed contribution that was opened."""

    number: int
    samples: int
    contributor: Address


class Created(TypedDict):
    """A new market; without an address after a dry run."""

    name: str
    address: Address | None
    model: str
    labels: list[str]
    test_set: TestSet
    skipped: int
    unused: int
    accuracy_at_first: Share
    bounty: Amount
    bond: Amount
    tips: Amount
    trial_portion: int | None
    gas: Gas
    dry_run: bool


class Listed(TypedDict):
    """A market of this chain, or why it cannot be read."""

    name: str
    provider: Address
    address: Address
    phase: str | None
    until: NotRequired[Time | None]
    bounty: NotRequired[Amount]
    contributions: NotRequired[int]
    error: NotRequired[ForPeople]


class Revealed(TypedDict):
    """How many portions were revealed."""

    revealed: int
    gas: Gas
    phase: str


class Settled(Settlement):
    """What was done for the settlement, and what it waits for."""

    phase: str
    until: Time | None
    waits_for: ForPeople | None
    steps: list[str]
    gas: Gas


class Simulated(TypedDict):
    """A play over all seeds, in bounties: means, and the worst."""

    play: ForPeople
    coalition: float | None
    coalition_worst: float | None
    honest: float | None
    honest_worst: float | None
    kept: float | None


class Withdrawn(TypedDict):
    """What was paid out; with nothing to withdraw, only an amount of zero."""

    amount: Amount
    to: NotRequired[Address]
    transaction: NotRequired[Transaction]


class Label(TypedDict):
    """An answer."""

    label: str


Funded = TypedDict(
    "Funded", {"for": Address, "paid_in": Amount, "balance": Amount, "transaction": Transaction | None}
)
Funded.__doc__ = "What was paid in for somebody; the transaction is null where there was enough."


RESULTS: dict[str, Any] = {
    "market contribute": Contributed,
    "market create": Created,
    "market fund": Funded,
    "market keep": KEPT,
    "market leaderboard": list[Standing],
    "market list": list[Listed],
    "market predict": list[Label],
    "market open": list[Opened],
    "market relay": Relayed,
    "market replay": Replayed,
    "market reveal": Revealed,
    "market settle": Settled,
    "market show": Market,
    "market simulate": list[Simulated],
    "market withdraw": Withdrawn,
}
