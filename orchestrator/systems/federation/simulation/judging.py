"""Which updates are in: the judgements of the contract's policies, in whole numbers."""

import math
from collections.abc import Sequence
from itertools import combinations

SCALE = 2**16 - 1
"""A mean absolute error of 1, as a score."""


def score(absolute_error: float) -> int:
    """A mean absolute error as a committee commits to it; lower is better, and NaN the worst."""
    if math.isnan(absolute_error):
        return SCALE
    return min(max(round(absolute_error * SCALE), 0), SCALE)


def medians(scores: Sequence[Sequence[int]], own: Sequence[int | None]) -> list[int]:
    """Of the rows of scorers, for each update the median of what others say of it.

    Between two it is the lower one: else a scorer's own update, which one scorer less judges, would be in the
    hands of a minority of liars.

    `own` has for each scorer the place of its own update, None if it sent none.
    """
    columns = enumerate(zip(*scores, strict=True))
    others = [
        sorted(score for score, mine in zip(column, own, strict=True) if mine != place)
        for place, column in columns
    ]
    return [column[(len(column) - 1) // 2] for column in others]


def accepted(middles: Sequence[int]) -> list[int]:
    """The places of updates at most half again as bad as the median one: of two in the middle, the better."""
    limit = sorted(middles)[(len(middles) - 1) // 2] * 3 // 2
    return [place for place, value in enumerate(middles) if value <= limit]


def leader(middles: Sequence[int]) -> int:
    """Who may claim first: the least median, of equals the lower seat."""
    return min(range(len(middles)), key=lambda place: (middles[place], place))


def literal(scores: Sequence[Sequence[int]], gamma: float) -> int:
    """Who leads by Lu et al. (2020), literally: the least γ · MAE(m_j) + the mean of MAE(m_i).

    Both are by j's own row of scores. No contract here does it: a party that says that all errors are zero
    leads.
    """
    told = [gamma * row[seat] + sum(row) / len(row) for seat, row in enumerate(scores)]
    return min(range(len(told)), key=lambda seat: (told[seat], seat))


def majority(votes: Sequence[Sequence[bool]], seats: int) -> list[int]:
    """The places of updates that more than half of all `seats` vote in. `votes`: a row a voter."""
    counts = [sum(column) for column in zip(*votes, strict=True)]
    return [place for place, count in enumerate(counts) if 2 * count > seats]


def ruled(bad: int, size: int, among: int) -> float:
    """In which share of the committees of `size` drawn from `among` seats the `bad` are the majority."""
    drawn = list(combinations(range(among), size))
    return round(sum(sum(seat < bad for seat in each) > size // 2 for each in drawn) / len(drawn), 3)
