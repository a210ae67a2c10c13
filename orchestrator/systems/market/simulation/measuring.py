"""The reference's measuring, with the whole test set judged at once: the same integers, in numpy."""

import numpy as np
import numpy.typing as npt

from orchestrator.models.online.references import NaiveBayes, OnChainModel, SparsePerceptron
from orchestrator.systems.market.reference.measuring import Measuring, Tally
from orchestrator.systems.market.reference.rules import ACCURACY

CLOSE = 1e-3
"""Scores that differ by less (in bits) are left to the model's own integers."""


class FastMeasuring(Measuring):
    """Measures by accuracy; other losses are left to the reference."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._xs = [x for _, (x, _) in self.samples]
        self._ys = np.array([y for _, (_, y) in self.samples])
        self._paying = np.array([not validates for validates, _ in self.samples])
        dims = getattr(self.model, "dims", 0)
        self._rows = np.zeros((len(self._xs), dims))
        for row, x in zip(self._rows, self._xs, strict=True):
            row[np.frombuffer(x, dtype=">u2")] = 1

    def _measure(self, work: int) -> int:
        if self.rules.loss != ACCURACY or self.seen or work < len(self._xs):
            return super()._measure(work)
        wrong = labels(self.model, self._rows, self._xs) != self._ys
        self.tallies = Tally(int(wrong[self._paying].sum())), Tally(int(wrong[~self._paying].sum()))
        self._judge()
        return len(self._xs)


def labels(model: OnChainModel, rows: npt.NDArray[np.float64], xs: list[bytes]) -> npt.NDArray[np.int64]:
    """What `model` says of each row (shape (n, dims), ones and zeros), of which `xs` are the encoded ones."""
    if isinstance(model, SparsePerceptron) and model.rows == 1:
        weights = model.coef_[0].astype(float)  # integers below 2^53 in all
        return np.asarray(rows @ weights + weights[0] > 0, dtype=np.int64)
    if not isinstance(model, NaiveBayes):
        return np.array([model.classify(x) for x in xs])
    counts = model.counts_.astype(float)
    totals = np.log2(np.array([float(s + model.dims - 1) for s in model.stats_]))
    scores = rows @ np.log2(counts + 1) - rows.sum(axis=1, keepdims=True) * totals + np.log2(counts[0] + 1)
    order = np.sort(scores, axis=1)
    best = scores.argmax(axis=1)
    for i in np.flatnonzero(order[:, -1] - order[:, -2] < CLOSE):
        best[i] = model.classify(xs[i])
    return np.asarray(best, dtype=np.int64)
