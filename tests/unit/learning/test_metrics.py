"""measure and check_gate, against figures that are known or that scikit-learn computes."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from orchestrator.learning.data import Dataset
from orchestrator.learning.metrics import Metrics, Outcome, check_gate, class_scores, measure, outcome
from orchestrator.learning.spec import Spec
from orchestrator.learning.training import Training, train

TRUTH = ["no", "no", "yes", "yes"]


@pytest.fixture
def town(csv_data: Callable[..., Dataset]) -> Dataset:
    return csv_data("a,target\n" + "".join(f"{row},{label}\n" for row, label in enumerate(TRUTH)))


def said(predicted: list[str], yes: list[float] | None) -> Outcome:
    """What a model said: its labels, and its probability of yes."""
    shares = None if yes is None else np.array([[1 - share, share] for share in yes])
    return Outcome(np.array(TRUTH, dtype=object), np.array(predicted, dtype=object), shares, shares)


def test_measure__two_classes__has_the_figures_of_the_positive_one(town: Dataset) -> None:
    found = measure(town, said(["no", "yes", "yes", "yes"], [0.1, 0.8, 0.7, 0.9]), said(TRUTH, [0, 0, 1, 1]))
    assert found["accuracy"] == 0.75
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == 1.0
    assert found["f1"] == pytest.approx(0.8)
    assert found["roc_auc"] == 0.75
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.09 + 0.01) / 4)
    assert found["gap"] == pytest.approx(0.2)
    assert found.confusion == ((1, 1), (0, 2))
    json.dumps(found.to_json(), allow_nan=False)


def test_measure__perfect_certainty__has_no_calibration_error(town: Dataset) -> None:
    found = measure(town, said(TRUTH, [0, 0, 1, 1]), said(TRUTH, [0, 0, 1, 1]))
    assert found["ece"] == found["brier"] == found["gap"] == 0.0
    assert [part.count for part in found.calibration] == [2, 2]


def test_measure__no_probabilities__has_no_calibration(town: Dataset) -> None:
    found = measure(town, said(TRUTH, None), said(TRUTH, None))
    assert not {"brier", "ece", "roc_auc"} & set(found.values)
    assert found.calibration == ()


def test_class_scores__decision_function_of_the_first_class__is_turned(
    csv_data: Callable[..., Dataset],
) -> None:
    dataset = csv_data("a,target\n1,no\n2,yes\n", positive="no")
    found = Outcome(
        np.array(["no", "yes"], dtype=object), np.array(["no", "yes"]), None, np.array([-2.0, 3.0])
    )
    assert class_scores(dataset, found)["no"].tolist() == [2.0, -3.0]


def trained(spec_of: Callable[..., Spec], dataset: Dataset, estimator: str) -> Training:
    return train(spec_of(estimator), dataset)


@pytest.mark.parametrize("estimator", ["logistic_regression", "linear_svc", "gaussian_nb"])
def test_measure__three_classes__agrees_with_scikit_learn(
    spec_of: Callable[..., Spec], iris: Dataset, estimator: str
) -> None:
    training = trained(spec_of, iris, estimator)
    test, found = training.test, training.metrics
    assert found["f1"] == pytest.approx(sk.f1_score(test.truth, test.predicted, average="macro"))
    if test.probabilities is not None:
        area = sk.roc_auc_score(test.truth, test.probabilities, multi_class="ovr")
        assert found["roc_auc"] == pytest.approx(area)
        brier = sk.brier_score_loss(test.truth, test.probabilities, scale_by_half=True)
        assert found["brier"] == pytest.approx(brier)


def test_measure__two_classes__agrees_with_scikit_learn(
    spec_of: Callable[..., Spec], cancer: Dataset
) -> None:
    training = trained(spec_of, cancer, "linear_svc")
    test = training.test
    assert test.scores is not None
    area = sk.roc_auc_score(test.truth == "malignant", test.scores)
    assert training.metrics["roc_auc"] == pytest.approx(area)
    f1 = sk.f1_score(test.truth, test.predicted, pos_label="malignant")
    assert training.metrics["f1"] == pytest.approx(f1)


def test_outcome__class_missing_from_the_rows__is_measured(
    spec_of: Callable[..., Spec], iris: Dataset
) -> None:
    model = train(spec_of(), iris).model
    rows = iris.y == "setosa"
    found = outcome(model, iris.X[rows], iris.y[rows])
    assert "roc_auc" not in measure(iris, found, found).values


@settings(max_examples=25, deadline=None)
@given(
    data=st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=4, max_size=40),
    threshold=st.floats(0, 1),
)
def test_measure__any_predictions__stay_in_their_ranges(
    data: list[tuple[bool, float]], threshold: float
) -> None:
    truth = np.array([int(label) for label, _ in data])
    shares = np.array([[1 - share, share] for _, share in data])
    found = Outcome(truth, (shares[:, 1] >= threshold).astype(int), shares, shares)
    dataset: Any = _TwoClasses()
    values = measure(dataset, found, found).values
    assert values["gap"] == 0
    assert all(0 <= value <= 1 for value in values.values())
    assert sum(part.count for part in measure(dataset, found, found).calibration) == len(data)


class _TwoClasses:
    task = "classification"
    classes = (0, 1)
    positive = 1


def with_values(**values: float) -> Metrics:
    return Metrics("classification", "f1", values, {}, rows=1, training_rows=1)


@pytest.mark.parametrize(
    ("gate", "value", "bound", "passed"),
    [
        ({"f1": 0.9}, 0.9, "minimum", True),
        ({"f1": 0.9}, 0.8999, "minimum", False),
        ({"gap": 0.05}, 0.05, "maximum", True),
        ({"gap": 0.05}, 0.0501, "maximum", False),
        ({"gap": 0.05}, -0.3, "maximum", True),
        ({"ece": 0.1}, 0.2, "maximum", False),
        ({"mae": 3}, 2.5, "maximum", True),
    ],
)
def test_check_gate__value_and_threshold__decide(
    gate: dict[str, float], value: float, bound: str, passed: bool
) -> None:
    (metric,) = gate
    (line,) = check_gate(gate, with_values(**{metric: value}))
    assert (line.bound, line.passed, line.value) == (bound, passed, value)


def test_check_gate__metric_that_the_model_lacks__fails() -> None:
    (line,) = check_gate({"roc_auc": 0.5}, with_values(f1=1.0))
    assert not line.passed
    assert str(line) == "roc_auc not known ≥ 0.5: failed"
