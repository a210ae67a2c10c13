"""Five models ranked by five validators, of whom some lie: a score counts that more than half give."""

from collections import Counter

import numpy as np

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.simulation.datasets import digits
from orchestrator.systems.federation.simulation.networks import Network, Training, train
from orchestrator.types import Report

NETWORK = Network(inputs=64, classes=10, hidden=16)
TRAINERS = ((60, 5), (120, 10), (300, 10), (600, 20), (1400, 20))
"""Rows and epochs of each."""

VALIDATORS, SEEDS, TOP = 5, range(20), 10_000


@experiment(
    "Rankings of five models by five validators, of whom some lie",
    "Bravo-Marquez, Reeves and Ugarte, 2019 (Proof-of-Learning)",
)
def run(progress: Report | None = None) -> Outcome:
    worlds = [_scores(seed) for seed in counted(SEEDS, progress)]
    rows: list[Row] = []
    for liars in range(VALIDATORS + 1):
        right = none = 0
        for seed, truth in zip(SEEDS, worlds, strict=True):
            rng = np.random.default_rng(seed)
            for collude in (True, False):
                found = ranking(_reports(truth, liars, rng, collude=collude))
                right += found == _order(dict(enumerate(truth)))
                none += not found
        rows.append({"liars": liars, "right_rankings": right, "no_ranking": none, "of": 2 * len(SEEDS)})
    tried = 2 * len(SEEDS)
    checks = [
        Check("a minority of liars changes nothing", all(row["right_rankings"] == tried for row in rows[:3])),
        Check(
            "a majority of them never lets the right ranking pass",
            all(not row["right_rankings"] for row in rows[3:]),
        ),
    ]
    return Outcome(
        rows, checks, Picture("liars", ("right_rankings", "no_ranking"), "of 40 rankings", bars=True)
    )


def ranking(reports: list[list[int]]) -> list[int]:
    """The models, best first, whose score more than half of the `reports` (a row a validator) agree on."""
    agreed = {}
    for model, column in enumerate(zip(*reports, strict=True)):
        score, count = max(Counter(column).items(), key=lambda pair: (pair[1], pair[0]))
        if 2 * count > len(reports):
            agreed[model] = score
    return _order(agreed)


def _order(scores: dict[int, int]) -> list[int]:
    return sorted(scores, key=lambda model: (-scores[model], model))


def _scores(seed: int) -> list[int]:
    """The accuracies of models trained on more and more rows, in ten-thousandths."""
    rng, data, found = np.random.default_rng(seed), digits(seed), []
    for rows, epochs in TRAINERS:
        start, drawn = NETWORK.initial(rng), rng.permutation(len(data.labels))[:rows]
        training = Training(epochs=epochs)
        weights = train(NETWORK, start, data.features[drawn], data.labels[drawn], rng, training)
        found.append(int(NETWORK.accuracy(weights, data.test_features, data.test_labels) * TOP))
    return found


def _reports(truth: list[int], liars: int, rng: np.random.Generator, *, collude: bool) -> list[list[int]]:
    """Liars who collude put the last model first and the first one last; others say anything."""
    order = _order(dict(enumerate(truth)))
    false = list(truth)
    false[order[0]], false[order[-1]] = truth[order[0]] - TOP // 2, TOP - 1
    lies = [false if collude else rng.integers(0, TOP, len(truth)).tolist() for _ in range(liars)]
    return lies + [list(truth)] * (VALIDATORS - liars)
