"""A federation of federations against one flat one: what it learns, and what a round costs a party.

Forty-nine parties are too many for one contract's sixteen seats. Seven federations of seven, and one above
them, hold them. Flat, as if a contract had as many seats, is what they are compared with. Between two models
from above, each lower federation plays one round or several. Gas is of rounds on the contract in which no
slot is fresh, of seven parties under `trusted`, sent for all in one transaction; above, a party is a
federation.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from orchestrator.chain.development import NAMES
from orchestrator.learning.aggregation import aggregate, apply, quantize
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.confirm import play_round
from orchestrator.systems.federation.experiments.digits import NETWORK
from orchestrator.systems.federation.experiments.onchain import begin, session
from orchestrator.systems.federation.simulation.characters import Honest
from orchestrator.systems.federation.simulation.datasets import Data, Rows, digits, shared
from orchestrator.systems.federation.simulation.playing import Plan, play
from orchestrator.types import Report

FEDERATIONS = SEATS = 7
SEEDS, ROUNDS, LOCAL = range(3), 12, (1, 2, 4)
ALPHA = 0.3
PLAN = Plan(NETWORK)


@experiment(
    "A federation of federations against a flat one",
    "horizontal sharding; Liu et al., 2020 (hierarchical federated averaging)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    gas = _gas()
    for local in counted((0, *LOCAL), progress):
        row: Row = {"local_rounds": local or "flat"}
        for name, skewed in (("even", False), ("skewed", True)):
            reached = [_reached(seed, local, skewed=skewed) for seed in SEEDS]
            row[name] = round(float(np.mean(reached)), 4)
        row["gas_a_party_and_round"] = round(gas + gas / SEATS / local) if local else round(gas)
        rows.append(row)
    flat, floors = rows[0], rows[1:]
    once = floors[0]
    checks = [
        Check.at_least(
            "two floors learn as one, rows shared evenly",
            [row["even"] for row in floors],
            flat["even"] - 0.02,
        ),
        Check.at_least(
            "and where parties have few classes each",
            [row["skewed"] for row in floors],
            flat["skewed"] - 0.04,
        ),
        Check(
            "a party's round on two floors stays below 60,000 gas",
            once["gas_a_party_and_round"] < 60_000,
            f"{once['gas_a_party_and_round']:,}; on one floor {flat['gas_a_party_and_round']:,}",
        ),
    ]
    return Outcome(rows, checks, Picture("local_rounds", ("even", "skewed")))


def _reached(seed: int, local: int, *, skewed: bool) -> float:
    """The accuracy after ROUNDS rounds of every party, in one federation, or with `local` of them a floor."""
    data, rng, count = digits(seed), np.random.default_rng(seed), FEDERATIONS * SEATS
    parts = shared(data.labels, count, rng, ALPHA if skewed else 0.0)
    if not local:
        return play(replace(PLAN, rounds=ROUNDS), data, parts, [Honest()] * count, seed).accuracy[-1]
    model = None
    for number in range(ROUNDS // local):
        model = _upper_round(data, parts, model, local, seed * 1000 + number)
    assert model is not None  # noqa: S101 - there are rounds
    return NETWORK.accuracy(model / UNIT, data.test_features, data.test_labels)


def _upper_round(
    data: Data, parts: Sequence[Rows], model: Integers | None, local: int, seed: int
) -> Integers:
    """What the upper model becomes; None begins with the same random one in all federations."""
    plan, moved = replace(PLAN, rounds=local), []
    start = model
    for place in range(FEDERATIONS):
        own = parts[place * SEATS : (place + 1) * SEATS]
        found = play(plan, data, own, [Honest()] * SEATS, seed, start=start)
        start = found.start
        moved.append(quantize(found.model - start, plan.width).values)
    assert start is not None  # noqa: S101 - there are federations
    return apply(start, aggregate(plan.settings, np.stack(moved), [1] * FEDERATIONS).delta)


def _gas() -> float:
    """Of a party in a round of a steady federation."""
    with session() as opened:
        stage = begin(opened, NAMES[:SEATS], rounds=3)
        return [play_round(stage) for _ in range(2)][-1] / SEATS
