"""What federating is worth to parties who hide their records: DP-SGD, together and alone."""

from dataclasses import dataclass

from orchestrator.learning.privacy.accountant import Steps, epsilon
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import PARTIES, last, runs
from orchestrator.systems.federation.simulation.characters import Absent, Honest, View
from orchestrator.systems.federation.simulation.networks import (
    Floats,
    Network,
    PrivateTraining,
    train_privately,
)
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

NETWORK = Network(inputs=64, classes=10)
NOISE = (0.0, 0.6, 0.8, 1.0, 1.5, 3.0)
ROUNDS, STEPS, RATE, NORM, LEARNING, SEEDS = 10, 5, 0.2, 1.0, 1.0, range(3)


@dataclass(frozen=True)
class Private(Honest):
    """Takes STEPS steps a round on samples of its rows."""

    multiplier: float = 0.0

    def update(self, view: View) -> Floats | None:
        plan = PrivateTraining(STEPS, LEARNING, RATE, NORM, self.multiplier)
        rng, rows = view.rng, (view.features, view.labels)
        return (
            train_privately(view.network, view.weights, *rows, rng, plan, rng.standard_normal) - view.weights
        )


@experiment(
    "Records hidden by noise (δ = 1e-5): together and alone",
    "Abadi et al., 2016 (Deep learning with differential privacy)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    plan = Plan(NETWORK, rounds=ROUNDS)
    for noise in counted(NOISE, progress):
        party = Private(multiplier=noise)
        spent = epsilon([Steps(noise, RATE, ROUNDS * STEPS)])
        rows.append(
            {
                "epsilon": round(spent, 1) if noise else "none",
                "noise": noise,
                "together": last(runs(plan, [party] * PARTIES, SEEDS)),
                "alone": last(runs(plan, [party] + [Absent(chance=1.0)] * (PARTIES - 1), SEEDS)),
            }
        )
    gains = [row["together"] - row["alone"] for row in rows]
    checks = [
        Check("together is better than alone at every ε", min(gains) > 0.05, f"least gain {min(gains):.3f}"),
        Check(
            "the tighter ε, the more federating is worth",
            gains[-1] > gains[0] + 0.1,
            f"{gains[0]:.3f} without noise, {gains[-1]:.3f} at ε = {rows[-1]['epsilon']}",
        ),
    ]
    return Outcome(rows, checks, Picture("epsilon", ("together", "alone")))
