"""A first model to beat: trained on the open training groups, measured on some of them held out."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.bindings.competition import Group
from orchestrator.errors import UsageError
from orchestrator.systems.competition.candidates import Candidate, quantized
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.training import TrainingData
from orchestrator.types import Report

KINDS = ("linear", "mlp", "forest")
HELD_OUT = 4  # one in so many groups
STEPS = 3  # train on some, measure, train on all


@dataclass(frozen=True)
class Baseline:
    """A model file and, before it was trained on everything, its candidate measured on held-out groups."""

    file: Path
    measured: Candidate
    trained_on: int
    held_out: int


def train_baseline(
    training: TrainingData,
    terms: Terms,
    file: Path,
    *,
    kind: str = "mlp",
    hidden: int = 16,
    seed: int = 0,
    progress: Report | None = None,
) -> Baseline:
    """Train, measure on one in four groups (by the very number of the contract), train on all, write `file`.

    Raises UsageError for an unknown kind, ModelError where it does not quantize.
    """
    from orchestrator.learning.modelfile import save_model

    if kind not in KINDS:
        raise UsageError(f"`{kind}` is not a kind of model", f"Choose one of {', '.join(KINDS)}.")
    seen, held_out = _split(training.groups, terms)
    step = progress or (lambda done, total: None)
    step(0, STEPS)
    first = _trained(kind, hidden, seed, seen, numbers=terms.classes == 0)
    step(1, STEPS)
    measured = quantized(first, terms, seen, held_out)
    step(2, STEPS)
    everything = training.samples(terms)
    save_model(_trained(kind, hidden, seed, everything, numbers=terms.classes == 0), file)
    step(STEPS, STEPS)
    return Baseline(file, measured, len(everything.labels), len(held_out.labels))


def _split(groups: Mapping[int, Group], terms: Terms) -> tuple[Samples, Samples]:
    numbers = list(groups)
    last = numbers[::HELD_OUT] if len(numbers) > 1 else numbers
    rest = [number for number in numbers if number not in last] or numbers
    return Samples.of((groups[n] for n in rest), terms), Samples.of((groups[n] for n in last), terms)


def _trained(kind: str, hidden: int, seed: int, samples: Samples, *, numbers: bool) -> Any:
    """A pipeline of one step that takes bytes.

    Networks and linear models are trained on inputs between 0 and 1; the division is then folded into their
    weights.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import Pipeline

    model = _estimator(kind, hidden, seed, numbers=numbers)
    largest = 1.0 if kind == "forest" else float(samples.features.max() or 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline may stop early
        model.fit(samples.features / largest, samples.labels)
    if kind == "mlp":
        model.coefs_[0] /= largest
    if kind == "linear":
        model.coef_ /= largest
    return Pipeline([("model", model)])


def _estimator(kind: str, hidden: int, seed: int, *, numbers: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    small = {"n_estimators": 10, "max_depth": 6, "random_state": seed}
    network = {"hidden_layer_sizes": (hidden,), "max_iter": 500, "tol": 1e-3, "random_state": seed}
    return {
        "linear": lambda: Ridge() if numbers else LogisticRegression(max_iter=300),
        "mlp": lambda: MLPRegressor(**network) if numbers else MLPClassifier(**network),
        "forest": lambda: RandomForestRegressor(**small) if numbers else RandomForestClassifier(**small),
    }[kind]()
