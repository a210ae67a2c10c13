"""What a policy takes until a claim is accepted: blocks by a model of inclusion, gas by the contract.

Everybody's transaction is in the next block, but one voter of ten is late by one more block, and again with
the same chance. Work is solved in 30 seconds on average, a block takes 12. The gas is that of a whole round
of ten parties, the second one of a federation, in which commitments and scores are sent for all in one
transaction; of two policies, by which it tells how much judging takes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.chain.development import NAMES
from orchestrator.systems.federation.experiments.base import Check, Experiment, Outcome, Picture, Row
from orchestrator.systems.federation.experiments.onchain import Stage, begin, session
from orchestrator.systems.federation.rounds import has_committee
from orchestrator.types import Report

TRIALS, PARTIES, LATE = 20_000, 10, 0.1
SOLVED = 2.5
"""Blocks until somebody finds a nonce, on average."""

L1, ROLLUP = 12, 2
"""Seconds a block."""


MEASURED: dict[str, dict[str, Any]] = {
    "trusted": {"policy": "trusted"},
    "committee": {"policy": "quality", "committee": 5, "pay": "quality"},
}
"""Of which policies the contract is asked, and by which terms."""


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
    gas: dict[str, int] = {}
    rows: list[Row] = []
    with session() as opened:
        for number, (name, terms) in enumerate(MEASURED.items()):
            gas[name] = round(round_gas(begin(opened, NAMES[:PARTIES], rounds=2, **terms)), -3)
            if progress:
                progress(number + 1, len(MEASURED))
    for name, each in blocks.items():
        mean = float(each.mean())
        rows.append(
            {
                "policy": name,
                "blocks": round(mean, 1),
                "blocks_of_the_slowest_twentieth": int(np.percentile(each, 95)),
                "seconds": round(mean * L1),
                "seconds_on_a_rollup": round(mean * ROLLUP),
                "gas": gas.get(name),
            }
        )
    order = [row["policy"] for row in sorted(rows, key=lambda row: row["blocks"])]
    found = {row["policy"]: row["blocks"] for row in rows}
    checks = [
        Check(
            "trusted, then delegates, before all others, and a committee last",
            order[:2] == ["trusted", "delegates"] and order[-1] == "committee",
            ", ".join(f"{name} {found[name]}" for name in order),
        ),
        Check(
            "who judges more pays more gas, and no round of ten costs more than a million",
            gas["trusted"] < gas["committee"] < 1_000_000,
            ", ".join(f"{name} {each:,}" for name, each in gas.items()),
        ),
    ]
    return Outcome(
        rows,
        checks,
        Picture("policy", ("blocks", "blocks_of_the_slowest_twentieth"), "blocks", bars=True),
        {},
    )


def round_gas(stage: Stage) -> int:
    """Of the second round: of the first, every slot is fresh."""
    _play(stage)
    return _play(stage)


def _play(stage: Stage) -> int:
    names, judged = stage.names, has_committee(stage.federation)
    gas = stage.commit(*names) + stage.reveal(*names)
    if judged:
        gas += stage.draw()
        gas += stage.speak(*stage.members()) + stage.judge(*stage.members())
    return gas + stage.claim(stage.leader()) + stage.finalize()


def _quorum(rng: np.random.Generator, needed: int, voters: int) -> NDArray[np.int64]:
    """Blocks until `needed` of `voters` votes are in."""
    arrivals = rng.geometric(1 - LATE, (TRIALS, voters))
    return np.asarray(np.sort(arrivals, axis=1)[:, needed - 1])


EXPERIMENT = Experiment(
    "confirm",
    "Blocks from the last reveal to an accepted claim, by policy",
    "a model of inclusion, and the contract",
    run,
)
