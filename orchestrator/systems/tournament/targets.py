"""The targets of a round: what an organizer commits to and reveals (contracts/tournament/Targets.sol)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from orchestrator.errors import DataError
from orchestrator.systems.tournament import ranks as _ranks
from orchestrator.systems.tournament.tables import Integers

CLASSES = 5
UNIT = 1 << 28
_VALUES = 8 * CLASSES  # bytes
_SUMS = 48  # bytes that the contract puts before them, where it keeps them as code
_LANE = 48


@dataclass(frozen=True)
class Targets:
    """What a round is scored by.

    values: for each of five classes its target for correlation and for contribution, in units of 2⁻²⁸;
    classes: of each row; benchmark: its ranks, if there is one.
    """

    values: tuple[tuple[int, int], ...]
    classes: Integers
    benchmark: Integers | None = None

    @property
    def rows(self) -> int:
        return len(self.classes)

    def encode(self) -> bytes:
        """As the contract reads them."""
        head = np.array(self.values, dtype=">i4").tobytes()
        tail = b"" if self.benchmark is None else _ranks.encode(self.benchmark)
        return head + self.classes.astype(np.uint8).tobytes() + tail


def targets_of(values: ArrayLike, benchmark: ArrayLike | None = None) -> Targets:
    """Targets of one number a row, at most five different ones, as numerai-tools scores them.

    They are centred, and for correlation raised to 1.5; for contribution multiplied by four where all are
    from 0 to 1. `benchmark`: predictions, one a row. Raises DataError.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise DataError("the targets are not one finite number a row", "Look for missing values.")
    levels, classes = np.unique(numbers, return_inverse=True)
    if not 2 <= len(levels) <= CLASSES:
        raise DataError(
            f"the targets have {len(levels)} values", "Two to five are scored: use their quantiles."
        )
    scale = 4 if levels[0] >= 0 and levels[-1] <= 1 else 1
    centred = levels - numbers.mean()
    powers = np.sign(centred) * np.abs(centred) ** 1.5
    if max(np.abs(powers).max(), np.abs(scale * centred).max()) >= 8:
        raise DataError("the targets are too far from each other", "Scale them to numbers from 0 to 1.")
    pairs = [(_fixed(power), _fixed(scale * level)) for power, level in zip(powers, centred, strict=True)]
    pairs += [(0, 0)] * (CLASSES - len(pairs))
    ranks = None if benchmark is None else _ranks.ranks_of(benchmark)
    if ranks is not None and len(ranks) != len(numbers):
        raise DataError("the benchmark has other rows than the targets", "Give one prediction a row.")
    return Targets(tuple(pairs), classes.astype(np.int64), ranks)


def decode(data: bytes, rows: int, benchmarked: bool) -> Targets:
    """The targets in `data`, untrusted. Raises DataError where the contract refuses them."""
    if len(data) != _VALUES + rows * (3 if benchmarked else 1):
        raise DataError(f"{len(data)} bytes are not the targets of {rows} rows", "Ask the organizer.")
    values = np.frombuffer(data[:_VALUES], dtype=">i4").reshape(CLASSES, 2)
    classes = np.frombuffer(data[_VALUES : _VALUES + rows], dtype=np.uint8).astype(np.int64)
    if classes.max() >= CLASSES:
        raise DataError("a row has a class beyond the fifth", "Ask the organizer.")
    if len(np.unique(values[:, 0][classes])) == 1:
        raise DataError("all rows have the same target", "Nothing can be scored by them.")
    benchmark = _ranks.decode(data[_VALUES + rows :], rows) if benchmarked else None
    return Targets(tuple((int(v), int(t)) for v, t in values), classes, benchmark)


def decode_kept(code: bytes, rows: int, benchmarked: bool) -> Targets:
    """The targets that a contract keeps as `code` (its first byte included). Raises DataError."""
    data = bytearray(code[1 + _SUMS :])
    shifts = np.frombuffer(bytes(data[_VALUES : _VALUES + rows]), dtype=np.uint8)
    data[_VALUES : _VALUES + rows] = (shifts // _LANE).astype(np.uint8).tobytes()
    return decode(bytes(data), rows, benchmarked)


def _fixed(value: float) -> int:
    return round(value * UNIT)
