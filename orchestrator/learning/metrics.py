"""What a model is worth on rows that it has not seen, and whether that is enough."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.learning.catalogue import Task
from orchestrator.learning.data import Dataset, Label
from orchestrator.learning.spec import MAXIMUM

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.pipeline import Pipeline

    Floats = npt.NDArray[np.float64]

MARGIN = 1e-9
"""So much a metric must be above its baseline: sums that are equal may differ in their last digit."""

BINS = 10
"""Of equal width, in the calibration."""


@dataclass(frozen=True)
class Outcome:
    """What a model says about rows whose labels are known.

    `probabilities` has a column for each class (None for estimators that give none); `scores` is what a ROC
    curve ranks by: (n,) for the positive one of two classes, else (n, classes); None where there is neither.
    """

    truth: "npt.NDArray[Any]"
    predicted: "npt.NDArray[Any]"
    probabilities: "Floats | None"
    scores: "Floats | None"


@dataclass(frozen=True)
class CalibrationBin:
    """Predictions of similar confidence: how sure the model was on average, and how often it was right."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Metrics:
    """Figures of held-out rows (`values`) and of training rows (`training`).

    Classification: accuracy; precision, recall, f1 (of the positive of two classes, or the mean over more);
    roc_auc (the mean of one class against the rest for more than two); brier and ece (calibration) where the
    estimator gives probabilities. Regression: r2, mae, rmse. In both `gap`, the training score minus the test
    score, where the score is `score`: f1 or r2. `confusion[i][j]` counts rows of class i taken for class j.
    `baseline` is what the best answer reaches on the held-out rows that is the same for each row. `groups`
    (column → group → figure) and `importances` (of each column) are there where the spec asks for them.
    """

    task: Task
    score: str
    values: Mapping[str, float]
    training: Mapping[str, float]
    rows: int
    training_rows: int
    baseline: Mapping[str, float] = field(default_factory=dict)
    classes: tuple[Label, ...] = ()
    positive: Label | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    groups: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    importances: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, metric: str) -> float:
        return self.values[metric]

    def to_json(self) -> dict[str, Any]:
        """Plain values; without what does not apply."""
        fields = asdict(self)
        return {key: value for key, value in fields.items() if value not in (None, (), {})}


@dataclass(frozen=True)
class GateResult:
    """One line of the gate: `value` against `threshold`, which is its "minimum" or "maximum".

    Of a `baseline` the value must be on the better side; equal to it is not enough.
    """

    metric: str
    bound: str
    threshold: float
    value: float | None
    passed: bool
    baseline: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.bound == "minimum" else "≤"
        threshold = f"{self.threshold:g}"
        if self.baseline:
            sign, threshold = (
                sign.translate({ord("≥"): ">", ord("≤"): "<"}),
                f"{self.threshold:.4f} (baseline)",
            )
        value = "not known" if self.value is None else f"{self.value:.4f}"
        return f"{self.metric} {value} {sign} {threshold}: {'passed' if self.passed else 'failed'}"


def check_gate(gate: Mapping[Any, float], metrics: Metrics) -> list[GateResult]:
    """Compare metrics of the held-out rows with the spec's gate, then with what no model is needed for.

    A metric that the model does not have fails. Each metric of the gate must be better than its baseline, and
    f1 or r2 whatever the gate names: whoever always answers yes has a recall of 1.
    """
    results = _bounds(gate, metrics)
    compared = [name for name in metrics.baseline if gate and (name in gate or name == metrics.score)]
    return results + [_above(name, metrics) for name in compared if name != "recall"]


def _above(metric: str, metrics: Metrics) -> GateResult:
    value, baseline = metrics.values.get(metric), metrics.baseline[metric]
    maximum = metric in MAXIMUM
    gain = -math.inf if value is None else (baseline - value if maximum else value - baseline)
    passed = gain > MARGIN
    return GateResult(metric, "maximum" if maximum else "minimum", baseline, value, passed, baseline=True)


def _bounds(gate: Mapping[Any, float], metrics: Metrics) -> list[GateResult]:
    results = []
    for metric, threshold in gate.items():
        value = metrics.values.get(metric)
        maximum = metric in MAXIMUM
        passed = value is not None and (value <= threshold if maximum else value >= threshold)
        results.append(GateResult(metric, "maximum" if maximum else "minimum", threshold, value, passed))
    return results


def outcome(model: "Pipeline", features: "pd.DataFrame", labels: "pd.Series[Any]") -> Outcome:
    """Predict rows whose labels are known."""
    import numpy as np

    probabilities = model.predict_proba(features) if hasattr(model, "predict_proba") else None
    scores = probabilities
    if scores is None and hasattr(model, "decision_function"):
        scores = np.asarray(model.decision_function(features))
    return Outcome(labels.to_numpy(), np.asarray(model.predict(features)), probabilities, scores)


def measure(dataset: Dataset, test: Outcome, training: Outcome) -> Metrics:
    """All metrics of a model, from what it says about held-out and training rows."""
    score = "f1" if dataset.task == "classification" else "r2"
    values, of_training = _values(dataset, test), _values(dataset, training)
    values["gap"] = of_training[score] - values[score]
    return Metrics(
        task=dataset.task,
        score=score,
        values=values,
        training=of_training,
        rows=len(test.truth),
        training_rows=len(training.truth),
        baseline=_baseline(dataset, test),
        classes=dataset.classes,
        positive=dataset.positive,
        confusion=_confusion(dataset, test),
        calibration=calibration(dataset, test),
    )


def class_scores(dataset: Dataset, found: Outcome) -> dict[Label, "Floats"]:
    """The scores of the rows for every class that has a ROC curve: one of two classes, all of more."""
    scores = found.scores
    if scores is None:
        return {}
    if dataset.positive is None:
        return {label: scores[:, column] for column, label in enumerate(dataset.classes)}
    column = dataset.classes.index(dataset.positive)
    if scores.ndim == 1:  # a decision function: above zero means the second class
        return {dataset.positive: scores if column == 1 else -scores}
    return {dataset.positive: scores[:, column]}


def calibration(dataset: Dataset, found: Outcome) -> tuple[CalibrationBin, ...]:
    """Bins of the positive class's probability (two classes) or of the likeliest class's (more)."""
    import numpy as np

    if found.probabilities is None:
        return ()
    confidence, right = _confidence(dataset, found)
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            bins.append(
                CalibrationBin(
                    float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())
                )
            )
    return tuple(bins)


def _confidence(dataset: Dataset, found: Outcome) -> tuple["Floats", "Floats"]:
    import numpy as np

    probabilities = found.probabilities
    assert probabilities is not None, "the caller looked"  # noqa: S101
    if dataset.positive is not None:
        column = dataset.classes.index(dataset.positive)
        return probabilities[:, column], (found.truth == dataset.positive).astype(np.float64)
    return probabilities.max(axis=1), (found.truth == found.predicted).astype(np.float64)


def _values(dataset: Dataset, found: Outcome) -> dict[str, float]:
    return _classification(dataset, found) if dataset.task == "classification" else _regression(found)


def _baseline(dataset: Dataset, test: Outcome) -> dict[str, float]:
    """What the best constant answer reaches: of each metric its own, which no constant model can beat."""
    import numpy as np

    if dataset.task == "regression":
        truth = test.truth.astype(np.float64)
        mae, rmse = np.abs(truth - np.median(truth)).mean(), truth.std()
        return {"r2": 0.0, "mae": float(mae), "rmse": float(rmse)}
    shares = np.bincount(_codes(dataset, test.truth), minlength=len(dataset.classes)) / len(test.truth)
    if dataset.positive is None:  # the mean over classes, of which a constant answer has one
        most, count = float(shares.max()), int((shares > 0).sum())
        found = {"precision": most / count, "recall": 1 / count, "f1": 2 * most / (1 + most) / count}
    else:
        share = float(shares[dataset.classes.index(dataset.positive)])
        found = {"precision": share, "recall": 1.0, "f1": 2 * share / (1 + share)}
    brier = 0.5 * (1.0 - float((shares**2).sum()))
    return {"accuracy": float(shares.max()), **found, "roc_auc": 0.5, "brier": brier}


def _regression(found: Outcome) -> dict[str, float]:
    from sklearn import metrics

    return {
        "r2": float(metrics.r2_score(found.truth, found.predicted)),
        "mae": float(metrics.mean_absolute_error(found.truth, found.predicted)),
        "rmse": float(metrics.root_mean_squared_error(found.truth, found.predicted)),
    }


def _classification(dataset: Dataset, found: Outcome) -> dict[str, float]:
    from sklearn import metrics

    truth, predicted = _codes(dataset, found.truth), _codes(dataset, found.predicted)
    binary = dataset.positive is not None
    options: dict[str, Any] = {"average": "binary" if binary else "macro", "zero_division": 0.0}
    if dataset.positive is not None:
        options["pos_label"] = dataset.classes.index(dataset.positive)
    values = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "precision": metrics.precision_score(truth, predicted, **options),
        "recall": metrics.recall_score(truth, predicted, **options),
        "f1": metrics.f1_score(truth, predicted, **options),
        "roc_auc": _roc_auc(dataset, found),
        **_calibration_errors(dataset, found),
    }
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _codes(dataset: Dataset, labels: "npt.NDArray[Any]") -> "npt.NDArray[np.int64]":
    """Labels as indices into the classes, so that texts and numbers are measured alike."""
    import numpy as np

    index = {label: code for code, label in enumerate(dataset.classes)}
    return np.array([index[label] for label in labels.tolist()], dtype=np.int64)


def _roc_auc(dataset: Dataset, found: Outcome) -> float:
    """The mean over the classes that do occur and are not alone; NaN where there is none."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    areas = []
    for label, scores in class_scores(dataset, found).items():
        hits = found.truth == label
        if hits.any() and not hits.all():
            areas.append(float(roc_auc_score(hits, scores)))
    return float(np.mean(areas)) if areas else math.nan


def _calibration_errors(dataset: Dataset, found: Outcome) -> dict[str, float]:
    """Brier: half the mean squared distance from the truth. ECE: the mean of |confidence − accuracy|."""
    import numpy as np

    if found.probabilities is None:
        return {}
    certain = np.eye(len(dataset.classes))[_codes(dataset, found.truth)]
    brier = 0.5 * ((found.probabilities - certain) ** 2).sum(axis=1).mean()
    bins = calibration(dataset, found)
    ece = sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / len(found.truth)
    return {"brier": float(brier), "ece": float(ece)}


def _confusion(dataset: Dataset, found: Outcome) -> tuple[tuple[int, ...], ...]:
    if dataset.task == "regression":
        return ()
    size = len(dataset.classes)
    counts = [[0] * size for _ in range(size)]
    pairs = zip(_codes(dataset, found.truth), _codes(dataset, found.predicted), strict=True)
    for truth, predicted in pairs:
        counts[truth][predicted] += 1
    return tuple(tuple(row) for row in counts)
