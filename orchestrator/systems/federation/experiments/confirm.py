"""What a policy takes until a claim is accepted: blocks by a model of inclusion, gas by the contract.

Everybody's transaction is in the next block, but one voter of ten is late by one more block, and again with
the same chance. Work is solved in 30 seconds on average, a block takes 12. The gas is that of a whole round
of ten parties in which no slot is fresh, commitments, scores and votes are sent for all in one transaction.

Throughput has two bounds. One federation waits: for blocks to commit, reveal, accept and finalize, and for
the shortest challenge that terms can have; training comes on top. All federations of a chain share its gas.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.bindings.federation import Policy
from orchestrator.chain.development import NAMES
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.onchain import Stage, begin, session
from orchestrator.systems.federation.rounds import has_committee, has_votes
from orchestrator.types import Report

TRIALS, PARTIES, LATE = 20_000, 10, 0.1
SOLVED = 2.5
"""Blocks until somebody finds a nonce, on average."""

ROUNDS = 50
"""Enough for everybody to have been in a committee: five of ten are drawn."""

L1, ROLLUP = 12, 2
"""Seconds a block."""

BLOCK_GAS = 60_000_000
CHALLENGE, COMMITTING = 240, 60
"""Seconds that terms have at least: to object; to commit, which takes its whole time where stakes weigh."""


TERMS: dict[str, dict[str, Any]] = {
    "trusted": {"policy": "trusted"},
    "delegates": {"policy": "delegates", "committee": 5},
    "stake": {"policy": "stake"},
    "work, majority": {"policy": "work", "difficulty": 4},
    "committee": {"policy": "quality", "committee": 5, "pay": "quality"},
}
"""By which terms the contract is asked; it has no work without votes (Zhu et al., 2019)."""

ORDER = ("trusted", "delegates", "stake", "committee", "work, majority")
"""By blocks, as the model has it: a policy that waits for more of the others is later."""


@experiment(
    "Blocks from the last reveal to an accepted claim, by policy", "a model of inclusion, and the contract"
)
def run(progress: Report | None = None) -> Outcome:
    rng = np.random.default_rng(0)
    work = np.ceil(rng.exponential(SOLVED, TRIALS)) + 1
    blocks = {
        "trusted": np.ones(TRIALS),
        "delegates": 1 + _quorum(rng, 4, 5),
        "stake": 1 + 1 + 1 + _quorum(rng, 7, PARTIES),
        "work": work,
        "work, majority": work + _quorum(rng, 6, PARTIES),
        "committee": 1 + _quorum(rng, 5, 5) + _quorum(rng, 5, 5) + 1,  # the first scores draw it
    }
    gas: dict[str, int] = {}
    rows: list[Row] = []
    with session() as opened:
        for name, terms in counted(TERMS.items(), progress):
            gas[name] = round(round_gas(begin(opened, NAMES[:PARTIES], rounds=ROUNDS, **terms)), -3)
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
                **_throughput(name, mean, gas.get(name)),
            }
        )
    found = {name: float(blocks[name].mean()) for name in ORDER}
    checks = [
        Check(
            f"blocks in this order: {', '.join(ORDER)}",
            all(found[a] < found[b] for a, b in pairwise(ORDER)),
            ", ".join(f"{name} {each:.2f}" for name, each in found.items()),
        ),
        Check(
            "gas: trusted least, then delegates; no round of ten more than 650,000",
            sorted(gas, key=gas.__getitem__)[:2] == ["trusted", "delegates"] and max(gas.values()) < 650_000,
            ", ".join(f"{name} {each:,}" for name, each in gas.items()),
        ),
    ]
    measured = [row for row in rows if row["gas"]]
    checks += [
        Check.at_least(
            "one federation of ten: rounds an hour", [row["rounds_an_hour"] for row in measured], 8
        ),
        Check.at_least(
            "all of a chain: updates a second", [row["updates_a_second_of_a_chain"] for row in measured], 70
        ),
    ]
    return Outcome(
        rows,
        checks,
        Picture("policy", ("blocks", "blocks_of_the_slowest_twentieth"), "blocks", bars=True),
        {},
    )


def _throughput(name: str, blocks: float, gas: int | None) -> Row:
    """Of one federation of ten parties, and of as many as fill a chain's blocks."""
    commits = max(COMMITTING, L1) if name in ("delegates", "stake") else L1
    seconds = commits + L1 * (1 + blocks + 1) + CHALLENGE
    return {
        "rounds_an_hour": round(3600 / seconds, 1),
        "updates_a_second": round(PARTIES / seconds, 3),
        "updates_a_second_of_a_chain": round(PARTIES * BLOCK_GAS / gas / L1, 1) if gas else None,
    }


def round_gas(stage: Stage) -> int:
    """Of a round in which no slot is fresh: not the first, and everybody has been in a committee."""
    play_round(stage)
    while has_committee(stage.federation) and not _all_scored(stage):
        play_round(stage)
    return play_round(stage)


def _all_scored(stage: Stage) -> bool:
    return all(any(stage.federation.scores_of(stage.seat(name))) for name in stage.names)


def play_round(stage: Stage) -> int:
    """Play a whole round; its gas."""
    names, federation = stage.names, stage.federation
    gas = stage.commit(*names)
    if federation.terms.policy in (Policy.STAKE, Policy.DELEGATES):
        stage.pass_()  # backers may leave until then
    gas += stage.reveal(*names)
    if has_committee(federation):
        gas += stage.draw()
        gas += stage.speak(*stage.members()) + stage.judge(*stage.members())
    elif has_votes(federation):
        gas += stage.vote()
    return gas + stage.claim(stage.leader()) + stage.finalize()


def _quorum(rng: np.random.Generator, needed: int, voters: int) -> NDArray[np.int64]:
    """Blocks until `needed` of `voters` votes are in."""
    arrivals = rng.geometric(1 - LATE, (TRIALS, voters))
    return np.asarray(np.sort(arrivals, axis=1)[:, needed - 1])
