"""Who counts in an aggregate, how much, and what it was worth: all from inner products, in whole numbers."""

from collections.abc import Collection, Sequence
from math import isqrt

from orchestrator.learning.aggregation.gram import Gram, norms

FACTOR_BITS = 15
WHOLE = 2**FACTOR_BITS
"""The clip factor of an update that is taken as it is."""

COSINE_BITS = 32
FULL_MERIT = 2**16 - 1


def clip_factors(products: Gram, bound: int = 0) -> list[int]:
    """What shortens each update to the length `bound` (units); 0: to the upper median of lengths."""
    lengths = norms(products)
    longest = bound or sorted(lengths)[len(lengths) // 2]
    return [min(WHOLE, (longest << FACTOR_BITS) // length) for length in lengths]


def krum(products: Gram, faulty: int, keep: int) -> list[int]:
    """The `keep` with the least sum of squared distances to their n - faulty - 2 nearest, ascending.

    Multi-Krum (Blanchard et al., 2017); Krum, if one is kept. Its proof wants n > 2 · faulty + 2.
    """
    count = len(products)
    scores = []
    for i, row in enumerate(products):
        distances = sorted(row[i] + products[j][j] - 2 * row[j] for j in range(count) if j != i)
        scores.append(sum(distances[: max(count - faulty - 2, 1)]))
    return sorted(sorted(range(count), key=lambda i: (scores[i], i))[:keep])


def nearest_literal(products: Gram, keep: int) -> list[int]:
    """The `keep` of the greatest cosine with the sum of all (LearningChain; Chen et al., 2018), ascending.

    One long update turns the sum to itself, and wins.
    """
    lengths = norms(products)
    scores = [(sum(row) << COSINE_BITS) // lengths[i] for i, row in enumerate(products)]
    return _greatest(scores, keep)


def nearest_unit(products: Gram, keep: int) -> list[int]:
    """The `keep` of the greatest cosine with the sum of all made of length one."""
    lengths = norms(products)
    scores = [
        sum((value << COSINE_BITS) // (lengths[i] * lengths[j]) for j, value in enumerate(row))
        for i, row in enumerate(products)
    ]
    return _greatest(scores, keep)


def nearest_clipped(products: Gram, factors: Sequence[int], keep: int) -> list[int]:
    """The `keep` of the greatest cosine with the sum of the clipped."""
    scores = []
    for i, row in enumerate(products):
        shortened = [value * factors[i] * factors[j] >> 2 * FACTOR_BITS for j, value in enumerate(row)]
        scores.append((sum(shortened) << COSINE_BITS) // max(isqrt(max(shortened[i], 0)), 1))
    return _greatest(scores, keep)


def merits(products: Gram, factors: Sequence[int], selected: Collection[int]) -> list[int]:
    """How far each update goes along the aggregate of `selected`, as a share (of 65,535) of the furthest.

    Where none goes along it, all have the merit 1. `factors` are the clip factors, WHOLE where nothing is
    clipped.
    """
    lengths = norms(products)
    along = [sum(factors[j] * row[j] for j in selected) for row in products]
    gains = [max(0, value // length) for value, length in zip(along, lengths, strict=True)]
    furthest = max(gains)
    return [gain * FULL_MERIT // furthest for gain in gains] if furthest else [1] * len(gains)


def _greatest(scores: Sequence[int], keep: int) -> list[int]:
    return sorted(sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:keep])
