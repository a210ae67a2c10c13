"""What the commands of federations print for machines."""

from typing import Any, Literal

from typing_extensions import TypedDict

from orchestrator.cli.host.results import KEPT
from orchestrator.cli.prove.results import Step
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
    Time,
    history_of,
)
from orchestrator.systems.federation import overview


class Round(TypedDict):
    """The model's accuracy after a round, and what the honest parties alone would have reached."""

    round: int
    accuracy: Share
    honest_alone: Share


class Party(TypedDict):
    """In how many rounds a party sent something, was in and led, and its share of all merit."""

    party: int
    character: str
    sent: int
    accepted: int
    led: int
    merit: Share


class Simulation(TypedDict):
    """What became of a scenario."""

    scenario: ForPeople
    bytes_sent: Bytes
    rounds: list[Round]
    parties: list[Party]


class Listed(TypedDict):
    """An experiment, and what it repeats."""

    name: str
    title: ForPeople
    source: ForPeople


class Check(TypedDict):
    """What has to hold in an experiment, and the reason where it does not."""

    claim: ForPeople
    met: bool
    figures: ForPeople
    reason: ForPeople


class Experiment(TypedDict):
    """An experiment's table, whose columns are its own, and what had to hold."""

    experiment: str
    rows: list[dict[str, Any]]
    checks: list[Check]
    timing: dict[str, Any]
    files: list[File]


class Repeated(TypedDict):
    """How many checks of an experiment are met, which are not, and the processor's seconds that it took."""

    experiment: str
    met: int
    missed: list[ForPeople]
    seconds: float
    note: ForPeople


class Suite(TypedDict):
    """All experiments."""

    experiments: list[Repeated]
    seconds: float


class Aligned(TypedDict):
    """What was written, and how many rows are common to all, once that is known."""

    party: str
    wrote: list[File]
    common: int | None
    next: ForPeople


class Federation(TypedDict):
    """A federation's terms."""

    federation: Address
    name: str | None
    organizer: Address
    policy: str
    rule: str
    pay: str
    privacy: str
    epsilon: float | None
    rounds: int
    quorum: int
    reward: Amount
    deposit: Amount
    fine: Amount
    bond: Amount
    parameters: int
    descriptor: Cid


class CachedModel(TypedDict):
    """A finished federation's model, the parties of its last round, and its version in the registry."""

    rounds: int
    parties: list[Address]
    record: Hash
    cid: Cid
    version: int | None


class Created(Federation):
    """A federation that was made, or the finished one that has the answer."""

    answer: CachedModel | None


class Unreadable(TypedDict):
    """A federation that cannot be read, and why."""

    federation: Address
    name: None
    error: ForPeople


class Seat(TypedDict):
    """A party, and how far it is in this round.

    `free` is what it can take out: rewards, and bonds and stakes that came back. Who `left` had this seat.
    """

    seat: int
    party: Address
    deposit: Amount
    free: Amount
    active: bool
    committed: bool
    revealed: bool
    scores: bool
    epsilon: float | None
    left: bool


class LeftOut(TypedDict):
    """A party whose update did not count in a round, and why."""

    round: int
    party: Address
    why: ForPeople


class Status(Federation):
    """A federation with its round and its parties.

    What it learns is told where its descriptor is at hand. `accuracy` is the present model's on the own rows;
    `left_out` are those who did not count in the last two finalized rounds; `remarks` tell what the account
    lost, and why nothing is done for it.
    """

    phase: str
    until: Time | None
    round: int
    finished: int
    void: int
    source: str | None
    target: str | None
    features: list[str]
    classes: list[str]
    accuracy: Share | None
    parties: list[Seat]
    left_out: list[LeftOut]
    remarks: list[ForPeople]


class Joined(TypedDict):
    """The seat that was taken."""

    seat: int
    deposit: Amount


class Free(TypedDict):
    """What can be withdrawn."""

    free: Amount


class Demanded(TypedDict):
    """How many parts were demanded."""

    demanded: int


class Shown(TypedDict):
    """How many parts were shown."""

    shown: int


class Closed(TypedDict):
    """How many demands were closed."""

    closed: int


class Behind(TypedDict):
    """What is behind a party."""

    behind: Amount


class Refuted(TypedDict):
    """What is wrong with the pending claim, and what showing it brought; null where nothing is."""

    fault: ForPeople | None
    reward: Amount | None


class Verified(TypedDict):
    """A round computed again; those of federations that parties stand for come after all others.

    `doubt` says what could not be fetched, so that nobody can tell whether there is a fault.
    """

    federation: Address
    round: int
    updates: int
    model: Hash
    left_out: list[LeftOut]
    fault: ForPeople | None
    doubt: ForPeople | None


class Published(TypedDict):
    """The model's version in the registry."""

    version: int
    sha256: Hash
    cid: Cid
    signed_by: list[Address]
    gas: Gas


class Signed(TypedDict):
    """A party's signature of the last model's manifest."""

    party: Address
    file: File


class Heard(TypedDict):
    """A round that was seen through: whose updates were in, and whether the party's own was."""

    round: int
    model: Hash
    updates: int
    included: bool


class FirstModel(TypedDict):
    """Where a model was written, and what arrays it has."""

    file: File
    parameters: int
    arrays: list[str]


class Withdrawn(TypedDict):
    """What was taken out."""

    withdrawn: Amount


PACKED: dict[str, object] = {
    "cid": Cid | None,
    "deadline": Time,
    "disagreed": list[list[int]],
    "epsilon": float,
    "factors": list[float],
    "leader": int | None,
    "merits": list[int],
    "part": Literal["update", "model", "trace"],
    "scores": list[Share],
}
"""What `telling` unpacks: lists are by seat."""

RESULTS: dict[str, Any] = {
    "federation align": Aligned,
    "federation create": Created,
    "federation delegate": Behind,
    "federation demand": Demanded,
    "federation demo": list[Step],
    "federation experiment": Experiment | Suite | list[Listed],
    "federation first-model": FirstModel,
    "federation flower": list[Heard],
    "federation forfeit": Closed,
    "federation history": history_of(
        overview.TOLD,
        **dict.fromkeys(overview.AMOUNTS, Amount),
        **dict.fromkeys(overview.MASKS, list[int]),
        **PACKED,
    ),
    "federation join": Joined,
    "federation leave": Free,
    "federation list": list[Federation | Unreadable],
    "federation publish": Published,
    "federation refute": Refuted,
    "federation sign": Signed,
    "federation simulate": Simulation,
    "federation status": Status,
    "federation step": KEPT,
    "federation supply": Shown,
    "federation undelegate": Free,
    "federation verify": list[Verified],
    "federation watch": KEPT,
    "federation withdraw": Withdrawn,
}
