"""Votes of all others against parties who train on wrong labels, and vote for each other."""

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, away, last, runs, with_bad
from orchestrator.systems.federation.simulation.characters import Flipper
from orchestrator.systems.federation.simulation.playing import Plan, Policy
from orchestrator.types import Report

FLIPPERS = (0, 2, 3, 4, 5, 6)
SEEDS, ROUNDS = range(6), 12
"""After some ten rounds, the models of honest parties alone get no better."""

TOLERANCE = 0.1
"""How much accuracy an update may cost a voter: one honest party's alone often costs 5 %."""


@experiment(
    "Label flippers of ten parties who vote for each other",
    "Zhu et al., 2019 (blockchain-based privacy-preserving federated learning)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for bad in counted(FLIPPERS, progress):
        cast = with_bad(Flipper(), bad)
        voted = runs(Plan(NETWORK, rounds=ROUNDS, policy=Policy.MAJORITY, tolerance=TOLERANCE), cast, SEEDS)
        alone = runs(Plan(NETWORK, rounds=ROUNDS), away(bad, cast), SEEDS)
        mean = runs(Plan(NETWORK, rounds=ROUNDS), cast, SEEDS)
        rows.append(
            {"flippers": bad, "voted": last(voted), "plain_mean": last(mean), "honest_alone": last(alone)}
        )
    reached = {row["flippers"]: row["voted"] for row in rows}
    behind = [row["honest_alone"] - row["voted"] for row in rows[:4]]
    checks = [
        Check.at_least("accuracy with up to 4 of 10", [reached[bad] for bad in (0, 2, 3, 4)], 0.95),
        Check.at_most("what is lost against honest parties alone, with up to 4", behind, 0.01),
        Check.at_most("more than half of them own the model", [reached[6]], 0.2),
        Check.at_most("so do half, where an update needs more than half of all votes", [reached[5]], 0.2),
    ]
    return Outcome(
        rows,
        checks,
        Picture("flippers", ("voted", "plain_mean", "honest_alone")),
        {},
    )
