"""What a party sends: small integers, and by how many bits they are to be shifted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.errors import DataError
from orchestrator.learning.aggregation.chunks import Integers, decode, encode, root
from orchestrator.types import Digest

LARGEST_SHIFTS = {1: 24, 2: 16, 4: 0}
"""By width in bytes: so that shifted values always fit 32 bits."""

LARGEST_WEIGHT = 2**16 - 1


@dataclass(frozen=True)
class Update:
    """`raw` (parameters,) of `width` bytes each; its values are raw · 2**shift, in units of 2**-16."""

    raw: Integers
    width: int
    shift: int

    def __post_init__(self) -> None:
        if self.width not in LARGEST_SHIFTS or not 0 <= self.shift <= LARGEST_SHIFTS[self.width]:
            raise DataError(f"an update of {self.width} bytes a value cannot be shifted by {self.shift} bits")
        encode(self.raw, self.width)  # raises where a value does not fit

    @property
    def values(self) -> Integers:
        return self.raw << self.shift

    @property
    def data(self) -> bytes:
        """What is pinned: all of its chunks."""
        return encode(self.raw, self.width)

    @cached_property
    def root(self) -> Digest:
        return root(self.raw, self.width)

    def digest(self, weight: int, cid: bytes) -> Digest:
        """What a party commits to. `cid` is the SHA-256 of the pinned file. Raises DataError."""
        if not 1 <= weight <= LARGEST_WEIGHT:
            raise DataError(f"a weight of {weight} is not a whole number from 1 to {LARGEST_WEIGHT:,}")
        return Digest(keccak(self.root + weight.to_bytes(2, "big") + bytes([self.shift]) + cid))

    @classmethod
    def read(cls, data: bytes, size: int, width: int, shift: int) -> "Update":
        """The update of a pinned file; its padding is kept, since it counts. Raises DataError."""
        if width not in LARGEST_SHIFTS:
            raise DataError(f"updates of {width} bytes a value do not exist")
        return cls(decode(data, width, size), width, shift)


def quantize(difference: Integers, width: int = 1) -> Update:
    """`difference` (in units) with the least shift that fits `width` bytes, each rounded to the nearest.

    Halves go to the even. Raises DataError for a difference that does not fit even so.
    """
    if width not in LARGEST_SHIFTS:
        raise DataError(f"updates of {width} bytes a value do not exist", "Use 1, 2 or 4.")
    limit = 2 ** (8 * width - 1) - 1
    for shift in range(LARGEST_SHIFTS[width] + 1):
        raw = np.rint(difference / 2**shift).astype(np.int64)
        if not raw.size or np.abs(raw).max() <= limit:
            return Update(raw, width, shift)
    raise DataError(
        "an update is too large for the federation's integers", "Train with smaller steps, or scale the data."
    )
