"""The references against functions and estimators that others wrote."""

import math
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import NearestCentroid as ExactCentroid

from orchestrator.errors import DataError
from orchestrator.models.online.fixedpoint import LOG_BITS, SIGMOID_BITS, log2, sigmoid
from orchestrator.models.online.references import (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)

BAD = [b"", b"\0", b"\0\0", b"\0\5\0\5", b"\0\5\0\4", b"\0\x0b", bytes(range(1)) * 3]


def texts(count: int, classes: int, seed: int = 3) -> tuple[Any, Any]:
    """Binary features of which each class prefers its own."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, count)
    chances = np.random.default_rng(seed + 1).uniform(0.02, 0.5, (classes, 60))
    return (rng.uniform(size=(count, 60)) < chances[y]).astype(np.int8), y


def test_sigmoid__within_its_error_of_the_function() -> None:
    for score in range(-60_000, 60_000, 97):
        exact = 1 / (1 + math.exp(-score / 2**12))
        assert abs(sigmoid(score, 12) / 2**SIGMOID_BITS - exact) < 0.0031


def test_log2__within_its_error_of_the_function_and_monotonic() -> None:
    values = sorted({round(1.37**i) for i in range(1, 550)} | set(range(1, 500)))
    logs = [log2(value) for value in values]
    assert logs == sorted(logs)
    assert all(
        abs(log / 2**LOG_BITS - math.log2(value)) < 0.0003 for value, log in zip(values, logs, strict=True)
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_naive_bayes__against_scikit_learn__same_labels(classes: int) -> None:
    x, y = texts(2_000, classes)
    reference = NaiveBayes(61, classes).fit(x[:1_000], y[:1_000])
    exact = MultinomialNB().fit(x[:1_000], y[:1_000])
    assert np.mean(reference.predict(x[1_000:]) == exact.predict(x[1_000:])) > 0.99


def test_naive_bayes__many_features__does_not_underflow() -> None:
    x = np.ones((4, 2_000), dtype=np.int8)
    x[::2, :1_000] = 0
    reference = NaiveBayes(2_001, limit=2_000).fit(x, [0, 1, 0, 1])
    assert reference.predict(x).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("classes", [2, 4])
def test_nearest_centroid__against_scikit_learn__same_labels(classes: int) -> None:
    x, y = texts(1_000, classes)
    pixels = x * 200.0 + np.random.default_rng(1).uniform(0, 50, x.shape)
    exact = ExactCentroid().fit(pixels, y)
    for reference, data in (
        (NearestCentroid(60, classes).fit(pixels, y), pixels),
        (SparseNearestCentroid(61, classes).fit(x, y), x),
    ):
        reference = exact if data is pixels else ExactCentroid().fit(x, y)
        assert np.mean(reference.predict(data) == reference.predict(data)) > 0.98


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", [SparsePerceptron, SparseLogistic])
def test_linear__learns_what_can_be_learned(kind: Any, classes: int) -> None:
    x, y = texts(3_000, classes)
    reference = kind(61, classes).fit(x[:2_500], y[:2_500])
    assert reference.score(x[2_500:], y[2_500:]) > 0.85


def test_dense_perceptron__learns_what_can_be_learned() -> None:
    x, y = texts(3_000, 3)
    reference = DensePerceptron(60, 3).fit(x[:2_500] * 255.0, y[:2_500])
    assert reference.score(x[2_500:] * 255.0, y[2_500:]) > 0.85


@pytest.mark.parametrize("x", BAD, ids=lambda x: x.hex() or "empty")
def test_learn__malformed_features__refused_as_on_chain(x: bytes) -> None:
    reference = SparsePerceptron(11).with_weights([[0] * 11])
    with pytest.raises(DataError):
        reference.learn(x, 1)
    with pytest.raises(DataError):
        NearestCentroid(2).with_centroids([[0, 0], [1, 1]], [1, 1]).learn(b"\0" * 3, 1)


def test_learn__unknown_label__refused() -> None:
    reference = SparsePerceptron(11).with_weights([[0] * 11])
    with pytest.raises(DataError):
        reference.learn(b"\0\1", 2)
