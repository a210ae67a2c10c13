"""Rules against attacks, on biopsies: each party sends one gradient a round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import last, runs
from orchestrator.systems.federation.simulation.characters import Honest, View
from orchestrator.systems.federation.simulation.datasets import cancer
from orchestrator.systems.federation.simulation.networks import Floats, Network
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

NETWORK = Network(inputs=30, classes=2)
PARTIES, ROUNDS, RATE, SEEDS = 10, 40, 0.5, range(3)
KEPT = 7
ATTACKS = (("none", 0), ("large", 1), ("large", 3), ("flipped x5", 2), ("Gaussian", 4), ("zero", 3))


@dataclass(frozen=True)
class Descending(Honest):
    """Sends one step down the gradient of all its rows."""

    def update(self, view: View) -> Floats | None:
        return -RATE * view.network.gradient(view.weights, view.features, view.labels)


@dataclass(frozen=True)
class Attacking(Descending):
    team: str = "attackers"
    attack: str = "large"

    def update(self, view: View) -> Floats | None:
        size = len(view.weights)
        if self.attack == "large":
            return np.asarray(view.rng.normal(size=size) * 50)
        if self.attack == "Gaussian":
            return view.rng.normal(0, 0.5, size)
        step = -RATE * view.network.gradient(view.weights, view.features, view.labels)
        return -5 * step if self.attack == "flipped x5" else np.zeros(size)


def settings(bad: int) -> dict[str, Settings]:
    """Each rule, told how many may be bad where it asks for that."""
    faulty = max(bad, 1)
    return {
        "mean": Settings(Rule.MEAN),
        "nearest_literal": Settings(Rule.NEAREST_LITERAL, keep=KEPT),
        "nearest_unit": Settings(Rule.NEAREST_UNIT, keep=KEPT),
        "nearest_clipped": Settings(Rule.NEAREST_CLIPPED, keep=KEPT),
        "clipped_mean": Settings(Rule.CLIPPED_MEAN),
        "median": Settings(Rule.MEDIAN),
        "trimmed_mean": Settings(Rule.TRIMMED_MEAN, trim=3),
        "krum": Settings(Rule.MULTI_KRUM, keep=1, faulty=faulty),
        "multi_krum": Settings(Rule.MULTI_KRUM, keep=PARTIES - faulty - 2, faulty=faulty),
    }


@experiment(
    "Errors of rules under attack, on biopsies",
    "Chen et al., 2018 (When machine learning meets blockchain: LearningChain)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for attack, bad in counted(ATTACKS, progress):
        cast = [Attacking(attack=attack)] * bad + [Descending()] * (PARTIES - bad)
        name = f"{bad} {attack}" if bad else "none"
        rows.append(
            {"attack": name} | {rule: mean_error(each, cast, SEEDS) for rule, each in settings(bad).items()}
        )
    large = rows[1:3]
    worse = min(row["nearest_literal"] - row["mean"] for row in large)
    checks = [
        Check(
            "nearest, taken literally, is worse than the mean under long updates",
            worse > 0,
            f"by {worse:.3f}",
        ),
        Check.at_most(
            "error of the clipped mean under every attack", [row["clipped_mean"] for row in rows], 0.05
        ),
        Check.at_most("error of the median under every attack", [row["median"] for row in rows], 0.05),
    ]
    lines = tuple(settings(0))
    return Outcome(rows, checks, Picture("attack", lines, "error on the test rows", bars=True))


def mean_error(rule: Settings, cast: Sequence[Honest], seeds: range) -> float:
    """The share of test rows that the model gets wrong, mean of seeds, to four digits."""
    return round(1 - last(runs(Plan(NETWORK, rounds=ROUNDS, settings=rule), cast, seeds, load=cancer)), 4)
