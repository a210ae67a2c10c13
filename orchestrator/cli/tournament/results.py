"""What the commands of tournaments print for machines."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from orchestrator.cli.host.results import KEPT
from orchestrator.console.shapes import (
    Address,
    Amount,
    Cid,
    File,
    ForPeople,
    Gas,
    Hash,
    Share,
    Time,
    Transaction,
)


class Tournament(TypedDict):
    """A tournament's terms."""

    tournament: Address
    name: str | None
    organizer: Address
    rows: int
    pot: Amount
    bond: Amount
    least_stake: Amount
    threshold: Amount
    tip: Amount
    most_of_a_stake: Share
    descriptor: Cid
    current_round: int | None


class Unreadable(TypedDict):
    """A tournament that cannot be read, and why."""

    tournament: Address
    name: None
    error: ForPeople


class Round(TypedDict):
    """A round and its times."""

    round: int
    phase: str
    begins: Time
    closes: Time
    resolves: Time
    ends: Time


class Shown(Tournament):
    """A tournament with its rounds."""

    rounds: list[Round]


class Opened(TypedDict):
    """A round that was opened, or (--later) sealed."""

    round: int
    opened: NotRequired[bool]
    commitment: NotRequired[Hash | None]


class Data(TypedDict):
    """The files of a round, and the baseline's predictions."""

    files: list[File]
    predictions: File | None


class Entered(TypedDict):
    """An entry; its stake in all."""

    round: int
    stake: Amount
    gas: Gas
    commitment: Hash


class Revealed(TypedDict):
    """Whether the targets were revealed now."""

    round: int
    revealed: bool


class Scored(TypedDict):
    """An entry's score by the contract; what it won or (negative) lost."""

    round: int
    correlation: float
    contribution: float | None
    payout: Amount


class Expired(TypedDict):
    """An entry that was not scored in time."""

    round: int
    expired: Address
    gas: Gas


class Leader(TypedDict):
    """An entrant over all rounds; means are over scored rounds."""

    who: Address
    rounds: int
    correlation: float | None
    contribution: float | None
    payout: Amount


class Event(TypedDict):
    """What happened, with the event's own arguments."""

    block: int
    event: str
    tx_hash: Transaction
    round: NotRequired[int]
    who: NotRequired[Address]
    account: NotRequired[Address]
    beneficiary: NotRequired[Address]
    caller: NotRequired[Address]
    payer: NotRequired[Address]
    targets: NotRequired[Address]
    to: NotRequired[Address]
    commitment: NotRequired[Hash]
    salt: NotRequired[Hash]
    amount: NotRequired[Amount]
    burnt: NotRequired[Amount]
    payout: NotRequired[Amount]
    rest: NotRequired[Amount]
    share: NotRequired[Amount]
    stake: NotRequired[Amount]
    tip: NotRequired[Amount]
    correlation: NotRequired[int]
    contribution: NotRequired[int]


class Free(TypedDict):
    """What can be staked."""

    free: Amount


class Withdrawn(TypedDict):
    """What was taken out."""

    withdrawn: Amount


class Verified(TypedDict):
    """A round computed again; `difference` says where the contract says something else."""

    round: int
    entries: int
    difference: ForPeople | None
    public: bool


class Character(TypedDict):
    """Who plays in a simulation, and what it wins or loses."""

    name: str
    correlation: float
    change: Amount


class Simulation(TypedDict):
    """What became of all of them."""

    characters: list[Character]
    burnt: Amount


RESULTS: dict[str, Any] = {
    "tournament create": Tournament,
    "tournament data": Data,
    "tournament enter": Entered,
    "tournament expire": Expired,
    "tournament fund": Free,
    "tournament history": list[Event],
    "tournament leaderboard": list[Leader],
    "tournament list": list[Tournament | Unreadable],
    "tournament open": Opened,
    "tournament reveal": Revealed,
    "tournament score": Scored,
    "tournament show": Shown,
    "tournament simulate": Simulation,
    "tournament verify": Verified,
    "tournament keep": KEPT,
    "tournament withdraw": Withdrawn,
}
