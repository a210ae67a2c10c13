"""Noise on gradients with an ε that holds: each record's gradient is clipped before the noise is added.

The paper adds Laplace noise to whole gradients, by an ε for each round; nothing bounds what one record
changes, so that this ε says nothing. Here a round is one step on all rows of a party, with Gaussian noise
of the least size that keeps ε over all rounds, and neighbours differ by one record.
"""

import itertools
from dataclasses import dataclass

from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.learning.privacy.accountant import noise_for
from orchestrator.learning.privacy.dpsgd import private_gradient
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.learningchain import PARTIES, RATE, ROUNDS, mean_error
from orchestrator.systems.federation.simulation.characters import Honest, View
from orchestrator.systems.federation.simulation.networks import Floats
from orchestrator.types import Report

BUDGETS = (0.1, 0.5, 1.0, 5.0, 10.0, 0.0)
"""ε over all rounds; 0 stands for no noise."""

NORM, SEEDS = 1.0, range(5)


@dataclass(frozen=True)
class Private(Honest):
    """One step a round on all rows, each record's gradient clipped to NORM, with noise."""

    multiplier: float = 0.0

    def update(self, view: View) -> Floats | None:
        gradients = view.network.record_gradients(view.weights, view.features, view.labels)
        noise = view.rng.standard_normal
        return -RATE * private_gradient(gradients, NORM, self.multiplier, len(gradients), noise)


@experiment(
    "Noise per record over 40 rounds: error by ε",
    "Chen et al., 2018 (LearningChain), with Abadi et al., 2016 in the place of its noise",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for budget in counted(BUDGETS, progress):
        multiplier = noise_for(budget, 1.0, ROUNDS) if budget else 0.0
        errors = {
            str(rule.value): mean_error(Settings(rule), [Private(multiplier=multiplier)] * PARTIES, SEEDS)
            for rule in (Rule.MEAN, Rule.MEDIAN)
        }
        rows.append({"epsilon": budget or "none", "noise": multiplier} | errors)
    rises = [
        after[rule] - before[rule]
        for rule in ("mean", "median")
        for before, after in itertools.pairwise(rows)
    ]
    checks = [
        Check.at_most("a larger ε, a smaller error (within .01)", rises, 0.01),
        Check.at_most("error of the mean at ε = 5", [rows[3]["mean"]], 0.05),
    ]
    return Outcome(rows, checks, Picture("epsilon", ("mean", "median"), "error on the test rows"))
