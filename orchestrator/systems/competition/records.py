"""What the contracts speak of, with what follows from it."""

from dataclasses import dataclass

from orchestrator.bindings import competition as abi
from orchestrator.models.integer import METRICS, pass_mark, sample_size
from orchestrator.storage.cid import Cid
from orchestrator.types import Seconds

SETTLED = 2**32 - 1
SAFE_BOND = 2
"""Prizes in the bond: from here on no fault pays, however many accounts an organizer has among the others."""

DEPTH = 12
"""Blocks over the seed's before the split can be drawn, so that no reorganization makes it another one."""


@dataclass(frozen=True)
class Terms(abi.Terms):
    """Everything that is fixed at creation.

    Amounts are in wei, lengths of phases in seconds, `shares` in 1/10,000; `criterion` is the least score
    that wins, for MAE the largest mean error in millionths. `classes` is 0 where labels are numbers.
    `organizer` and `seed_block` are set by the factory.
    """

    @property
    def metric_name(self) -> str:
        return METRICS[self.metric]

    @property
    def least(self) -> int:
        """The least score that wins."""
        return self.criterion if self.classes else pass_mark("mae", self.criterion / 10**6)

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
class Deadlines:
    """When each phase ends; `final` is when `finalize` waits for nobody."""

    training: Seconds
    reveal: Seconds
    opening: Seconds
    evaluation: Seconds
    final: Seconds


@dataclass(frozen=True)
class Submission(abi.Submission):
    """A submission, and its number in order of commitment. `word` is the commitment until the reveal."""

    number: int
