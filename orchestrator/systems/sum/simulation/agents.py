"""When agents act, and what they do: give samples, claim what is due."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from orchestrator.models.online.features import encode_sparse
from orchestrator.systems.sum.records import DAY, OpenRecord, Terms
from orchestrator.systems.sum.simulation.reviews import Samples
from orchestrator.systems.sum.simulation.scenario import COIN, Agent
from orchestrator.systems.sum.simulation.world import Learned, Sealed, World

MINUTE = 60
BUFFER = 4096
"""Random numbers that are drawn at once, because single ones are slow."""


@dataclass
class Tally:
    """Refunds of what had been disputed, and of copies of news; the reputation and points they earned."""

    rescued: int = 0
    rescued_earned: int = 0
    copied: int = 0
    copied_earned: int = 0


@dataclass
class _Person:
    agent: Agent
    rng: np.random.Generator
    claims: list[tuple[int, int]] = field(default_factory=list)  # when to look at which contribution
    given: int = 0
    refused: int = 0
    wakes: int = 0
    farmed: int = 0
    sealed: Sealed | None = None
    reported: set[int] = field(default_factory=set)
    copied: set[int] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
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
        self._unused = range(samples.dims - samples.unused, samples.dims)
        self._open: dict[int, Learned] = {}
        self._began = world.now

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
            self._act(number)
            heapq.heappush(wakes, (self._next(number), number))
        while mark <= until:
            measure(mark)
            mark += every

    def _next(self, number: int) -> int:
        person = self.people[number]
        return self.world.now + max(1, round(person.draw(person.agent.wait) * MINUTE))

    # -- giving ---------------------------------------------------------------------------------------------

    def _act(self, number: int) -> None:
        """Give what the strategy wants, if it is this agent's turn."""
        person = self.people[number]
        agent, day = person.agent, (self.world.now - self._began) / DAY
        turn, person.wakes = person.wakes, person.wakes + 1
        if person.sealed:
            self._reveal(number, person.sealed)
        if turn < agent.offset or (turn - agent.offset) % agent.pace or day > agent.until or person.sealed:
            return
        if agent.strategy == "farm" or (agent.strategy == "deny" and person.farmed < agent.farm):
            self._farm(number)
        elif agent.strategy == "deny":
            self._deny(number)
        elif agent.strategy == "whale":
            self._burst(number, day)
        elif agent.strategy in ("sample", "flip", "thief"):
            ready = min(round(person.draw(agent.deposit) * COIN), self.world.balance(number))
            x, label = self._chosen(number, day)
            if self.world.price() > ready:
                person.refused += 1
            else:
                self._give(number, x, label, ready)

    def _chosen(self, number: int, day: float) -> tuple[bytes, int]:
        """What to give: a target of the strategy, else a drawn sample with the label that the agent gives."""
        person = self.people[number]
        agent = person.agent
        sample = self._initial + int(person.chance() * (len(self._xs) - self._initial))
        good = agent.good or day < agent.turns
        wrong = (person.chance() < agent.mistakes) == good
        target = self._target(number) if agent.strategy in ("flip", "thief") else None
        if target is not None:
            return target
        x, label = self._xs[sample], self._labels[sample]
        return x, 1 - label if wrong else label

    def _target(self, number: int) -> tuple[bytes, int] | None:
        """The sample whose verdict is worth most to move: what is due soonest."""
        team, steals = self.people[number].agent.team, self.people[number].agent.strategy == "thief"
        near = [
            each
            for each in self._open.values()
            if (self.people[each.agent].agent.team == team) != steals
            and each.due <= self.world.now + 2 * self._terms.take_gap
            and (self.world.classify(each.x) == each.label) == steals
        ]
        if not near:
            return None
        chosen = min(near, key=lambda each: (each.due, each.number))
        return chosen.x, 1 - chosen.label if steals else chosen.label

    def _farm(self, number: int) -> None:
        person = self.people[number]
        if person.farmed >= person.agent.farm:
            return
        x = encode_sparse([self._unused[person.farmed % len(self._unused)]])
        person.farmed += 1
        self._give(number, x, 1 - self.world.classify(x), self.world.balance(number))

    def _deny(self, number: int) -> None:
        """Dispute what is due next by a flip that lasts as few blocks as it takes; then flip it back."""
        person, world = self.people[number], self.world
        near = [
            each
            for each in self._open.values()
            if self.people[each.agent].agent.team != person.agent.team
            and world.now + MINUTE >= each.due - self._terms.take_gap
            and (record := world.record(each)) is not None
            and not record.looked_at
            and world.classify(each.x) == each.label
        ]
        if not near or not world.valid(number):
            return
        target = min(near, key=lambda each: (each.due, each.number))
        self._push(number, target.x, 1 - target.label)
        self._try(number, target)
        self._push(number, target.x, target.label)

    def _push(self, number: int, x: bytes, label: int) -> None:
        """Give a sample, a minute apart, until the model says its label."""
        for _ in range(self.people[number].agent.burst):
            if self.world.classify(x) == label:
                break
            self._given(number, self.world.add(number, x, label, self.world.balance(number)))
            self.world.now += MINUTE

    def _burst(self, number: int, day: float) -> None:
        person = self.people[number]
        if person.farmed or day < person.agent.turns:
            return
        for _ in range(person.agent.burst):
            person.farmed += 1
            self.world.now += MINUTE
            x, label = self._chosen(number, day)
            self._give(number, x, label, self.world.balance(number))

    def _give(self, number: int, x: bytes, label: int, ready: int) -> None:
        if not self.people[number].agent.sealed:
            self._given(number, self.world.add(number, x, label, ready))
            return
        sealed = self.world.seal(number, x, label, ready)
        if sealed is None:
            self.people[number].refused += 1
        else:
            self._reveal(number, sealed)

    def _reveal(self, number: int, sealed: Sealed) -> None:
        """Open a commitment, in sight of those who copy; if that makes it too dear, later."""
        for other, person in enumerate(self.people):
            if person.agent.strategy == "copy" and not self.people[number].sealed:
                ready = self.world.balance(other)
                copy = self.world.add(other, sealed.x, sealed.label, ready)
                if copy and copy.news:
                    person.copied.add(copy.number)
                self._given(other, copy)
        person = self.people[number]
        dear = sealed.deposit + self.world.balance(number) if person.agent.strategy != "sample" else 0
        given = self.world.reveal(sealed, max(sealed.deposit, dear))
        person.sealed = None if given else sealed
        if given:
            self._given(number, given)

    def _given(self, number: int, given: Learned | None) -> None:
        if given is None:
            self.people[number].refused += 1
            return
        self.people[number].given += 1
        self._open[given.number] = given
        for other in range(len(self.people)):
            first = given.due if other == number else given.due - self._terms.take_gap
            heapq.heappush(self.people[other].claims, (first, given.number))

    # -- claiming -------------------------------------------------------------------------------------------

    def _claim(self, number: int) -> None:
        """Try what is due; what cannot be settled yet is looked at again later."""
        person, world = self.people[number], self.world
        while person.claims and person.claims[0][0] <= world.now:
            _, which = heapq.heappop(person.claims)
            given = self._open.get(which)
            if given is None:
                continue
            self._try(number, given)
            if world.record(given) is None:
                del self._open[which]
            else:
                heapq.heappush(person.claims, (world.now + round(person.agent.look * MINUTE), which))

    def _try(self, number: int, given: Learned) -> None:
        """Do what a keeper does: refund, report, take or sweep, as the record and the model allow."""
        world, record = self.world, self.world.record(given)
        if record is None:
            return
        agrees, held = world.classify(given.x) == given.label, record.looked_at + self._terms.take_gap
        if given.agent == number:
            settles = world.now >= given.due and (not record.looked_at or world.now >= held)
            if agrees and (record.against or settles):
                self._refund(number, given, record)
        elif not agrees:
            self._oppose(number, given, record, held)

    def _refund(self, number: int, given: Learned, record: OpenRecord) -> None:
        world, person = self.world, self.people[number]
        before = world.valid(number) + world.points(number)
        world.refund(number, given)
        if world.record(given) is not None:
            return
        earned = world.valid(number) + world.points(number) - before
        if record.looked_at:
            person.tally.rescued += 1
            person.tally.rescued_earned += earned
        if given.number in person.copied:
            person.tally.copied += 1
            person.tally.copied_earned += earned

    def _oppose(self, number: int, given: Learned, record: OpenRecord, held: int) -> None:
        """Report, take, or long after sweep what the model is against."""
        world, reported = self.world, self.people[number].reported
        if given.number not in reported or not record.against:
            if world.valid(number) and world.report(number, given):
                reported.add(given.number)
        elif world.now >= max(given.due, held) and world.take(number, given):
            return
        if record.against and world.now < held:
            return
        if world.now >= given.due + self._terms.any_wait:
            world.sweep(number, given)
