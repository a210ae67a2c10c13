"""Who leads a round: by a paper's own formula, or by medians; and what a party that lies gets out of it.

Lu et al. have each member j of the committee report γ · MAE(m_j) + the mean of all MAE(m_i), both measured on
its own rows, and the least leads. Party 0 here has rows with wrong labels; it either says what it measures,
or that all errors are zero. By medians, nobody's word counts for its own update.
"""

import numpy as np

from orchestrator.learning.aggregation import aggregate, apply, quantize
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES
from orchestrator.systems.federation.simulation import judging
from orchestrator.systems.federation.simulation.datasets import digits, shared
from orchestrator.systems.federation.simulation.networks import train
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

SEEDS, ROUNDS = range(4), 6
GAMMAS = (0.5, 1.0, 2.0)
PLAN = Plan(NETWORK)
BAD = 0


@experiment(
    "Who leads by a formula of one's own word, and by medians",
    "Lu et al., 2020 (proof of training quality), equation of MAE(M_j)",
)
def run(progress: Report | None = None) -> Outcome:
    rounds: list[list[list[int]]] = []
    for seed in counted(SEEDS, progress):
        rounds += _scores(seed)
    rows: list[Row] = []
    for gamma in GAMMAS:
        told = [[judging.literal(each, gamma) for each in (true, _lie(true))] for true in rounds]
        rows.append(_row(f"literal, γ = {gamma:g}", told))
    own = list(range(PARTIES))
    told = [[judging.leader(judging.medians(each, own)) for each in (true, _lie(true))] for true in rounds]
    rows.append(_row("medians", told))
    literal = rows[:-1]
    checks = [
        Check.at_most(
            "who says what it measures on wrong labels leads rarely", [row["honest"] for row in literal], 0.05
        ),
        Check.at_least(
            "who says that all errors are zero leads always", [row["lying"] for row in literal], 1.0
        ),
        Check.at_most("by medians a lie brings nothing", [rows[-1]["lying"]], 0.05),
    ]
    return Outcome(rows, checks, Picture("rule", ("honest", "lying"), "share of rounds led", bars=True))


def _row(rule: str, told: list[list[int]]) -> Row:
    honest, lying = (round(float(np.mean([each[at] == BAD for each in told])), 3) for at in (0, 1))
    return {"rule": rule, "honest": honest, "lying": lying}


def _lie(scores: list[list[int]]) -> list[list[int]]:
    return [[0] * PARTIES if seat == BAD else row for seat, row in enumerate(scores)]


def _scores(seed: int) -> list[list[list[int]]]:
    """Of each round, what each party measures of each update: a row a scorer."""
    data, rng = digits(seed), np.random.default_rng(seed)
    parts = shared(data.labels, PARTIES, rng)
    labels = [data.labels[part] for part in parts]
    labels[BAD] = rng.permutation(labels[BAD])
    model: Integers = np.rint(NETWORK.initial(rng) * UNIT).astype(np.int64)
    found = []
    for _ in range(ROUNDS):
        start = model / UNIT
        moved = []
        for part, own in zip(parts, labels, strict=True):
            after = train(NETWORK, start, data.features[part], own, rng, PLAN.training)
            moved.append(quantize(np.rint((after - start) * UNIT).astype(np.int64), PLAN.width).values)
        found.append(
            [
                [
                    judging.score(NETWORK.absolute_error((model + update) / UNIT, data.features[part], own))
                    for update in moved
                ]
                for part, own in zip(parts, labels, strict=True)
            ]
        )
        model = apply(model, aggregate(PLAN.settings, np.stack(moved), [1] * PARTIES).delta)
    return found
