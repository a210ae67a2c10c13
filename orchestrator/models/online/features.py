"""Features as bytes, the way contributions carry them.

Sparse: big-endian uint16 indices, strictly increasing, from 1 on (0 is the intercept). Dense: one byte each.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from orchestrator.errors import DataError

Indices = npt.NDArray[np.int64]


def encode_sparse(indices: Iterable[int]) -> bytes:
    """The features that are present, as bytes."""
    x: bytes = np.asarray(sorted(set(indices)), dtype=">u2").tobytes()
    return x


def decode_sparse(x: bytes, dims: int, limit: int) -> Indices:
    """The features that `x` names; raises DataError where the contract reverts BadFeatures."""
    if not x or len(x) % 2 or len(x) > 2 * limit:
        raise DataError(f"a sample names 1 to {limit} features of two bytes each, not {len(x)} bytes")
    indices = np.frombuffer(x, dtype=">u2").astype(np.int64)
    if indices[0] == 0 or indices[-1] >= dims or np.any(np.diff(indices) <= 0):
        raise DataError(f"features must be strictly increasing, from 1 to {dims - 1}")
    return indices


def encode_dense(values: npt.ArrayLike) -> bytes:
    """Features from 0 to 255 as bytes (rounded and clipped)."""
    x: bytes = np.clip(np.rint(np.asarray(values, dtype=float)), 0, 255).astype(np.uint8).tobytes()
    return x


def decode_dense(x: bytes, dims: int) -> npt.NDArray[np.int64]:
    """The features of `x`; raises DataError where the contract reverts BadFeatures."""
    if len(x) != dims:
        raise DataError(f"a sample has {dims} features of one byte each, not {len(x)}")
    return np.frombuffer(x, dtype=np.uint8).astype(np.int64)
