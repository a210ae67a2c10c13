"""A whole simulation: with all agents, and without the bad ones to compare with."""

import hashlib
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.errors import VerificationFailed
from orchestrator.models.online.conversion import FASTEST, LIMIT, TOP, certain_bits, log_bits
from orchestrator.models.online.references import NaiveBayes, OnChainModel, SparseLogistic, SparsePerceptron
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.simulation.agents import Crowd, Tally
from orchestrator.systems.sum.simulation.reviews import Samples, load_samples
from orchestrator.systems.sum.simulation.scenario import COIN, Agent, ModelSection, Scenario
from orchestrator.systems.sum.simulation.world import ReferenceWorld, World
from orchestrator.types import Report

STARTED = 1_700_000_000
"""When a simulation begins, as Unix time."""


@dataclass(frozen=True)
class Track:
    """One run: accuracy and balances (coins) at `times` (seconds from the start), and how it ended.

    `given` and `refused` count each agent's contributions and those that were too dear for it; `words` are
    the model's in the end, `units` the balances'.
    """

    times: tuple[int, ...]
    accuracy: tuple[float, ...]
    balances: dict[str, tuple[float, ...]]
    given: dict[str, int]
    refused: dict[str, int]
    words: tuple[int, ...]
    units: dict[str, int]
    reputation: dict[str, int]
    points: dict[str, int]
    tallies: dict[str, Tally]
    seconds: float

    @property
    def contributions(self) -> int:
        return sum(self.given.values())


@dataclass(frozen=True)
class Result:
    """A scenario's run, and the run without its bad agents (None if it has none)."""

    scenario: Scenario
    on_chain: bool
    track: Track
    without: Track | None

    def summary(self) -> dict[str, Any]:
        """What happened, in a few numbers; an agent's `share` is what it has of what it began with."""
        track, without = self.track, self.without
        words = hashlib.sha256(b"".join(word.to_bytes(32, "big") for word in track.words)).hexdigest()
        facts: dict[str, Any] = {
            "scenario": self.scenario.title,
            "duration": round(self.scenario.days * DAY),
            "contributions": track.contributions,
            "per_minute": round(60 * track.contributions / track.seconds) if track.seconds else None,
            "accuracy_at_first": round(track.accuracy[0], 4),
            "accuracy_in_the_end": round(track.accuracy[-1], 4),
            "lowest_accuracy": round(min(track.accuracy), 4),
        }
        if self.on_chain:
            facts["contracts_and_references_agree"] = True  # in every weight and unit, else it has ended
        if without:
            facts["accuracy_without_the_bad"] = round(without.accuracy[-1], 4)
            facts["largest_gap"] = round(_gap(track, without), 4)
        agents = {
            agent.name: {
                "share": round(track.balances[agent.name][-1] / agent.start, 4),
                "given": track.given[agent.name],
            }
            for agent in self.scenario.agent
        }
        return facts | {"agents": agents, "model_sha256": words}

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines; words as hexadecimal."""
        shown = {
            name: vars(track)
            | {
                "words": [f"{word:064x}" for word in track.words],
                "tallies": {name: vars(each) for name, each in track.tallies.items()},
            }
            for name, track in (("track", self.track), ("without", self.without))
            if track
        }
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "on_chain": self.on_chain,
            "summary": self.summary(),
            **shown,
        }


def simulate(
    scenario: Scenario,
    *,
    data: Path | None = None,
    on_chain: bool = False,
    progress: Report | None = None,
) -> Result:
    """Run a scenario, on references or through the contracts. Raises DataError where its data is missing.

    Through the contracts it is run on references as well; raises VerificationFailed where a weight or a unit
    of money differs in the end, or any measurement on the way. Without the bad agents it runs on references
    only.
    """
    samples = load_samples(scenario.data, data, scenario.seed)
    track = run(scenario, samples, scenario.agent, on_chain=on_chain, progress=progress)
    if on_chain:
        _compare(track, run(scenario, samples, scenario.agent))
    good = tuple(agent for agent in scenario.agent if agent.good)
    alone = bool(good) and len(good) < len(scenario.agent)
    return Result(scenario, on_chain, track, run(scenario, samples, good) if alone else None)


@dataclass(frozen=True)
class Gains:
    """What a team gained (units; below zero: lost) in each of several runs, and the reputation it earned.

    `points` are those of a game, `tallies` what became of disputed contributions and copies.
    """

    team: str
    units: tuple[int, ...]
    reputation: tuple[int, ...]
    points: tuple[int, ...]
    tallies: tuple[Tally, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "team": self.team,
            "mean": round(float(np.mean(self.units))),
            "lowest": min(self.units),
            "highest": max(self.units),
            "reputation": round(float(np.mean(self.reputation)), 1),
            "runs": len(self.units),
        }


def simulate_seeds(
    scenario: Scenario,
    seeds: int,
    *,
    data: Path | None = None,
    on_chain: bool = False,
    progress: Report | None = None,
) -> list[Gains]:
    """Run a scenario with several seeds, and sum up what each team gained. Raises as `simulate` does."""
    found: dict[str, list[_Total]] = {}
    for number in range(seeds):
        each = scenario.model_copy(update={"seed": scenario.seed + number})
        samples = load_samples(each.data, data, each.seed)
        track = run(each, samples, each.agent, on_chain=on_chain)
        if on_chain:
            _compare(track, run(each, samples, each.agent))
        totals: dict[str, _Total] = defaultdict(_Total)
        for agent in each.agent:
            totals[agent.team or agent.name].add(track, agent)
        for team, total in totals.items():
            found.setdefault(team, []).append(total)
        if progress:
            progress(number + 1, seeds)
    return [
        Gains(
            team,
            tuple(each.units for each in runs),
            tuple(each.reputation for each in runs),
            tuple(each.points for each in runs),
            tuple(each.tally for each in runs),
        )
        for team, runs in found.items()
    ]


@dataclass
class _Total:
    """A team's in one run."""

    units: int = 0
    reputation: int = 0
    points: int = 0
    tally: Tally = field(default_factory=Tally)

    def add(self, track: Track, agent: Agent) -> None:
        name = agent.name
        self.units += track.units[name] - round(agent.start * COIN)
        self.reputation += track.reputation[name]
        self.points += track.points[name]
        both = zip(vars(self.tally).items(), vars(track.tallies[name]).values(), strict=True)
        self.tally = Tally(**{part: mine + more for (part, mine), more in both})


def run(
    scenario: Scenario,
    samples: Samples,
    agents: tuple[Agent, ...],
    *,
    on_chain: bool = False,
    progress: Report | None = None,
) -> Track:
    """One run of these agents."""
    began = time.perf_counter()
    model = first_model(scenario.model, samples, scenario.data.initial, scenario.seed)
    terms, starts = scenario.contract_terms, [round(agent.start * COIN) for agent in agents]
    probe = type(model)(**model.get_params())
    world = _world(model, scenario, starts, on_chain)
    crowd = Crowd(world, agents, samples, scenario.data.initial, terms, scenario.seed)
    start, length = world.now, round(scenario.days * DAY)
    times: list[int] = []
    accuracy: list[float] = []
    balances: list[list[int]] = []

    def measure(moment: int) -> None:
        words = b"".join(word.to_bytes(32, "big") for word in world.words())
        predicted = probe.restore(words).predict(samples.test)
        accuracy.append(float(np.mean(predicted == samples.test_labels)))
        balances.append([world.balance(agent) for agent in range(len(agents))])
        times.append(moment - start)
        if progress:
            progress((moment - start) // DAY, length // DAY)

    try:
        crowd.run(start + length, round(scenario.measure * DAY), measure)
        words = tuple(world.words())
        units = {agent.name: world.balance(number) for number, agent in enumerate(agents)}
        reputation = {agent.name: world.valid(number) for number, agent in enumerate(agents)}
        points = {agent.name: world.points(number) for number, agent in enumerate(agents)}
    finally:
        world.close()
    return Track(
        times=tuple(times),
        accuracy=tuple(accuracy),
        balances={
            agent.name: tuple(row[number] / COIN for row in balances) for number, agent in enumerate(agents)
        },
        given={person.agent.name: person.given for person in crowd.people},
        refused={person.agent.name: person.refused for person in crowd.people},
        words=words,
        units=units,
        reputation=reputation,
        points=points,
        tallies={person.agent.name: person.tally for person in crowd.people},
        seconds=time.perf_counter() - began,
    )


def first_model(section: ModelSection, samples: Samples, initial: int, seed: int) -> OnChainModel:
    """A model trained off-chain on the first samples, as integers."""
    from sklearn.linear_model import SGDClassifier

    rows, labels = samples.train[:initial], samples.labels[:initial]
    limit = min(max(LIMIT, int(np.diff(samples.train.indptr).max())), samples.dims - 1)
    if section.kind == "bayes":
        return NaiveBayes(samples.dims, limit=limit).fit(rows, labels)
    loss = "log_loss" if section.kind == "logistic" else "hinge"
    trained = SGDClassifier(loss=loss, average=True, alpha=0.001, random_state=seed).fit(rows, labels)
    weights = np.hstack([trained.intercept_.reshape(-1, 1), trained.coef_])
    size = float(np.abs(trained.coef_).mean())
    if section.kind == "logistic":
        bits = log_bits(weights)
        rate = min(max(round(section.rate * size * 2**bits), 1), FASTEST)
        return SparseLogistic(samples.dims, rate=rate, bits=bits, limit=limit).with_weights(weights * 2**bits)
    scale = TOP / float(np.abs(weights).max())
    rate = min(max(round(section.rate * size * scale), 1), FASTEST)
    sure = certain_bits(trained.decision_function(rows) * scale)
    return SparsePerceptron(samples.dims, rate=rate, bits=sure, limit=limit).with_weights(weights * scale)


def write(result: Result, folder: Path) -> list[Path]:
    """Write the picture and the JSON of a result; returns their paths."""
    from orchestrator.systems.sum.plots import draw_simulation

    folder.mkdir(parents=True, exist_ok=True)
    name = "simulation-on-chain" if result.on_chain else "simulation"
    picture, content = folder / f"{name}.png", folder / f"{name}.json"
    track, without = result.track, result.without
    lines = {"with all agents": track.accuracy} | ({"without the bad": without.accuracy} if without else {})
    starts = {agent.name: agent.start for agent in result.scenario.agent}
    balances = {
        name: [100 * value / starts[name] for value in values] for name, values in track.balances.items()
    }
    draw_simulation(result.scenario.title, track.times, lines, balances, picture)
    content.write_text(json.dumps(result.to_json(), indent=1) + "\n", encoding="utf-8")
    return [picture, content]


def _compare(chain: Track, references: Track) -> None:
    names = ("words", "units", "reputation", "points", "tallies", "given", "refused")
    for name in (*names, "times", "accuracy", "balances"):
        if getattr(chain, name) != getattr(references, name):
            raise VerificationFailed(
                f"the contracts end with other {name} than the references",
                "Run `diln compile`, if the contracts were changed; else this is a defect of DILN.",
            )


def _world(model: OnChainModel, scenario: Scenario, starts: list[int], on_chain: bool) -> World:
    if not on_chain:
        return ReferenceWorld(model, scenario.contract_terms, starts, STARTED, scenario.model.game)
    from orchestrator.systems.sum.simulation.chainworld import ChainWorld

    return ChainWorld(model, scenario.contract_terms, starts, STARTED, scenario.model.game)


def _gap(track: Track, without: Track) -> float:
    """How far the accuracy fell below that without the bad agents, at most."""
    return max(b - a for a, b in zip(track.accuracy, without.accuracy, strict=False))
