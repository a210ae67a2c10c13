"""What characters would earn in a tournament, by the reference alone: no chain, no money."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.systems.tournament.ranks import ranks_of
from orchestrator.systems.tournament.reference import BURN, Book, Money, correlation
from orchestrator.systems.tournament.tables import Integers
from orchestrator.systems.tournament.targets import CLASSES, Targets, targets_of


@dataclass(frozen=True)
class Character:
    """`skill` is the correlation of its predictions with the targets, about.

    It stakes `weight` times what others do. All that `copy` a guess have it in common, and turn it round if
    they are `contrary`; a `silent` one does not score.
    """

    skill: float
    weight: int = 1
    copy: str = ""
    contrary: bool = False
    silent: bool = False


CHARACTERS = {
    "expert": Character(0.2),
    "good": Character(0.05),
    "lucky": Character(0.0),
    "contrary": Character(-0.05),
}


@dataclass(frozen=True)
class CharacterResult:
    """What became of a character: `change` in smallest units over all rounds, `correlation` on average."""

    name: str
    correlation: float
    change: int


class Season:
    """Targets and predictions, a round after the other: the same for the same seed. Raises DataError."""

    def __init__(self, characters: Mapping[str, Character], rows: int, seed: int = 0) -> None:
        self.characters, self.rows, self._rng = characters, rows, np.random.default_rng(seed)

    def targets(self) -> Targets:
        """Those of the next round."""
        self._truth, self._noise = self._rng.normal(size=self.rows), dict[str, NDArray[np.float64]]()
        classes = np.searchsorted(np.quantile(self._truth, np.arange(1, CLASSES) / CLASSES), self._truth)
        return targets_of(classes / (CLASSES - 1), self._rng.normal(size=self.rows))

    def ranks(self, name: str) -> Integers:
        """What a character predicts in this round."""
        who = self.characters[name]
        noise = self._noise.setdefault(who.copy or name, self._rng.normal(size=self.rows))
        guess = who.skill * self._truth + np.sqrt(1 - who.skill**2) * noise
        return ranks_of(-guess if who.contrary else guess)

    def play(
        self, book: Book, number: int, stake: int, *, revealed: bool = True
    ) -> Iterator[tuple[str, int]]:
        """A round, in which all stake `stake`: who scored, and how, once it is done."""
        targets = self.targets()
        book.open(number)
        for name, who in self.characters.items():
            book.enter(number, name, who.weight * stake)
        if not revealed:
            book.void(number)
            for name in self.characters:
                book.refund(number, name)
            return
        book.rounds[number].targets = targets
        for name in [name for name, who in self.characters.items() if not who.silent]:
            ranks = self.ranks(name)
            book.score(number, name, ranks)
            yield name, correlation(ranks, targets)
        for name in list(book.rounds[number].stakes):
            book.expire(number, name, next(iter(self.characters)))
        book.close(number)


def simulate(
    money: Money, rows: int, rounds: int, stake: int, seed: int = 0
) -> tuple[list[CharacterResult], int]:
    """Let characters stake `stake` in each of `rounds`; returns how they did, and what was burnt."""
    season, book, sums = Season(CHARACTERS, rows, seed), Book(money, "organizer"), Counter[str]()
    for number in range(rounds):
        for name, score in season.play(book, number, stake):
            sums[name] += score
    outcomes = [
        CharacterResult(name, sums[name] / rounds / 10**9, book.balances[name]) for name in CHARACTERS
    ]
    return outcomes, book.balances[BURN]
