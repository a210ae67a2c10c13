"""Predictions become ranks, which are all that a tournament looks at."""

import numpy as np
from numpy.typing import ArrayLike

from orchestrator.errors import DataError
from orchestrator.systems.tournament.tables import Integers


def ranks_of(predictions: ArrayLike) -> Integers:
    """The rank of each row's prediction: 0 for the lowest; of equal ones the earlier row has the lower.

    Raises DataError for anything but a finite number a row.
    """
    values = np.asarray(predictions, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError("the predictions are not one finite number a row", "Look for missing values.")
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def encode(ranks: Integers) -> bytes:
    """Two bytes a row, big-endian."""
    return ranks.astype(">u2").tobytes()


def decode(data: bytes, rows: int) -> Integers:
    """The ranks in `data`. Raises DataError unless they are a permutation of `rows`, as the contract does."""
    ranks = (
        np.frombuffer(data, dtype=">u2").astype(np.int64) if len(data) == 2 * rows else np.empty(0, np.int64)
    )
    if len(ranks) != rows or (np.sort(ranks) != np.arange(rows)).any():
        raise DataError(
            f"these are not the ranks of {rows} rows", "Each from 0 on comes once, two bytes a row."
        )
    return ranks
