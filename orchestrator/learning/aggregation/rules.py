"""How updates become one: what the contract would compute, coordinate by coordinate."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import selection
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.gram import Gram, gram
from orchestrator.learning.aggregation.quantizing import LARGEST_WEIGHT
from orchestrator.learning.aggregation.selection import FACTOR_BITS, WHOLE

SMALLEST, LARGEST = -(2**31), 2**31 - 1


class Rule(StrEnum):
    MEAN = "mean"
    CLIPPED_MEAN = "clipped-mean"
    MEDIAN = "median"
    TRIMMED_MEAN = "trimmed-mean"
    MULTI_KRUM = "multi-krum"
    NEAREST_LITERAL = "nearest-literal"
    NEAREST_UNIT = "nearest-unit"
    NEAREST_CLIPPED = "nearest-clipped"

    @property
    def clips(self) -> bool:
        return self in (Rule.CLIPPED_MEAN, Rule.NEAREST_CLIPPED)

    @property
    def needs_gram(self) -> bool:
        return self not in (Rule.MEAN, Rule.MEDIAN, Rule.TRIMMED_MEAN)


@dataclass(frozen=True)
class Settings:
    """A rule with its numbers.

    `keep` updates are averaged (multi-krum, nearest); `faulty` may be against the rest (multi-krum); `trim`
    are cut at either end (trimmed-mean); `bound` is the length to which updates are clipped, in units, 0:
    the median of all.
    """

    rule: Rule = Rule.MEAN
    keep: int = 1
    faulty: int = 0
    trim: int = 0
    bound: int = 0

    def __post_init__(self) -> None:
        if self.keep < 1 or min(self.faulty, self.trim, self.bound) < 0:
            raise DataError("a rule keeps at least one update, and its other numbers are not negative")


@dataclass(frozen=True)
class Aggregate:
    """`delta` (parameters,) is what the model is moved by; `selected` are the places of those in it.

    `factors` are their clip factors and `products` the inner products of all, both empty where the rule has
    none.
    """

    delta: Integers
    selected: tuple[int, ...]
    factors: tuple[int, ...] = ()
    products: Gram | None = None

    def merits(self, updates: Integers) -> list[int]:
        """How far each of `updates`, which were joined, goes along the aggregate."""
        products = self.products or gram(updates)
        return selection.merits(products, self.factors or [WHOLE] * len(updates), self.selected)


def aggregate(settings: Settings, updates: Integers, weights: Sequence[int]) -> Aggregate:
    """Join `updates` (parties, parameters), whole numbers of 32 bits, in order of seats.

    `weights` are whole numbers from 1 to 65,535, one a party; median and trimmed mean take no notice of
    them. Raises DataError for what the contract would not take.
    """
    _check(updates, weights)
    everybody = tuple(range(len(updates)))
    if settings.rule is Rule.MEDIAN:
        return Aggregate(median(updates), everybody)
    if settings.rule is Rule.TRIMMED_MEAN:
        return Aggregate(trimmed_mean(updates, settings.trim), everybody)
    if settings.rule is Rule.MEAN:
        return Aggregate(mean(updates, weights), everybody)
    products = gram(updates)
    factors = selection.clip_factors(products, settings.bound) if settings.rule.clips else []
    picked = _selected(settings, products, factors)
    rows = clipped(updates, factors) if factors else updates
    delta = mean(rows[picked], [weights[place] for place in picked])
    return Aggregate(delta, tuple(picked), tuple(factors), products)


def apply(model: Integers, delta: Integers) -> Integers:
    """The model after an aggregate; what would leave 32 bits stays at their end."""
    return np.asarray(np.clip(model + delta, SMALLEST, LARGEST))


def mean(updates: Integers, weights: Sequence[int]) -> Integers:
    """The weighted mean: FedAvg (McMahan et al., 2017)."""
    factors = np.asarray(weights, np.int64)
    return np.asarray((updates * factors[:, None]).sum(axis=0) // factors.sum())


def median(updates: Integers) -> Integers:
    """The coordinate-wise median; of an even number, the mean of the middle two (Yin et al., 2018)."""
    ordered, middle = np.sort(updates, axis=0), len(updates) // 2
    if len(updates) % 2:
        return np.asarray(ordered[middle])
    return np.asarray((ordered[middle - 1] + ordered[middle]) >> 1)


def trimmed_mean(updates: Integers, trim: int) -> Integers:
    """The coordinate-wise mean without the `trim` least and greatest (Yin et al., 2018)."""
    cut = min(trim, (len(updates) - 1) // 2)
    left = len(updates) - 2 * cut
    return np.asarray(np.sort(updates, axis=0)[cut : cut + left].sum(axis=0) // left)


def clipped(updates: Integers, factors: Sequence[int]) -> Integers:
    """The updates, shortened by their clip factors."""
    return np.asarray((updates * np.asarray(factors, np.int64)[:, None]) >> FACTOR_BITS)


def _selected(settings: Settings, products: Gram, factors: Sequence[int]) -> list[int]:
    keep = min(settings.keep, len(products))
    if settings.rule is Rule.MULTI_KRUM:
        return selection.krum(products, settings.faulty, keep)
    if settings.rule is Rule.NEAREST_LITERAL:
        return selection.nearest_literal(products, keep)
    if settings.rule is Rule.NEAREST_UNIT:
        return selection.nearest_unit(products, keep)
    if settings.rule is Rule.NEAREST_CLIPPED:
        return selection.nearest_clipped(products, factors, keep)
    return list(range(len(products)))


def _check(updates: Integers, weights: Sequence[int]) -> None:
    if updates.ndim != 2 or not updates.size:
        raise DataError(f"updates of the shape {updates.shape} cannot be joined", "Give one row a party.")
    if updates.min() < SMALLEST or updates.max() > LARGEST:
        raise DataError("an update does not fit 32 bits", "Use a smaller shift.")
    if len(weights) != len(updates) or not all(1 <= weight <= LARGEST_WEIGHT for weight in weights):
        raise DataError(f"weights are whole numbers from 1 to {LARGEST_WEIGHT:,}, one a party")
