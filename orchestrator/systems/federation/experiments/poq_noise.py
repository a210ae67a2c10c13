"""What it costs to hide a party's whole update by noise, and what that noise is worth."""

import itertools

from orchestrator.learning.privacy.accountant import Steps, epsilon
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, last, runs
from orchestrator.systems.federation.simulation.characters import Honest
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

NOISE = (0.0, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0)
SEEDS, ROUNDS, CLIP = range(3), 8, 4.0


@experiment(
    "Noise on whole updates: accuracy, and the ε of a party",
    "Lu et al., 2020 (Blockchain and federated learning for privacy-preserved data sharing)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for noise in counted(NOISE, progress):
        plan = Plan(NETWORK, rounds=ROUNDS, clip=CLIP, noise=noise)
        accuracy = last(runs(plan, [Honest()] * PARTIES, SEEDS))
        spent = epsilon([Steps(noise, 1.0, ROUNDS)])
        rows.append({"noise": noise, "accuracy": accuracy, "epsilon": round(spent, 1) if noise else None})
    reached = {row["noise"]: row["accuracy"] for row in rows}
    falls = [after - before for before, after in itertools.pairwise(reached.values())]
    checks = [
        Check("more noise, less accuracy (within .01)", max(falls) <= 0.01, f"largest rise {max(falls):.4f}"),
        Check.at_least("little noise costs little", [reached[0.01]], 0.95),
        Check.at_most("noise with a one-digit ε would ruin the model", [reached[0.5]], 0.5),
    ]
    return Outcome(rows, checks, Picture("noise", ("accuracy",)))
