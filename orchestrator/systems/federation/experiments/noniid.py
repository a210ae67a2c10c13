"""Parties that see other classes than each other: what robust rules throw away."""

from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, last, runs
from orchestrator.systems.federation.simulation.characters import Honest
from orchestrator.systems.federation.simulation.networks import Training
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

ALPHAS = (0.0, 1.0, 0.3, 0.1)
SEEDS, ROUNDS = range(3), 12
TRAINING = Training(epochs=4, rate=0.2)
PROXIMAL = Training(epochs=4, rate=0.2, proximal=0.1)
RULES = {
    "mean": Settings(Rule.MEAN),
    "clipped_mean": Settings(Rule.CLIPPED_MEAN),
    "median": Settings(Rule.MEDIAN),
    "trimmed_mean": Settings(Rule.TRIMMED_MEAN, trim=2),
    "multi_krum": Settings(Rule.MULTI_KRUM, keep=6, faulty=2),
}


@experiment(
    "Classes shared by Dirichlet(α): which rules still learn",
    "Hsu, Qi and Brown, 2019; Li et al., 2020 (FedProx)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    cast = [Honest()] * PARTIES
    for alpha in counted(ALPHAS, progress):
        row: Row = {"alpha": alpha or "even"}
        for name, rule in RULES.items():
            plan = Plan(NETWORK, TRAINING, ROUNDS, rule, weighted=True)
            row[name] = last(runs(plan, cast, SEEDS, alpha))
        row["fedprox"] = last(runs(Plan(NETWORK, PROXIMAL, ROUNDS, weighted=True), cast, SEEDS, alpha))
        rows.append(row)
    even, skewed = rows[0], rows[-1]
    robust = [skewed["median"], skewed["multi_krum"]]
    lines = (*RULES, "fedprox")
    checks = [
        Check.at_least("all rules learn where rows are shared evenly", [even[name] for name in lines], 0.93),
        Check.at_least("the mean holds at α = .1", [skewed["mean"]], 0.9),
        Check.at_most("median and multi-Krum lose honest minorities at α = .1", robust, 0.8),
        Check(
            "the clipped mean stays within .06 of the mean",
            skewed["mean"] - skewed["clipped_mean"] <= 0.06,
            f"{skewed['mean']:.3f} and {skewed['clipped_mean']:.3f}",
        ),
    ]
    return Outcome(rows, checks, Picture("alpha", lines))
