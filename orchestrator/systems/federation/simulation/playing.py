"""Rounds of a federation, without a chain: floats train, whole numbers are sent, judged and joined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from orchestrator.learning.aggregation import Aggregate, Settings, aggregate, apply, quantize
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation.simulation import judging
from orchestrator.systems.federation.simulation.characters import Character, View
from orchestrator.systems.federation.simulation.datasets import Data, Rows
from orchestrator.systems.federation.simulation.networks import Floats, Network, Training


class Policy(StrEnum):
    ALL = "all"
    COMMITTEE = "committee"
    MAJORITY = "majority"


@dataclass(frozen=True)
class Plan:
    """How a federation is run.

    `clip` is the length to which parties shorten their updates, `noise` the deviation of what each adds to
    a coordinate afterwards, in such lengths; `width` the bytes of a coordinate on its way; `tolerance` how
    much accuracy an update may cost and still be voted in; with `weighted`, those with more rows weigh
    more.
    """

    network: Network
    training: Training = field(default_factory=Training)
    rounds: int = 8
    settings: Settings = field(default_factory=Settings)
    policy: Policy = Policy.ALL
    committee: int = 5
    clip: float = 0.0
    noise: float = 0.0
    width: int = 4
    tolerance: float = 0.05
    weighted: bool = False


@dataclass
class Tally:
    """What became of a party: in how many rounds it sent something, was in, led, and what merit it earned."""

    sent: int = 0
    accepted: int = 0
    led: int = 0
    merit: float = 0.0


@dataclass
class Played:
    """`accuracy` on the test rows at first and after each round; `model` in units; a tally a party."""

    start: Integers
    model: Integers
    accuracy: list[float] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    bytes_sent: int = 0


@dataclass(frozen=True)
class Joined:
    """A round: the `seats` in, their `updates` (a row each), what they gave, a committee's `medians`."""

    seats: list[int]
    updates: Integers
    result: Aggregate
    medians: list[int]


def play(
    plan: Plan,
    data: Data,
    parts: Sequence[Rows],
    cast: Sequence[Character],
    seed: int,
    watch: Callable[[Joined], None] = lambda joined: None,
    start: Integers | None = None,
) -> Played:
    """Run a federation of the parties `cast`, who have the rows `parts`; `watch` sees each round.

    It begins with the model `start` (parameters,), in units, or one drawn at random. Raises DataError.
    """
    return _Play(plan, data, parts, cast, np.random.default_rng(seed), watch, start).run()


class _Play:
    def __init__(
        self,
        plan: Plan,
        data: Data,
        parts: Sequence[Rows],
        cast: Sequence[Character],
        rng: np.random.Generator,
        watch: Callable[[Joined], None],
        start: Integers | None = None,
    ) -> None:
        self.plan, self.data, self.parts, self.cast, self.rng = plan, data, parts, cast, rng
        self.watch = watch
        self.middles: dict[int, int] = {}
        self.labels = [
            character.labels(data.labels[rows], plan.network.classes)
            for character, rows in zip(cast, parts, strict=True)
        ]
        if start is None:
            start = np.rint(plan.network.initial(rng) * UNIT).astype(np.int64)
        self.before = start
        self.done = Played(start, start, tallies=[Tally() for _ in cast])

    def run(self) -> Played:
        self._measure()
        for _ in range(self.plan.rounds):
            self._round()
            self._measure()
        return self.done

    def _measure(self) -> None:
        accuracy = self.plan.network.accuracy(
            self.done.model / UNIT, self.data.test_features, self.data.test_labels
        )
        self.done.accuracy.append(accuracy)

    def _round(self) -> None:
        sent = {seat: sent for seat in range(len(self.cast)) if (sent := self._send(seat)) is not None}
        for seat in sent:
            self.done.tallies[seat].sent += 1
        seats = self._judge(sent) if sent else []
        before, self.before = self.before, self.done.model
        if not seats:
            self.before = before
            return
        updates = np.stack([sent[seat] for seat in seats])
        weights = [len(self.parts[seat]) if self.plan.weighted else 1 for seat in seats]
        joined = aggregate(self.plan.settings, updates, weights)
        self.done.model = apply(self.done.model, joined.delta)
        self.watch(Joined(seats, updates, joined, [self.middles[seat] for seat in seats if self.middles]))
        for place, merit in enumerate(joined.merits(updates)):
            self.done.tallies[seats[place]].merit += merit
            self.done.tallies[seats[place]].accepted += place in joined.selected

    def _send(self, seat: int) -> Integers | None:
        """A party's update in units, as it arrives."""
        plan = self.plan
        view = View(
            plan.network,
            plan.training,
            self.data.features[self.parts[seat]],
            self.labels[seat],
            self.done.model / UNIT,
            self.before / UNIT,
            self.rng,
        )
        update = self.cast[seat].update(view)
        if update is None:
            return None
        if self.cast[seat].team == "" and plan.clip:  # who cheats does not clip
            update = self._private(update)
        sent = quantize(np.rint(update * UNIT).astype(np.int64), plan.width)
        self.done.bytes_sent += len(sent.data) + 1
        return sent.values

    def _private(self, update: Floats) -> Floats:
        clip = self.plan.clip
        update = update * min(1.0, clip / max(float(np.linalg.norm(update)), 1e-12))
        if self.plan.noise:
            update = update + self.rng.normal(0, self.plan.noise * clip, len(update))
        return update

    def _judge(self, sent: dict[int, Integers]) -> list[int]:
        """The seats that are in."""
        seats = list(sent)
        if self.plan.policy is Policy.ALL:
            return seats
        models = [(self.done.model + sent[seat]) / UNIT for seat in seats]
        if self.plan.policy is Policy.COMMITTEE:
            size = min(self.plan.committee, len(self.cast))
            scorers = self.rng.choice(len(self.cast), size, replace=False).tolist()
            own = [seats.index(scorer) if scorer in seats else None for scorer in scorers]
            middles = judging.medians([self._scores(scorer, models, seats) for scorer in scorers], own)
            self.done.tallies[seats[judging.leader(middles)]].led += 1
            self.middles = dict(zip(seats, middles, strict=True))
            return [seats[place] for place in judging.accepted(middles)]
        votes = [self._votes(voter, models, seats) for voter in range(len(self.cast))]
        return [seats[place] for place in judging.majority(votes, len(self.cast))]

    def _friends(self, judge: int, seats: Sequence[int]) -> list[bool]:
        team = self.cast[judge].team
        return [bool(team) and self.cast[seat].team == team for seat in seats]

    def _scores(self, scorer: int, models: Sequence[Floats], seats: Sequence[int]) -> list[int]:
        features, labels = self.data.features[self.parts[scorer]], self.labels[scorer]
        measured = [
            judging.score(self.plan.network.absolute_error(model, features, labels)) for model in models
        ]
        return self.cast[scorer].scores(measured, self._friends(scorer, seats))

    def _votes(self, voter: int, models: Sequence[Floats], seats: Sequence[int]) -> list[bool]:
        features, labels = self.data.features[self.parts[voter]], self.labels[voter]
        network = self.plan.network
        least = network.accuracy(self.done.model / UNIT, features, labels) - self.plan.tolerance
        found = [network.accuracy(model, features, labels) >= least for model in models]
        return self.cast[voter].votes(found, self._friends(voter, seats))
