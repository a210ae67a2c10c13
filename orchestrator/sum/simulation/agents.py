"""When agents act, and what they do: give samples, claim what is due."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from orchestrator.learning.onchain.features import encode_sparse
from orchestrator.sum.records import DAY, Terms
from orchestrator.sum.simulation.reviews import Samples
from orchestrator.sum.simulation.scenario import COIN, Agent
from orchestrator.sum.simulation.world import Given, World

AGAIN = DAY
"""How long an agent waits before it looks again at a contribution that it could not settle."""

BUFFER = 4096
"""Random numbers that are drawn at once, because single ones are slow."""


@dataclass
class _Person:
    agent: Agent
    rng: np.random.Generator
    claims: list[tuple[int, int, str]] = field(default_factory=list)  # time, contribution, what to try
    given: int = 0
    refused: int = 0
    _draws: dict[tuple[float, float], list[float]] = field(default_factory=dict)

    def draw(self, distribution: tuple[float, float]) -> float:
        """From a normal distribution of this mean and standard deviation, above zero."""
        left = self._draws.get(distribution)
        if not left:
            left = self._draws[distribution] = self.rng.normal(*distribution, BUFFER).tolist()
        return max(left.pop(), 0.0)

    def chance(self) -> float:
        left = self._draws.get((0.0, 0.0))
        if not left:
            left = self._draws[0.0, 0.0] = self.rng.random(BUFFER).tolist()
        return left.pop()


class Crowd:
    """The agents of a scenario in a world. Each draws from the samples after the first `initial`."""

    def __init__(
        self, world: World, agents: tuple[Agent, ...], samples: Samples, initial: int, terms: Terms, seed: int
    ) -> None:
        self.world = world
        self.people = [
            _Person(agent, np.random.default_rng([seed, number])) for number, agent in enumerate(agents)
        ]
        self._terms = terms
        self._initial = initial
        self._labels = samples.labels.tolist()
        ends, indices = samples.train.indptr.tolist(), samples.train.indices + 1
        self._xs = [encode_sparse(indices[a:b]) for a, b in itertools.pairwise(ends)]
        self._open: dict[int, Given] = {}

    def run(self, until: int, every: int, measure: Callable[[int], None]) -> None:
        """Let everybody act until a time; `measure` is called at every so many seconds before it."""
        wakes = [(self._next(number), number) for number in range(len(self.people))]
        heapq.heapify(wakes)
        mark = self.world.now
        while wakes[0][0] < until:
            moment, number = heapq.heappop(wakes)
            while mark <= moment:
                measure(mark)
                mark += every
            self.world.now = max(self.world.now, moment)
            self._claim(number)
            self._give(number)
            heapq.heappush(wakes, (self._next(number), number))
        while mark <= until:
            measure(mark)
            mark += every

    def _next(self, number: int) -> int:
        person = self.people[number]
        return self.world.now + max(1, round(person.draw(person.agent.wait) * 60))

    def _give(self, number: int) -> None:
        person, world = self.people[number], self.world
        ready = min(round(person.draw(person.agent.deposit) * COIN), world.balance(number))
        sample = self._initial + int(person.chance() * (len(self._xs) - self._initial))
        wrong = (person.chance() < person.agent.mistakes) == person.agent.good
        if world.price() > ready:
            person.refused += 1
            return
        label = self._labels[sample]
        given = world.add(number, self._xs[sample], 1 - label if wrong else label, ready)
        if given is None:
            person.refused += 1
            return
        person.given += 1
        self._open[given.number] = given
        for other in range(len(self.people)):
            what = "refund" if other == number else "report"
            heapq.heappush(self.people[other].claims, (given.due, given.number, what))

    def _claim(self, number: int) -> None:
        """Try what is due; what cannot be settled yet is looked at again later."""
        claims, world = self.people[number].claims, self.world
        while claims and claims[0][0] <= world.now:
            _, which, what = heapq.heappop(claims)
            given = self._open.get(which)
            if given is None:
                continue
            again = self._try(number, given, what)
            if again:
                heapq.heappush(claims, (again[0], which, again[1]))

    def _try(self, number: int, given: Given, what: str) -> tuple[int, str] | None:
        """When to look again, and for what; None where it is settled."""
        world = self.world
        agrees = world.classify(given.x) == given.label
        mine = given.agent == number
        if world.now >= given.due + self._terms.any_wait and (mine or not agrees):
            world.sweep(number, given)
        elif mine and agrees:
            world.refund(number, given)
        elif not mine and not agrees and what == "take":
            if not world.take(number, given):
                return world.now + AGAIN, what
            # Who took once has nothing more to take; what is left waits for whoever sweeps.
            if world.is_open(given):
                return given.due + self._terms.any_wait, "report"
        else:
            available = None if mine or agrees or not world.valid(number) else world.report(number, given)
            return (available, "take") if available else (world.now + AGAIN, what)
        del self._open[given.number]
        return None
