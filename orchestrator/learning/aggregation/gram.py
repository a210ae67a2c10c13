"""Inner products of updates, exactly: all that rules over whole vectors need to know of them.

Whoever claims an aggregate posts a root over the products after each chunk, so that a wrong step is shown
to be wrong by one chunk of each update.
"""

from collections.abc import Iterator
from math import isqrt

from eth_utils.crypto import keccak

from orchestrator.learning.aggregation.chunks import CHUNK, Integers, padded
from orchestrator.merkle import root_of
from orchestrator.types import Digest

Gram = list[list[int]]
"""Symmetric: Gram[i][j] is the inner product of updates i and j."""

TAG = keccak(text="DILN federation gram")
_HALF = 16
_BYTES = 16


def gram(updates: Integers) -> Gram:
    """The inner products of `updates` (parties, parameters), each at most 2**31 in size, with no rounding."""
    high, low = updates >> _HALF, updates & (1 << _HALF) - 1
    # Products of halves are below 2**32, so that sums of 2**31 of them fit 64 bits.
    upper, crossed, lower = (part.tolist() for part in (high @ high.T, high @ low.T, low @ low.T))
    seats = range(len(updates))
    return [
        [(upper[i][j] << 2 * _HALF) + (crossed[i][j] + crossed[j][i] << _HALF) + lower[i][j] for j in seats]
        for i in seats
    ]


def norms(products: Gram) -> list[int]:
    """The length of each update, rounded down; at least 1, so that it can be divided by."""
    return [max(isqrt(row[i]), 1) for i, row in enumerate(products)]


def trace(updates: Integers) -> Iterator[Gram]:
    """The products after each chunk of `updates`; the last ones are `gram(updates)`."""
    whole = padded(updates)
    total = [[0] * len(updates) for _ in updates]
    for at in range(0, whole.shape[1], CHUNK):
        step = gram(whole[:, at : at + CHUNK])
        total = [
            [a + b for a, b in zip(row, more, strict=True)] for row, more in zip(total, step, strict=True)
        ]
        yield total


def packed(products: Gram) -> bytes:
    """The upper triangle row by row, 16 bytes a product."""
    upper = (value for i, row in enumerate(products) for value in row[i:])
    return b"".join(value.to_bytes(_BYTES, "big", signed=True) for value in upper)


def trace_leaf(number: int, products: Gram) -> bytes:
    """The leaf of the products after chunk `number`."""
    return keccak(TAG + number.to_bytes(4, "big") + packed(products))


def trace_leaves(updates: Integers) -> list[bytes]:
    return [trace_leaf(number, products) for number, products in enumerate(trace(updates))]


def trace_root(updates: Integers) -> Digest:
    return Digest(root_of(trace_leaves(updates)))
