"""The federation that most experiments run: ten parties, handwritten digits, 2,410 parameters."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np

from orchestrator.systems.federation.simulation.characters import Absent, Character, Honest
from orchestrator.systems.federation.simulation.datasets import Data, digits, shared
from orchestrator.systems.federation.simulation.networks import Network
from orchestrator.systems.federation.simulation.playing import Plan, Played, play

PARTIES = 10
NETWORK = Network(inputs=64, classes=10, hidden=32)


def runs(
    plan: Plan,
    cast: Sequence[Character],
    seeds: Sequence[int],
    alpha: float = 0.0,
    load: Callable[[int], Data] = digits,
) -> list[Played]:
    """A run for each seed, rows shared evenly or by Dirichlet(`alpha`); no party remembers another run."""
    found = []
    for seed in seeds:
        data, fresh = load(seed), [deepcopy(each) for each in cast]
        parts = shared(data.labels, len(cast), np.random.default_rng(seed), alpha)
        found.append(play(plan, data, parts, fresh, seed))
    return found


def last(played: Sequence[Played]) -> float:
    """The accuracy in the end, on average."""
    return round(float(np.mean([each.accuracy[-1] for each in played])), 4)


def away(count: int, cast: Sequence[Character]) -> list[Character]:
    """The same cast without its first `count`."""
    return [*[Absent(chance=1.0)] * count, *cast[count:]]


def with_bad(character: Character, count: int) -> list[Character]:
    """Ten parties, of whom the first `count` are of that character, and the others honest."""
    return [*[character] * count, *[Honest()] * (PARTIES - count)]
