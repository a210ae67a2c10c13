"""A whole scenario, and the same one with its honest parties only, to compare with."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from orchestrator.systems.federation.simulation.characters import Absent, Character, Honest
from orchestrator.systems.federation.simulation.datasets import cancer, digits, shared
from orchestrator.systems.federation.simulation.networks import Network
from orchestrator.systems.federation.simulation.playing import Plan, Played, play
from orchestrator.systems.federation.simulation.scenario import Scenario


@dataclass(frozen=True)
class Result:
    """`honest` is the run in which only the honest parties of the scenario send anything."""

    scenario: Scenario
    played: Played
    honest: Played

    @property
    def parties(self) -> list[dict[str, Any]]:
        """A row a party; `merit` is its share of all merit, by which Alignment pays."""
        total = sum(tally.merit for tally in self.played.tallies) or 1
        return [
            {"party": seat, "character": name} | asdict(tally) | {"merit": round(tally.merit / total, 4)}
            for seat, ((name, _), tally) in enumerate(
                zip(self.scenario.cast, self.played.tallies, strict=True)
            )
        ]

    @property
    def rounds(self) -> list[dict[str, Any]]:
        pairs = zip(self.played.accuracy, self.honest.accuracy, strict=True)
        return [
            {"round": number, "accuracy": round(with_all, 4), "honest_alone": round(alone, 4)}
            for number, (with_all, alone) in enumerate(pairs)
        ]


def simulate(scenario: Scenario) -> Result:
    """Play a scenario on data that ship with scikit-learn. Raises SpecError, DataError."""
    cast = [character for _, character in scenario.cast]
    honest: list[Character] = [
        character if name == "honest" else Absent(chance=1.0) for name, character in scenario.cast
    ]
    if not any(type(character) is Honest for character in honest):
        honest = cast
    return Result(scenario, _play(scenario, cast), _play(scenario, honest))


def _play(scenario: Scenario, cast: list[Character]) -> Played:
    data = digits(scenario.seed) if scenario.data == "digits" else cancer(scenario.seed)
    rng, count = np.random.default_rng(scenario.seed), len(cast)
    parts = shared(data.labels, count, rng, scenario.skew)
    network = Network(data.features.shape[1], len(np.unique(data.labels)), scenario.hidden)
    plan = Plan(
        network,
        scenario.training,
        scenario.rounds,
        scenario.rule.settings,
        scenario.policy,
        min(scenario.committee, count),
        scenario.clip,
        width=scenario.bytes,
        tolerance=scenario.tolerance,
    )
    return play(plan, data, parts, cast, scenario.seed)
