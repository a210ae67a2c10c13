"""How many blocks a policy takes from the last reveal to an accepted claim: a model of inclusion, no chain.

Everybody's transaction is in the next block, but one voter of ten is late by one more block, and again with
the same chance. Work is solved in 30 seconds on average, a block takes 12.
"""

import numpy as np
from numpy.typing import NDArray

from orchestrator.systems.federation.experiments.base import Check, Experiment, Outcome, Picture, Row
from orchestrator.types import Report

TRIALS, PARTIES, LATE = 20_000, 10, 0.1
SOLVED = 2.5
"""Blocks until somebody finds a nonce, on average."""

L1, ROLLUP = 12, 2
"""Seconds a block."""


def run(progress: Report | None = None) -> Outcome:
    rng = np.random.default_rng(0)
    work = np.ceil(rng.exponential(SOLVED, TRIALS)) + 1
    blocks = {
        "trusted": np.ones(TRIALS),
        "delegates": 1 + _quorum(rng, 4, 5),
        "stake": 1 + 1 + 1 + _quorum(rng, 7, PARTIES),
        "work": work,
        "work, majority": work + _quorum(rng, 6, PARTIES),
        "committee": 1 + 1 + _quorum(rng, 5, 5) + _quorum(rng, 5, 5) + 1,
    }
    rows: list[Row] = []
    for name, each in blocks.items():
        mean = float(each.mean())
        rows.append(
            {
                "policy": name,
                "blocks": round(mean, 1),
                "blocks_of_the_slowest_twentieth": int(np.percentile(each, 95)),
                "seconds": round(mean * L1),
                "seconds_on_a_rollup": round(mean * ROLLUP),
            }
        )
    if progress:
        progress(1, 1)
    order = [row["policy"] for row in sorted(rows, key=lambda row: row["blocks"])]
    found = {row["policy"]: row["blocks"] for row in rows}
    checks = [
        Check(
            "trusted, then delegates, before all others, and a committee last",
            order[:2] == ["trusted", "delegates"] and order[-1] == "committee",
            ", ".join(f"{name} {found[name]}" for name in order),
        )
    ]
    return Outcome(
        rows,
        checks,
        Picture("policy", ("blocks", "blocks_of_the_slowest_twentieth"), "blocks", bars=True),
        {},
    )


def _quorum(rng: np.random.Generator, needed: int, voters: int) -> NDArray[np.int64]:
    """Blocks until `needed` of `voters` votes are in."""
    arrivals = rng.geometric(1 - LATE, (TRIALS, voters))
    return np.asarray(np.sort(arrivals, axis=1)[:, needed - 1])


EXPERIMENT = Experiment(
    "confirm", "Blocks from the last reveal to an accepted claim, by policy", "a model of inclusion", run
)
