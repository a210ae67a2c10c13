"""What a market is created with (contracts/market/Rules.sol)."""

from dataclasses import dataclass, fields
from typing import Final

from orchestrator import packing

ACCURACY: Final = 0
F1: Final = 1
HINGE: Final = 2
HOUR = 3_600
DAY = 24 * HOUR
MEASURE_WAIT = 90 * DAY
BLOCK = 12  # seconds
LESSONS: Final = 3
"""How often the trial portion is learned before anything is measured."""

# field, bits: from the lowest bit up
_LAYOUT = {
    "stake": 48,
    "tip": 24,
    "duration": 28,
    "open_wait": 28,
    "reveal_wait": 28,
    "capacity": 16,
    "portions": 8,
    "samples": 16,
    "max_bytes": 16,
    "threshold": 10,
    "margin": 10,
    "strikes": 4,
    "passes": 4,
    "loss": 4,
    "validation": 8,
    "weighted": 4,
}


@dataclass(frozen=True)
class Rules:
    """The rules of a market. Waits are in seconds, `stake` and `tip` in the market's unit of money.

    `stake` is put down for each sample, or for each contribution if not `weighted`; `tip` pays for each step
    of the measuring, and each contribution pays it beforehand for being measured once (see `fee`).
    Contributions are taken for `duration`, or until there are `capacity`; sealed ones are opened within
    `open_wait` after that (0: none is sealed); the provider reveals within `reveal_wait`. The test set has
    `portions` of `samples` each, a contribution `max_bytes` at most. What makes the loss less by under
    `margin` thousandths of what it is at first is not kept. Who falls below `threshold` thousandths of the
    stake `strikes` times drops out; there are `passes` at most; `loss` is ACCURACY, F1 or HINGE.
    `validation` portions do not pay: a contribution scores no more than it improves there, too.
    """

    stake: int = 1_000_000
    tip: int = 1_000
    duration: int = 24 * HOUR
    open_wait: int = 6 * HOUR
    reveal_wait: int = 24 * HOUR
    capacity: int = 1_000
    portions: int = 10
    samples: int = 50
    max_bytes: int = 8_192
    threshold: int = 1_000
    margin: int = 100
    strikes: int = 1
    passes: int = 3
    loss: int = ACCURACY
    validation: int = 0
    weighted: int = 1

    def weight(self, samples: int) -> int:
        """How many stakes a contribution of so many samples takes."""
        return samples if self.weighted else 1

    @property
    def steps(self) -> int:
        """What it takes to measure a contribution once."""
        return (self.portions - 1) * self.samples + 1

    @property
    def fee(self) -> int:
        """What a contribution pays for being measured, in units."""
        return self.tip * self.steps

    def price(self, samples: int) -> int:
        """What contributing so many samples at once takes, in units: the stake and the fee."""
        return self.stake * self.weight(samples) + self.fee

    def trap(self) -> str:
        """Why the contract refuses the waits, the threshold or the margin; empty if it does not."""
        least_open, least_reveal = HOUR + BLOCK * self.capacity, HOUR + BLOCK * self.portions
        checks = {
            f"the duration is {HOUR} seconds to 366 days": HOUR <= self.duration <= 366 * DAY,
            f"{self.capacity} are opened within {least_open} seconds to 30 days, or nothing is sealed": (
                not self.open_wait or least_open <= self.open_wait <= 30 * DAY
            ),
            f"{self.portions} portions are revealed within {least_reveal} seconds to 30 days": (
                least_reveal <= self.reveal_wait <= 30 * DAY
            ),
            "the threshold is 1 stake at most": self.threshold <= 1_000,
            "the margin is half of the loss at most": self.margin <= 500,
            "capacity, portions and passes are so many that they cannot be measured within 90 days": (
                self.capacity * self.portions * self.passes * BLOCK <= MEASURE_WAIT
            ),
        }
        return next((why for why, holds in checks.items() if not holds), "")

    def pack(self) -> int:
        """The rules as the word that SumFactory.create takes for its terms."""
        return packing.pack(_LAYOUT, vars(self))

    @classmethod
    def unpack(cls, word: int) -> "Rules":
        """The rules that `pack` packed."""
        return cls(**packing.unpack(_LAYOUT, word))


assert tuple(_LAYOUT) == tuple(field.name for field in fields(Rules))  # noqa: S101 – one order for both
