"""A scikit-learn pipeline as an encoder and an on-chain model of integers.

SGDClassifier, Perceptron              → SparsePerceptron, DensePerceptron
SGDClassifier of log_loss,
LogisticRegression                     → SparseLogistic, numbers by the intervals that they are in
NearestCentroid                        → SparseNearestCentroid, NearestCentroid
MultinomialNB                          → NaiveBayes

Numbers behind a KBinsDiscretizer go to the sparse models, by the bins that it has cut.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from orchestrator.errors import ModelError
from orchestrator.models.online.bins import read_bins, read_discretized
from orchestrator.models.online.encoders import Encoder
from orchestrator.models.online.inputs import Floats, NumberInput, SparseInput, check_vocabulary, read_input
from orchestrator.models.online.references import (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    OnChainModel,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin
    from sklearn.pipeline import Pipeline

LARGEST_CODE = 24_576
BEFORE_BASE = 0xA1  # bytes of a clone's code before the model's (contracts/models/online/Words.sol)
TOP = 8_191  # the largest weight to begin with, a quarter of the range: room to learn
FASTEST = (1 << 14) - 1  # the largest learning rate that contracts accept
LIMIT = 512  # features in a sample
ALPHAS = (3.0, 30.0, 300.0, 3000.0)  # how much a correction is held back
FOLDS = 5
ENOUGH = 10_000  # samples to correct by
PASSES = 100  # over the data, after which scikit-learn's solvers end by default
FULL = 256  # a dense model's intercept counts as this feature
_LINEAR = ("SGDClassifier", "Perceptron", "LogisticRegression")
_HAS = "SGDClassifier, Perceptron, LogisticRegression, NearestCentroid or MultinomialNB"


@dataclass(frozen=True)
class Converted:
    """`labels` are the classes' names, in the order of the on-chain labels."""

    encoder: Encoder
    model: OnChainModel
    labels: tuple[str, ...]


def convert(pipeline: "Pipeline", samples: object, rate: float | None = None) -> Converted:
    """Make integers of a trained pipeline. `samples` calibrate it: best the training data.

    `rate` is the learning rate in the pipeline's own units; by default that with which its training ended.
    Raises ModelError for a pipeline that no on-chain model can hold.
    """
    check_vocabulary(pipeline)
    classifier = pipeline.steps[-1][1]
    kind, rows = type(classifier).__name__, max(len(classifier.classes_), 2)
    seen = _seen(pipeline, samples)
    if kind in _LINEAR:
        if isinstance(seen, NumberInput) and _is_logistic(classifier):
            seen = read_bins(pipeline, samples, 1 if rows == 2 else rows, LIMIT)
        model = _linear(classifier, seen, rate)
    elif kind == "NearestCentroid":
        model = (
            _sparse_centroid(classifier, seen)
            if isinstance(seen, SparseInput)
            else _centroid(classifier, seen)
        )
    elif kind == "MultinomialNB" and isinstance(seen, SparseInput):
        model = _bayes(classifier, seen)
    else:
        if kind == "MultinomialNB":
            raise ModelError("a MultinomialNB counts what is there", "Put a KBinsDiscretizer before it.")
        raise ModelError(f"a {kind} does not fit a contract here", f"Train a {_HAS}.")
    _check_size(model)
    return Converted(seen.encoder, model, tuple(str(label) for label in classifier.classes_))


def _seen(pipeline: "Pipeline", samples: object) -> SparseInput | NumberInput:
    if type(pipeline.steps[0][1]).__name__ == "KBinsDiscretizer":
        return read_discretized(pipeline, samples, LIMIT)
    return read_input(pipeline, samples)


def _is_logistic(classifier: object) -> bool:
    return type(classifier).__name__ == "LogisticRegression" or getattr(classifier, "loss", "") == "log_loss"


def _check_size(model: OnChainModel) -> None:
    size = BEFORE_BASE + len(model.to_bytes())
    if size > LARGEST_CODE:
        raise ModelError(
            f"the model has {size} bytes; a contract holds {LARGEST_CODE} at most",
            "Train it with fewer words, hash buckets or classes: about 12,000 numbers fit.",
        )


def _linear(
    classifier: "ClassifierMixin", seen: SparseInput | NumberInput, rate: float | None
) -> OnChainModel:
    eta = _final_rate(classifier, seen.seen.shape[0]) if rate is None else rate
    classes = len(classifier.classes_)
    if isinstance(seen, NumberInput):
        return _dense_linear(classifier, seen, classes, eta)
    weights = np.asarray(classifier.coef_)[:, seen.columns] * seen.values
    table = np.hstack([np.asarray(classifier.intercept_).reshape(-1, 1), weights])
    table = _corrected(table, seen, classifier.decision_function(seen.seen))
    eta *= float(np.mean(seen.values**2))
    dims = table.shape[1]
    limit = min(LIMIT, dims - 1)
    if _is_logistic(classifier):
        bits = log_bits(table)
        step = _rate(eta * 2**bits)
        return SparseLogistic(dims, classes, rate=step, bits=bits, limit=limit).with_weights(table * 2**bits)
    scale = _scale(table, eta)
    scores = seen.seen @ np.asarray(classifier.coef_).T + classifier.intercept_
    bits = certain_bits(np.asarray(scores) * scale)
    model = SparsePerceptron(dims, classes, rate=_rate(eta * scale), bits=bits, limit=limit)
    return model.with_weights(table * scale)


def _corrected(table: Floats, seen: SparseInput, scores: object) -> Floats:
    """The weights that agree most, on presence alone, with what the classifier says of the whole samples.

    Either those of `table`, or these and what a ridge regression makes of the difference; which of them, and
    how much it is held back, is told by cross-validation.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_predict

    every = -(-seen.present.shape[0] // ENOUGH)
    present = seen.present[::every]
    wanted = np.asarray(scores).reshape(seen.present.shape[0], -1)[::every]
    said = np.asarray(present @ table[:, 1:].T + table[:, 0])

    def agreement(predicted: Floats) -> float:
        return float(np.mean(_labels(predicted) == _labels(wanted)))

    best, chosen = agreement(said), None
    for alpha in ALPHAS if len(said) >= FOLDS and best < 1 else ():
        guess = cross_val_predict(Ridge(alpha), present, wanted - said, cv=FOLDS).reshape(said.shape)
        found = agreement(said + guess)
        if found > best:
            best, chosen = found, alpha
    if chosen is None:
        return table
    ridge = Ridge(chosen).fit(present, wanted - said)
    shift = np.hstack([np.reshape(ridge.intercept_, (-1, 1)), np.reshape(ridge.coef_, (len(table), -1))])
    corrected: Floats = table + shift
    return corrected


def _labels(scores: Floats) -> Any:
    """The label of each row of scores."""
    return scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)


def _dense_linear(classifier: "ClassifierMixin", seen: NumberInput, classes: int, eta: float) -> OnChainModel:
    own = np.asarray(classifier.coef_)[:, seen.order]
    weights = own * seen.slopes
    intercept = classifier.intercept_ + own @ seen.starts
    # A contract moves weight j by rate · byte j / 256; training moved it by eta · slope j · what it saw.
    shown = seen.seen[:, seen.order]
    bytes_ = (shown - seen.starts) / np.where(seen.slopes == 0, 1.0, seen.slopes)
    sizes = np.sqrt((shown**2).mean(axis=0)) / np.maximum(np.sqrt((bytes_**2).mean(axis=0)), 1.0)
    eta *= FULL * float(np.mean(np.abs(seen.slopes) * sizes))
    scale = _scale(np.hstack([intercept.reshape(-1, 1) / FULL, weights]), eta)
    scores = shown @ own.T + classifier.intercept_
    model = DensePerceptron(
        weights.shape[1], classes, rate=_rate(eta * scale), bits=certain_bits(scores * scale)
    )
    return model.with_weights(weights * scale, intercept * scale / FULL)


def _scale(weights: Floats, eta: float) -> float:
    """What weights are multiplied with: the largest is TOP, the learning rate still fits."""
    largest = float(np.abs(weights).max())
    if not math.isfinite(largest):
        raise ModelError("a weight is not a number", "Train the model again.")
    scale = TOP / largest if largest else 1.0
    return min(scale, FASTEST / eta) if eta > 0 else scale


def _rate(value: float) -> int:
    return int(min(max(round(value), 1), FASTEST))


def log_bits(weights: Floats) -> int:
    largest = float(np.abs(weights).max())
    fits = math.floor(math.log2((1 << 14) / largest)) if largest else 12
    return int(min(max(fits, 1), 12))


def certain_bits(scores: npt.ArrayLike) -> int:
    """The width of the margin beyond which the model counts as sure: nine of ten samples are within."""
    width = float(np.quantile(np.abs(np.asarray(scores)), 0.9)) or 1.0
    return int(min(max(round(math.log2(max(width, 1.0))), 1), 30))


def _final_rate(classifier: "ClassifierMixin", samples: int) -> float:
    """The learning rate with which training ended, or where it had none, that after PASSES of descent."""
    if type(classifier).__name__ == "LogisticRegression":
        return _optimal(1.0 / (classifier.C * samples), PASSES * samples)
    kind, steps = getattr(classifier, "learning_rate", "constant"), float(getattr(classifier, "t_", 1.0))
    if type(classifier).__name__ == "Perceptron" or kind in ("constant", "adaptive"):
        return float(classifier.eta0)
    if kind == "invscaling":
        return float(classifier.eta0 / steps**classifier.power_t)
    return _optimal(float(classifier.alpha), steps)


def _optimal(alpha: float, steps: float) -> float:
    """scikit-learn's schedule "optimal", after L. Bottou."""
    typical = math.sqrt(1.0 / math.sqrt(alpha))
    return 1.0 / (alpha * (1.0 / (typical * alpha) + steps))


def _sparse_centroid(classifier: "ClassifierMixin", seen: SparseInput) -> OnChainModel:
    _check_unsigned(seen)
    centroids = np.asarray(classifier.centroids_)[:, seen.columns] / seen.values
    samples = _samples(classifier, seen.seen.shape[0])
    counts = np.clip(centroids.T, 0.0, 1.0) * samples
    table = np.vstack([samples, counts])
    dims, classes = table.shape
    return SparseNearestCentroid(dims, classes, limit=min(LIMIT, dims - 1)).with_counts(table)


def _centroid(classifier: "ClassifierMixin", seen: NumberInput) -> OnChainModel:
    if classifier.metric != "euclidean":
        raise ModelError("only Euclidean centroids fit a contract", "Train without setting `metric`.")
    own = np.asarray(classifier.centroids_)[:, seen.order]
    centroids = (own - seen.starts) / np.where(seen.slopes == 0, 1.0, seen.slopes)
    classes, dims = centroids.shape
    return NearestCentroid(dims, classes).with_centroids(centroids, _samples(classifier, len(seen.seen)))


def _samples(classifier: "ClassifierMixin", total: int) -> Floats:
    shares = np.asarray(getattr(classifier, "class_prior_", np.full(len(classifier.classes_), np.nan)))
    shares = np.where(np.isfinite(shares), shares, 1.0 / len(shares))
    samples: Floats = np.maximum(np.rint(shares * total), 1.0)
    return samples


def _bayes(classifier: "ClassifierMixin", seen: SparseInput) -> OnChainModel:
    """(n + α) / (N + α V) is (n/α + 1) / (N/α + V): counts are divided by the smoothing."""
    _check_unsigned(seen)
    # how often a word was seen, as in how many samples: that is all that a contract counts
    counts = (np.asarray(classifier.feature_count_)[:, seen.columns] / seen.values).T
    table = np.vstack([np.asarray(classifier.class_count_), counts])
    smoothing = float(classifier.alpha)
    table = table / (smoothing if smoothing > 0 else 1.0)
    table *= min(1.0, 60_000 / max(float(table.max()), 1.0))  # uint16, with room to count on
    dims, classes = table.shape
    return NaiveBayes(dims, classes, limit=min(LIMIT, dims - 1)).with_counts(table)


def _check_unsigned(seen: SparseInput) -> None:
    if (seen.values < 0).any():
        raise ModelError(
            "counts cannot be negative", "Train the HashingVectorizer with alternate_sign=False."
        )
