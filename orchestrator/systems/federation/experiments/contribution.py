"""Who contributed what: measures that a contract can afford, against exact Shapley values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import factorial

import numpy as np
from scipy.stats import spearmanr

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.simulation.datasets import Data, Rows, digits
from orchestrator.systems.federation.simulation.networks import Floats, Labels, Network, Training, train
from orchestrator.types import Report

NETWORK = Network(inputs=64, classes=10)
PARTIES, ROUNDS, SEEDS, JUDGING = 10, 5, range(6), 200
TRAINING = Training(epochs=3)
PERMUTATIONS, ENOUGH = 30, 0.01
MEASURES = ("gtg_shapley", "committee", "cosine", "leave_one_out", "alignment", "size")


@dataclass
class _Round:
    """A round's updates (parties, parameters), and what coalitions are worth: minus the loss."""

    weights: Floats
    updates: Floats
    sizes: Floats
    data: Data
    known: dict[int, float] = field(default_factory=dict)

    def value(self, members: int) -> float:
        """`members` is a set of parties as bits."""
        if members not in self.known:
            model = self.weights
            if members:
                inside = np.array([bool(members >> party & 1) for party in range(PARTIES)])
                share = self.sizes * inside
                model = model + share @ self.updates / share.sum()
            rows, labels = self.data.test_features[:JUDGING], self.data.test_labels[:JUDGING]
            self.known[members] = -NETWORK.loss(model, rows, labels)
        return self.known[members]


EVERYBODY = 2**PARTIES - 1


def shapley(value: Callable[[int], float]) -> Floats:
    """Exactly, by all coalitions (Shapley, 1953)."""
    total = np.zeros(PARTIES)
    for members in range(2**PARTIES):
        size = members.bit_count()
        for party in range(PARTIES):
            if not members >> party & 1:
                weight = factorial(size) * factorial(PARTIES - size - 1) / factorial(PARTIES)
                total[party] += weight * (value(members | 1 << party) - value(members))
    return total


def gtg_shapley(value: Callable[[int], float], rng: np.random.Generator) -> Floats:
    """By permutations, cut where little is left to gain, each party first in turn (Liu et al., 2022)."""
    total, all_, nothing = np.zeros(PARTIES), value(EVERYBODY), value(0)
    for number in range(PERMUTATIONS):
        first = number % PARTIES
        members, before = 0, nothing
        for party in [first, *(each for each in rng.permutation(PARTIES) if each != first)]:
            if abs(all_ - before) < ENOUGH * abs(all_ - nothing):
                break
            members |= 1 << int(party)
            total[party] += value(members) - before
            before = value(members)
    return total / PERMUTATIONS


@experiment(
    "Measures of contribution against exact Shapley values", "Shapley, 1953; Liu et al., 2022 (GTG-Shapley)"
)
def run(progress: Report | None = None) -> Outcome:
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    evaluations = 0
    for number in counted(SEEDS, progress):
        exact, measured, tried = _play(number)
        evaluations += tried
        for name in MEASURES:
            found[name].append(float(spearmanr(measured[name], exact)[0]))
    rows: list[Row] = [
        {"measure": name, "mean": round(float(np.mean(each)), 3), "least": round(min(each), 3)}
        for name, each in found.items()
    ]
    reached = {row["measure"]: row["mean"] for row in rows}
    checks = [
        Check.at_least("GTG-Shapley goes with exact Shapley values", [reached["gtg_shapley"]], 0.9),
        Check.at_least("so do a committee's medians, which cost nothing more", [reached["committee"]], 0.8),
        Check.at_least("declared sizes are the worst measure", [min(reached.values())], reached["size"]),
    ]
    picture = Picture("measure", ("mean", "least"), "rank correlation with exact Shapley values", bars=True)
    timing = {"gtg_evaluations_a_round": round(evaluations / len(SEEDS) / ROUNDS)}
    return Outcome(rows, checks, picture, timing)


def _play(seed: int) -> tuple[Floats, dict[str, Floats], int]:
    """Exact values and measures over all rounds, and how often GTG asked for the value of a coalition."""
    rng, data = np.random.default_rng(seed), digits(seed)
    parts, labels = _unequal(data, rng)
    sizes = np.array([len(part) for part in parts], float)
    weights, exact, tried = NETWORK.initial(rng), np.zeros(PARTIES), 0
    measured = {name: np.zeros(PARTIES) for name in MEASURES}
    for _ in range(ROUNDS):
        updates = np.stack(
            [train(NETWORK, weights, data.features[p], labels[p], rng, TRAINING) - weights for p in parts]
        )
        now = _Round(weights, updates, sizes, data)
        exact += shapley(now.value)
        sparing = _Round(weights, updates, sizes, data)
        measured["gtg_shapley"] += gtg_shapley(sparing.value, rng)
        tried += len(sparing.known)
        without = [now.value(EVERYBODY ^ 1 << party) for party in range(PARTIES)]
        measured["leave_one_out"] += now.value(EVERYBODY) - np.array(without)
        joined = sizes @ updates / sizes.sum()
        measured["alignment"] += sizes * (updates @ joined)
        measured["cosine"] += updates @ joined / np.linalg.norm(updates, axis=1)
        middles = _medians(weights + updates, parts, data, labels, rng)
        measured["committee"] += middles.max() - middles
        measured["size"] += sizes
        weights = weights + joined
    return exact, measured, tried


def _unequal(data: Data, rng: np.random.Generator) -> tuple[list[Rows], Labels]:
    """Parties of different sizes, in which a growing share of labels is drawn at random."""
    shares = rng.dirichlet([2] * PARTIES)
    sizes = np.maximum((shares * len(data.labels)).astype(int), 20)
    drawn = rng.permutation(len(data.labels)) if sizes.sum() <= len(data.labels) else None
    rows = drawn[: sizes.sum()] if drawn is not None else rng.choice(len(data.labels), sizes.sum())
    parts = np.split(rows, np.cumsum(sizes)[:-1])
    labels, noise = data.labels.copy(), np.linspace(0, 0.9, PARTIES)[rng.permutation(PARTIES)]
    for part, share in zip(parts, noise, strict=True):
        wrong = part[rng.random(len(part)) < share]
        labels[wrong] = rng.integers(0, NETWORK.classes, len(wrong))
    return parts, labels


def _medians(
    models: Floats, parts: Sequence[Rows], data: Data, labels: Labels, rng: np.random.Generator
) -> Floats:
    """Of the absolute errors that a committee of five measures on its own rows."""
    committee = rng.choice(PARTIES, 5, replace=False)
    errors = [
        [NETWORK.absolute_error(model, data.features[parts[seat]], labels[parts[seat]]) for seat in committee]
        for model in models
    ]
    return np.asarray(np.median(errors, axis=1))
