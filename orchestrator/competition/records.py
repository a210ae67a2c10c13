"""What the contracts speak of, as values: the structs of contracts/competition/ICompetition.sol."""

from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any, Self

from orchestrator.learning.integer import METRICS, sample_size
from orchestrator.storage.cid import Cid
from orchestrator.types import Address, Seconds, Wei

NOBODY: Address = "0x0000000000000000000000000000000000000000"  # type: ignore[assignment]
SETTLED = 2**32 - 1
DEPTH = 12
"""Blocks over the seed's before the split can be drawn, so that no reorganization makes it another one."""


class Mode(IntEnum):
    """Who computes scores: the contract, or the submitter with a bond behind every prediction."""

    DIRECT = 0
    OPTIMISTIC = 1


class Scheme(IntEnum):
    """How winners divide the pot: a share for each place, or by their margin above the criterion."""

    RANKED = 0
    BY_SCORE = 1


class Phase(IntEnum):
    """Where a competition is."""

    SEEDING = 0
    TRAINING = 1
    REVEAL = 2
    OPENING = 3
    EVALUATION = 4
    CLOSED = 5


class Outcome(IntEnum):
    """How it ended; OPEN if it has not."""

    OPEN = 0
    DECIDED = 1
    UNOPENED = 2
    WITHHELD = 3
    UNDRAWN = 4


class Status(IntEnum):
    """What became of a submission."""

    NONE = 0
    COMMITTED = 1
    REVEALED = 2
    REFUTED = 3


@dataclass(frozen=True)
class Terms:
    """Everything that is fixed at creation, in the order of the contract's struct.

    Amounts are in wei, lengths of phases in seconds, `shares` in 1/10,000; `criterion` is the least score
    that wins, for MAE the largest mean error in millionths. `classes` is 0 where labels are numbers.
    `organizer` and `seed_block` are set by the factory.
    """

    organizer: Address
    token: Address
    root: bytes
    cid_digest: bytes
    cid_codec: int
    metric: int
    mode: Mode
    scheme: Scheme
    organizer_may_enter: bool
    groups: int
    test_groups: int
    group_size: int
    features: int
    classes: int
    max_model_bytes: int
    seed_block: int
    prize: Wei
    bond: Wei
    deposit: Wei
    tip: Wei
    stake: Wei
    claim_bond: Wei
    shares: tuple[int, int, int, int]
    criterion: int
    training: Seconds
    reveal: Seconds
    opening: Seconds
    evaluation: Seconds
    refute: Seconds
    answer: Seconds

    @classmethod
    def read(cls, values: Any) -> Self:
        """From what the contract returns."""
        terms = cls(*values)
        object.__setattr__(terms, "mode", Mode(terms.mode))
        object.__setattr__(terms, "scheme", Scheme(terms.scheme))
        object.__setattr__(terms, "shares", tuple(terms.shares))
        return terms

    def as_tuple(self) -> tuple[Any, ...]:
        """For the contract."""
        return astuple(self)

    @property
    def metric_name(self) -> str:
        return METRICS[self.metric]

    @property
    def cid(self) -> str:
        """Where the sealed data are."""
        return str(Cid(1, self.cid_codec, self.cid_digest))

    @property
    def drawable(self) -> int:
        """The first block that can hold the transaction that draws the split."""
        return self.seed_block + DEPTH + 1

    @property
    def stride(self) -> int:
        """Bytes of a sample with its label."""
        return sample_size(self.features, self.classes)

    @property
    def group_bytes(self) -> int:
        return self.group_size * self.stride

    @property
    def test_samples(self) -> int:
        return self.test_groups * self.group_size

    @property
    def prediction_size(self) -> int:
        """Bytes of a prediction in a claim."""
        return 1 if self.classes else 4


@dataclass(frozen=True)
class Progress:
    """What moves. `drawn_at` is 0 until the split is drawn; counts are of submissions.

    `opened` counts test groups, `unanswered` challenged training groups that are still closed.
    """

    drawn_at: Seconds
    committed: int
    revealed: int
    concluded: int
    refuted: int
    opened: int
    unanswered: int
    outcome: Outcome
    board: int


@dataclass(frozen=True)
class Deadlines:
    """When each phase ends; `final` is when `finalize` waits for nobody."""

    training: Seconds
    reveal: Seconds
    opening: Seconds
    evaluation: Seconds
    final: Seconds


@dataclass(frozen=True)
class Submission:
    """A submission, in order of commitment. `word` is the commitment until the reveal."""

    number: int
    submitter: Address
    status: Status
    withdrawn: bool
    tipped: int
    word: bytes
    extra: bytes


@dataclass(frozen=True)
class Result:
    """A revealed model's address and score.

    `done` counts evaluated samples; in an optimistic competition it is the time of the claim, or SETTLED.
    """

    model: Address
    score: int
    done: int


@dataclass(frozen=True)
class Challenge:
    """A demand that a training group be opened on-chain, by `deadline`."""

    challenger: Address
    deadline: Seconds
    answered: bool


@dataclass(frozen=True)
class Group:
    """A group as it is opened: its salt, its samples' bytes, and the proof from its leaf to the root."""

    salt: bytes
    data: bytes
    proof: tuple[bytes, ...]

    @classmethod
    def read(cls, opened: Any) -> Self:
        """From an event."""
        return cls(
            bytes(opened["salt"]), bytes(opened["data"]), tuple(bytes(each) for each in opened["proof"])
        )

    def as_tuple(self) -> tuple[bytes, bytes, list[bytes]]:
        return self.salt, self.data, list(self.proof)


@dataclass(frozen=True)
class Refutation:
    """The evidence against a claim at one sample; see the contract's struct."""

    submission: int
    index: int
    word: bytes
    word_proof: tuple[bytes, ...]
    salt: bytes
    sample: bytes
    sample_proof: tuple[bytes, ...]
    group_proof: tuple[bytes, ...]

    def as_tuple(self) -> tuple[Any, ...]:
        return tuple(
            list(value) if isinstance(value, tuple) else value
            for value in (getattr(self, name) for name in self.__dataclass_fields__)
        )
