"""What a market's contract knows, as values (contracts/market/IPredictionMarket.sol)."""

from collections.abc import Iterable
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from orchestrator.packing import unpack
from orchestrator.systems.market.reference.market import Outcome, Phase
from orchestrator.types import Address, Seconds

_STATUS = {
    "stage": 8,
    "outcome": 8,
    "trial": 8,
    "chosen": 8,
    "target": 48,
    "since": 40,
    "closes_at": 40,
    "contributions": 16,
    "participants": 16,
    "sealed": 16,
    "revealed": 8,
}
_LESSONS_AT = 248  # in the cursor's first word
_ESCROW = (
    {"bounty": 96, "bond": 96, "staked": 32, "opened": 32},
    {"tips": 128, "pot": 128},
    {"forfeits": 128, "spent": 128},
)
_PARTICIPANT = (
    {"who": 160, "staked": 32, "opened": 32, "given": 16},
    {"at_pass": 8, "strikes": 8, "dropped": 8, "kept": 16, "score": 64, "forfeit": 128},
)


@dataclass(frozen=True)
class State:
    """Where a market stands; money is in the token's smallest unit, `staked` and `opened` are weights.

    `trial` is None until it is chosen, in or after block `target` + 1. `revealed` counts portions without the
    trial one, `lessons` how often that is still to be learned in this pass of the measuring.
    """

    stage: Phase
    outcome: Outcome
    trial: int | None
    target: int
    closes_at: Seconds
    contributions: int
    participants: int
    sealed: int
    revealed: int
    lessons: int
    bounty: int
    bond: int
    tips: int
    staked: int
    opened: int
    pot: int

    @classmethod
    def unpack(cls, words: Iterable[int]) -> "State":
        """What the contract's `state` returns."""
        packed = list(words)
        status = unpack(_STATUS, packed[0])
        held: dict[str, int] = {}
        for word, layout in zip(packed[-len(_ESCROW) :], _ESCROW, strict=True):
            held |= unpack(layout, word)
        return cls(
            stage=Phase(status["stage"]),
            outcome=Outcome(status["outcome"]),
            trial=status["trial"] if status["chosen"] else None,
            target=status["target"],
            closes_at=Seconds(status["closes_at"]),
            lessons=packed[1] >> _LESSONS_AT,
            **{name: status[name] for name in ("contributions", "participants", "sealed", "revealed")},
            **{name: held[name] for name in ("bounty", "bond", "tips", "staked", "opened", "pot")},
        )


@dataclass(frozen=True)
class Participant:
    """Who takes part: the weight staked and opened, how many contributions it has `given`.

    `score` (billionths of the loss at first) is of the last pass measured.
    """

    who: Address
    staked: int
    opened: int
    given: int
    dropped: bool
    score: int
    forfeit: int

    @classmethod
    def unpack(cls, words: Iterable[int]) -> "Participant":
        """What the contract's `participant` returns."""
        found: dict[str, int] = {}
        for word, layout in zip(words, _PARTICIPANT, strict=True):
            found |= unpack(layout, word)
        score = found["score"] - (found["score"] >> 63 << 64)
        who = to_checksum_address(found["who"].to_bytes(20, "big"))
        counts = found["staked"], found["opened"], found["given"]
        return cls(who, *counts, bool(found["dropped"]), score, found["forfeit"])


@dataclass(frozen=True)
class Contribution:
    """A contribution, as its events told it: `batch` is None while it is sealed behind `commitment`."""

    index: int
    contributor: Address
    samples: int
    batch: bytes | None
    commitment: bytes | None
    transaction: str


@dataclass(frozen=True)
class Given:
    """How many contributions a participant has given, and samples: in all, and those still sealed."""

    contributions: int = 0
    samples: int = 0
    sealed: int = 0


@dataclass(frozen=True)
class Portion:
    """A portion of the test set, as its event told it, and the transaction that revealed it."""

    index: int
    salt: bytes
    batch: bytes
    transaction: str


@dataclass(frozen=True)
class Payment:
    """What an account was credited, in the token's smallest unit."""

    account: Address
    amount: int
