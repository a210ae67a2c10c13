"""Vectors as bytes in chunks of 32 coordinates, and the roots over them.

A refutation shows one chunk of each vector; so both trees, of models and of updates, are cut at the same
coordinates.
"""

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DataError
from orchestrator.merkle import keccak, root_of
from orchestrator.types import Digest

Integers = NDArray[np.int64]

CHUNK = 32
"""Coordinates of a chunk; the last one is filled up with zeros."""

MODEL_WIDTH = 4
"""Bytes of a model's coordinate. An update's has 1, 2 or 4."""

TAG = keccak(b"DILN federation chunk")


def chunk_count(size: int) -> int:
    return -(-size // CHUNK)


def padded(vector: Integers) -> Integers:
    """`vector` (…, size) with zeros up to the end of its last chunk."""
    missing = -vector.shape[-1] % CHUNK
    return np.pad(vector, [(0, 0)] * (vector.ndim - 1) + [(0, missing)])


def encode(vector: Integers, width: int) -> bytes:
    """The padded vector, big-endian, `width` bytes a coordinate. Raises DataError where one does not fit."""
    limit = 2 ** (8 * width - 1)
    if vector.size and not (-limit <= vector.min() and vector.max() < limit):
        raise DataError(f"a coordinate does not fit {8 * width} bits")
    return padded(vector).astype(f">i{width}").tobytes()


def decode(data: bytes, width: int, size: int) -> Integers:
    """The padded vector of a model or update of `size` coordinates. Raises DataError for another length."""
    if len(data) != chunk_count(size) * CHUNK * width:
        raise DataError(
            f"{len(data):,} bytes are not {size:,} coordinates of {8 * width} bits in whole chunks"
        )
    return np.frombuffer(data, f">i{width}").astype(np.int64)


def leaf(number: int, chunk: bytes) -> bytes:
    return keccak(TAG + number.to_bytes(4, "big") + chunk)


def leaves(vector: Integers, width: int) -> list[bytes]:
    """The leaves of the tree over a vector's chunks."""
    data, stride = encode(vector, width), CHUNK * width
    return [leaf(at // stride, data[at : at + stride]) for at in range(0, len(data), stride)]


def root(vector: Integers, width: int) -> Digest:
    return Digest(root_of(leaves(vector, width)))


def model_root(model: Integers) -> Digest:
    return root(model, MODEL_WIDTH)
