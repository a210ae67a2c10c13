"""What a market is created with (contracts/sum/market/Rules.sol)."""

from dataclasses import dataclass, fields
from typing import Final

from orchestrator import packing

ACCURACY: Final = 0
F1: Final = 1
HINGE: Final = 2
HOUR = 3_600

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
    "threshold": 16,
    "strikes": 4,
    "passes": 8,
    "loss": 4,
    "validation": 8,
    "weighted": 4,
}


@dataclass(frozen=True)
class Rules:
    """The rules of a market. Waits are in seconds, `stake` and `tip` in the market's unit of money.

    `stake` is put down for each sample, or for each contribution if not `weighted`; `tip` pays for each
    contribution learned. Contributions are taken for `duration`, or until there are `capacity`; hidden ones
    are opened within `open_wait` after that (0: none is hidden); the provider reveals within `reveal_wait`.
    The test set has `portions` of `samples` each, a contribution `max_bytes` at most. Who falls below
    `threshold` thousandths of the stake `strikes` times drops out; there are `passes` at most; `loss` is
    ACCURACY, F1 or HINGE. `validation` portions do not pay: a contribution scores no more than it improves
    there, too.
    """

    stake: int = 1_000_000
    tip: int = 0
    duration: int = 24 * HOUR
    open_wait: int = 6 * HOUR
    reveal_wait: int = 24 * HOUR
    capacity: int = 1_000
    portions: int = 10
    samples: int = 50
    max_bytes: int = 8_192
    threshold: int = 1_000
    strikes: int = 1
    passes: int = 3
    loss: int = ACCURACY
    validation: int = 0
    weighted: int = 1

    def weight(self, samples: int) -> int:
        """How many stakes a contribution of so many samples takes."""
        return samples if self.weighted else 1

    def pack(self) -> int:
        """The rules as the word that SumFactory.create takes for its terms."""
        return packing.pack(_LAYOUT, vars(self))

    @classmethod
    def unpack(cls, word: int) -> "Rules":
        """The rules that `pack` packed."""
        return cls(**packing.unpack(_LAYOUT, word))


assert tuple(_LAYOUT) == tuple(field.name for field in fields(Rules))  # noqa: S101 – one order for both
