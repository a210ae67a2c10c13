"""What free riders earn: parties without rows, who make an update of what the model did before.

One rider of ten, nine honest parties. Its pay is told in parts of an honest party's: 1 is the same. A ride
can be as good for the model as honest work (it is momentum), so that measures of the update do not tell it.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.simulation.characters import Honest, View
from orchestrator.systems.federation.simulation.datasets import digits, shared
from orchestrator.systems.federation.simulation.networks import Floats, Network
from orchestrator.systems.federation.simulation.playing import Joined, Plan, Policy, play
from orchestrator.types import Report

NETWORK = Network(inputs=64, classes=10)
PARTIES, ROUNDS, SEEDS, ALPHA, NOISE = 10, 10, range(10), 1.0, 0.5
PAYS = ("equal", "quality", "alignment", "novelty")

Moves = list[Floats]
"""By what the model moved in the rounds so far, the last one last; none is zero."""


def _copy(moves: Moves, rng: np.random.Generator) -> Floats:
    return moves[-1]


def _noisy(moves: Moves, rng: np.random.Generator) -> Floats:
    noise = rng.normal(size=len(moves[-1]))
    return moves[-1] + NOISE * np.linalg.norm(moves[-1]) / np.linalg.norm(noise) * noise


def _older(moves: Moves, rng: np.random.Generator) -> Floats:
    return moves[-2:][0]


def _extrapolated(moves: Moves, rng: np.random.Generator) -> Floats:
    return 2 * moves[-1] - moves[-2:][0]


def _turned(moves: Moves, rng: np.random.Generator) -> Floats:
    """What the last but one has besides the last, as long as that."""
    last, older = moves[-1], moves[-2:][0]
    rest = _without(older, last)
    length = np.linalg.norm(rest)
    return rest * (np.linalg.norm(last) / length) if length > 1e-9 else last


RIDES: dict[str, Callable[[Moves, np.random.Generator], Floats]] = {
    "copy": _copy,
    "copy and noise": _noisy,
    "last but one": _older,
    "extrapolation": _extrapolated,
    "other than the last": _turned,
    "sleeper": _copy,
}


@dataclass(frozen=True)
class Rider(Honest):
    """Never trains; `sleeps` so many rounds before it sends anything."""

    ride: Callable[[Moves, np.random.Generator], Floats] = _copy
    sleeps: int = 0
    seen: Moves = field(default_factory=list)

    def update(self, view: View) -> Floats | None:
        self.seen.append(view.weights)
        moves = [after - before for before, after in zip(self.seen, self.seen[1:], strict=False)]
        moves = [move for move in moves if move.any()]
        if len(self.seen) <= self.sleeps:
            return None
        return self.ride(moves, view.rng) if moves else view.rng.normal(0, 0.01, len(view.weights))


def shares(joined: Joined, last: Floats | None) -> dict[str, Floats]:
    """Of a round's reward, by each way to pay, in the order of `joined.seats`; `last`: the move before.

    Novelty, which no contract has: what of an update goes along the aggregate without what goes along `last`.
    """
    updates = joined.updates.astype(float)
    lengths = np.maximum(np.linalg.norm(updates, axis=1), 1)
    middle = sorted(joined.medians)[(len(joined.medians) - 1) // 2]
    found = {
        "equal": np.ones(len(updates)),
        "quality": np.maximum(middle * 3 // 2 - np.array(joined.medians) + 1, 0).astype(float),
        "alignment": np.array(joined.result.merits(joined.updates), float),
    }
    aggregate = joined.result.delta[: updates.shape[1]].astype(float)
    new = aggregate if last is None else _without(aggregate, last)
    found["novelty"] = np.maximum(updates @ new / lengths, 0)
    return {name: each / each.sum() if each.sum() else each for name, each in found.items()}


def _without(vector: Floats, other: Floats) -> Floats:
    """What of `vector` does not go along `other`."""
    return np.asarray(vector - (vector @ other) / max(float(other @ other), 1e-12) * other)


def earned(ride: str, seed: int, alpha: float) -> dict[str, float]:
    """What the rider gets of all rewards, in parts of what an honest party gets on average, by each pay."""
    data = digits(seed)
    parts = shared(data.labels, PARTIES, np.random.default_rng(seed), alpha)
    rider = Rider(ride=RIDES[ride], sleeps=ROUNDS // 2 if ride == "sleeper" else 0)
    plan = Plan(
        NETWORK, rounds=ROUNDS, settings=Settings(Rule.CLIPPED_MEAN), policy=Policy.COMMITTEE, committee=9
    )
    got: dict[str, Floats] = defaultdict(lambda: np.zeros(PARTIES))
    moves: Moves = []

    def watch(joined: Joined) -> None:
        for name, each in shares(joined, moves[-1] if moves else None).items():
            got[name][joined.seats] += each
        moves.append(joined.result.delta[: joined.updates.shape[1]].astype(float))

    play(plan, data, parts, [rider, *[Honest()] * (PARTIES - 1)], seed, watch)
    return {name: float(each[0] / each[1:].mean()) for name, each in got.items()}


@experiment(
    "What a free rider earns, in parts of an honest party's pay, by ride and pay",
    "nobody's paper: parties that play against the pay",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for alpha, ride in counted(list(product((0.0, ALPHA), RIDES)), progress):
        found = [earned(ride, seed, alpha) for seed in SEEDS]
        row: Row = {"ride": ride, "rows": "uneven" if alpha else "even"}
        for pay in PAYS:
            values = [each[pay] for each in found]
            row |= {pay: round(float(np.mean(values)), 2), f"{pay}_at_most": round(max(values), 2)}
        rows.append(row)
    by = {(row["ride"], row["rows"]): row for row in rows}
    copies = [by["copy", "even"], by["copy", "uneven"]]
    novelty = {name: [row["novelty"] for row in rows if row["ride"] == name] for name in RIDES}
    beaten = max(*novelty["copy and noise"], *novelty["other than the last"])
    checks = [
        Check.at_most("equal pay gives no rider more than the honest", [row["equal"] for row in rows], 1),
        Check.at_most("nor in any run 5 % more", [row["equal_at_most"] for row in rows], 1.05),
        Check(
            "alignment and quality pay whoever repeats more than the honest",
            min(row["alignment"] for row in copies) > 1.1 and min(row["quality"] for row in copies) > 1,
            ", ".join(f"{row['alignment']} and {row['quality']} ({row['rows']} rows)" for row in copies),
        ),
        Check(
            "novelty pays a copy nothing, and noise or another old direction most: it is not built",
            max(novelty["copy"]) < 0.1 < 1.5 < beaten,
            f"copy {max(novelty['copy'])}, the best ride {beaten}",
        ),
    ]
    return Outcome(rows, checks, Picture("ride", PAYS, "pay in parts of an honest party's", bars=True))
