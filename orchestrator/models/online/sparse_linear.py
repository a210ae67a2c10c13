"""Linear models over sparse binary features: contracts/models/online/SparseLinear.sol and its heirs."""

from typing import Self

import numpy as np
import numpy.typing as npt

from orchestrator.models.online import weights as layout
from orchestrator.models.online.base import (
    CERTAINTY_ONE,
    SparseModel,
    Verdict,
    best_label,
    certainty_of_margin,
    lead,
)
from orchestrator.models.online.features import Indices
from orchestrator.models.online.fixedpoint import SIGMOID_BITS, SIGMOID_ONE, sigmoid


class SparseLinear(SparseModel):
    """int16 weights, feature 0 the intercept; one row for two classes (1 above zero), else one for each."""

    def __init__(
        self, dims: int, classes: int = 2, *, rate: int = 256, bits: int = 12, limit: int = 512
    ) -> None:
        self.dims = dims
        self.classes = classes
        self.rate = rate
        self.bits = bits
        self.limit = limit

    @property
    def n_labels(self) -> int:
        """How many labels there are."""
        return self.classes

    @property
    def rows(self) -> int:
        """How many weight vectors there are."""
        return 1 if self.classes == 2 else self.classes

    def to_bytes(self) -> bytes:
        """The weights, row after row, 2^15 added."""
        return layout.pack(self.coef_.ravel() + layout.ZERO)

    def restore(self, model: bytes) -> Self:
        """Take over words that `to_bytes` gave."""
        lanes = layout.unpack(model, self.rows * self.dims)
        return self.with_weights((lanes - layout.ZERO).reshape(self.rows, self.dims))

    def with_weights(self, weights: npt.ArrayLike) -> Self:
        """Take over weights of shape (rows, dims), column 0 the intercepts, rounded and saturated."""
        self._reset()
        rounded = np.rint(np.asarray(weights, dtype=float))
        self.coef_[:] = np.clip(rounded, layout.INT16_MIN, layout.INT16_MAX).astype(np.int64)
        return self

    def _params(self, base_bytes: int) -> layout.ModelParams:
        return layout.ModelParams(self.dims, self.classes, self.limit, self.rate, self.bits, base_bytes)

    def _reset(self) -> None:
        self.classes_ = np.arange(self.classes)
        self.coef_ = np.zeros((self.rows, self.dims), dtype=np.int64)

    def _score(self, features: Indices, row: int) -> int:
        weights = self.coef_[row]
        return int(weights[0]) + int(weights[features].sum())

    def _scores(self, features: Indices) -> list[int]:
        return [self._score(features, row) for row in range(self.rows)]

    def _classify(self, features: Indices) -> int:
        return self._label(self._scores(features))

    def _judge(self, features: Indices, y: int) -> tuple[int, int]:
        scores = self._scores(features)
        return self._label(scores), self._margin(scores, y)

    def _label(self, scores: list[int]) -> int:
        if self.rows == 1:
            return int(scores[0] > 0)
        return best_label(scores)

    def _margin(self, scores: list[int], y: int) -> int:
        """By how much `y` leads the best other label."""
        if self.rows == 1:
            return scores[0] if y == 1 else -scores[0]
        return lead(scores, y)

    def _shift(self, features: Indices, row: int, step: int) -> None:
        """Add `step` to the intercept and to the features' weights, saturating."""
        weights = self.coef_[row]
        weights[0] = min(max(int(weights[0]) + step, layout.INT16_MIN), layout.INT16_MAX)
        weights[features] = np.clip(weights[features] + step, layout.INT16_MIN, layout.INT16_MAX)


class SparsePerceptron(SparseLinear):
    """The perceptron: it learns from its mistakes only, by `rate` per weight.

    Source: F. Rosenblatt, The perceptron (1958); several classes as in K. Crammer & Y. Singer (2003).
    """

    part = "SparsePerceptron"

    def _learn(self, features: Indices, y: int) -> Verdict:
        scores = self._scores(features)
        predicted = self._label(scores)
        certainty = certainty_of_margin(self._margin(scores, y), self.bits)
        if predicted == y:
            return Verdict(predicted, certainty, False)
        if self.rows == 1:
            self._shift(features, 0, self.rate if y == 1 else -self.rate)
        else:
            self._shift(features, y, self.rate)
            self._shift(features, predicted, -self.rate)
        return Verdict(predicted, certainty, True)


class SparseLogistic(SparseLinear):
    """Logistic regression by online gradient descent; several classes one against the rest.

    Weights have `bits` fractional bits; each moves by rate · (t − p).
    """

    part = "SparseLogistic"

    def _learn(self, features: Indices, y: int) -> Verdict:
        scores = self._scores(features)
        predicted = self._label(scores)
        chances = [sigmoid(score, self.bits) for score in scores]
        targets = [y == 1] if self.rows == 1 else [row == y for row in range(self.rows)]
        changed = False
        for row, (target, p) in enumerate(zip(targets, chances, strict=True)):
            step = (self.rate * ((SIGMOID_ONE if target else 0) - p) + SIGMOID_ONE // 2) >> SIGMOID_BITS
            if step:
                self._shift(features, row, step)
                changed = True
        chance = chances[y] if self.rows > 1 else chances[0] if y == 1 else SIGMOID_ONE - chances[0]
        certainty = max(1, (chance * CERTAINTY_ONE + SIGMOID_ONE // 2) >> SIGMOID_BITS)
        return Verdict(predicted, certainty, changed)
