"""What characters would earn in a tournament, by the reference alone: no chain, no money."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orchestrator.systems.tournament.ranks import ranks_of
from orchestrator.systems.tournament.reference import BURN, Book, Money, correlation
from orchestrator.systems.tournament.targets import CLASSES, targets_of

SKILLS = {"expert": 0.2, "good": 0.05, "lucky": 0.0, "contrary": -0.05}


@dataclass(frozen=True)
class CharacterResult:
    """What became of a character: `change` in smallest units over all rounds, `correlation` on average."""

    name: str
    correlation: float
    change: int


def simulate(
    money: Money,
    rows: int,
    rounds: int,
    stake: int,
    seed: int = 0,
    skills: Mapping[str, float] = SKILLS,
) -> tuple[list[CharacterResult], int]:
    """Let characters stake `stake` in each of `rounds`; returns how they did, and what was burnt.

    `skills` are the correlations of their predictions with the targets, about. Raises DataError.
    """
    rng, book = np.random.default_rng(seed), Book(money, "organizer")
    sums: dict[str, int] = dict.fromkeys(skills, 0)
    for number in range(rounds):
        truth = rng.normal(size=rows)
        classes = np.searchsorted(np.quantile(truth, np.arange(1, CLASSES) / CLASSES), truth)
        book.open(number)
        for name in skills:
            book.enter(number, name, stake)
        book.rounds[number].targets = targets = targets_of(classes / (CLASSES - 1), rng.normal(size=rows))
        for name, skill in skills.items():
            guess = skill * truth + np.sqrt(1 - skill**2) * rng.normal(size=rows)
            sums[name] += correlation(ranks_of(guess), targets)
            book.score(number, name, ranks_of(guess))
        book.close(number)
    outcomes = [
        CharacterResult(name, total / rounds / 10**9, book.balances[name]) for name, total in sums.items()
    ]
    return outcomes, book.balances[BURN]
