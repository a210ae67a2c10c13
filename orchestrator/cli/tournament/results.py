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
    history_of,
)
from orchestrator.systems.tournament import leaderboard


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


class Free(TypedDict):
    """What was paid in, and what can be staked."""

    paid: Amount
    free: Amount


class Withdrawn(TypedDict):
    """What was taken out."""

    withdrawn: Amount


class Verified(TypedDict):
    """A round computed again; `difference` says where the contract says something else.

    `unseen` entries were scored by way of other contracts: of these only payouts were computed.
    """

    round: int
    entries: int
    difference: ForPeople | None
    public: bool
    unseen: list[Address]


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
    "tournament history": history_of(
        leaderboard.KINDS,
        **dict.fromkeys(leaderboard.AMOUNTS, Amount),
        **dict.fromkeys(leaderboard.SCORES, float),
    ),
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
