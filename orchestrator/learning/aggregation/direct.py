"""Small updates that the contract itself adds up: contracts/federation/DirectSum.sol in numpy."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.errors import DataError
from orchestrator.learning.aggregation.chunks import Integers, padded
from orchestrator.learning.aggregation.quantizing import LARGEST_SHIFTS, Update
from orchestrator.types import Digest

ZERO = 128
"""What is added to every number, so that sums are of whole numbers that are at least zero."""


class Vector(Update):
    """An update of one byte a value without a tree: its root is its file's SHA-256, which is its CID's."""

    @property
    def data(self) -> bytes:
        """What is pinned, and goes with the sum: no padding."""
        return self.raw.astype(np.int8).tobytes()

    @cached_property
    def root(self) -> Digest:
        return Digest(hashlib.sha256(self.data).digest())

    @classmethod
    def read(cls, data: bytes, size: int, width: int, shift: int) -> "Vector":
        """The update of a pinned file. Raises DataError for another length."""
        if len(data) != size:
            raise DataError(f"{len(data):,} bytes are not {size:,} numbers of one byte")
        return cls(np.frombuffer(data, np.int8).astype(np.int64), 1, shift)


def vector(difference: Integers, shift: int) -> Vector:
    """`difference` (in units) as a Vector of the terms' `shift`; what is too long is cut to 127.

    Halves go to the even. Raises DataError for a shift that no federation has.
    """
    if not 0 <= shift <= LARGEST_SHIFTS[1]:
        raise DataError(f"a shift of {shift} bits does not exist", "The terms say which.")
    return Vector(np.clip(np.rint(difference / 2**shift), -127, 127).astype(np.int64), 1, shift)


def sums(updates: Sequence[Update]) -> bytes:
    """The sums as the contract writes them: of each 32 numbers those at even places, then the others."""
    total = padded(np.sum([each.raw + ZERO for each in updates], axis=0))
    size = len(updates[0].raw)
    total[size:] = ZERO * len(updates)
    words = total.reshape(-1, 16, 2)
    return words.transpose(0, 2, 1).astype(">u2").tobytes()


def sums_hash(updates: Sequence[Update]) -> Digest:
    """What the record says in the place of a model's root."""
    return Digest(keccak(sums(updates)))
