"""Biopsies of which three hospitals have ten features each: together, and alone."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from orchestrator.systems.federation import vertical
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.psi import aligned
from orchestrator.types import Report

SEEDS, KNOWN = range(5), 0.85


@experiment(
    "One model over columns at three hospitals",
    "Hardy et al., 2017 (vertically partitioned logistic regression)",
)
def run(progress: Report | None = None) -> Outcome:
    data = load_breast_cancer()
    rng = np.random.default_rng(0)
    people = len(data.target)
    lists = [[str(each) for each in rng.choice(people, int(people * KNOWN), replace=False)] for _ in range(3)]
    shared = np.array([int(each) for each in aligned(lists, rng)[0]])
    features, labels = data.data[shared], data.target[shared].astype(np.int64)
    places = np.random.default_rng(9).permutation(features.shape[1])
    columns = [places[:10], places[10:20], places[20:]]
    found: dict[str, list[float]] = {}
    for number in counted(SEEDS, progress):
        for name, accuracy in _accuracies(features, labels, columns, number).items():
            found.setdefault(name, []).append(accuracy)
    rows: list[Row] = [
        {"model": name, "accuracy": round(float(np.mean(each)), 4)} for name, each in found.items()
    ]
    reached = {row["model"]: row["accuracy"] for row in rows}
    alone = max(reached[name] for name in reached if name.startswith("alone"))
    checks = [
        Check.at_least("split is within .01 of one table", [reached["split"]], reached["one table"] - 0.01),
        Check("split is better than each alone", reached["split"] > alone, f"{reached['split']} and {alone}"),
    ]
    return Outcome(rows, checks, Picture("model", ("accuracy",), bars=True))


def _accuracies(
    features: np.ndarray, labels: np.ndarray, columns: list[np.ndarray], seed: int
) -> dict[str, float]:
    order = np.random.default_rng(seed).permutation(len(labels))
    cut = int(0.7 * len(labels))
    train, test = order[:cut], order[cut:]
    middle, spread = features[train].mean(axis=0), features[train].std(axis=0)
    scaled = (features - middle) / spread
    parties = [vertical.Columns(scaled[train][:, each]) for each in columns]
    owner = vertical.Labels(labels[train])
    vertical.train(parties, owner)
    predicted = vertical.predict(parties, owner, [scaled[test][:, each] for each in columns])
    central = LogisticRegression(C=1000 / len(train), max_iter=1000).fit(scaled[train], labels[train])
    found = {
        "split": float((predicted == labels[test]).mean()),
        "one table": float(central.score(scaled[test], labels[test])),
    }
    for number, each in enumerate(columns):
        one = LogisticRegression(max_iter=1000).fit(scaled[train][:, each], labels[train])
        found[f"alone {number + 1}"] = float(one.score(scaled[test][:, each], labels[test]))
    return found
