"""Models over dense features of one byte each: contracts/models/online/DenseLanes.sol and its heirs."""

from collections.abc import Iterator
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt

from orchestrator.errors import DataError
from orchestrator.models.online import weights as layout
from orchestrator.models.online.base import OnChainModel, Verdict, best_label, certainty_of_margin, lead
from orchestrator.models.online.features import decode_dense, encode_dense
from orchestrator.models.online.sparse_counts import FURTHEST, STATS_LANES, pack_stats, unpack_stats

Values = npt.NDArray[np.int64]
GROUP = 32  # features to two words
FULL_FEATURE = 256  # the intercept's


@cache
def _order(dims: int) -> Values:
    """The lane, counted from a row's first one on, of each feature."""
    group, byte = np.divmod(np.arange(dims), GROUP)
    j, s = np.divmod(GROUP - 1 - byte, 4)
    lanes: Values = group * GROUP + s // 2 * layout.LANES + 2 * (7 - j) + s % 2
    return lanes


def _pack_rows(head: layout.Lanes, rows: Values) -> bytes:
    count, dims = rows.shape
    lanes = np.zeros((count, dims + -dims % GROUP), dtype=np.int64)
    lanes[:, _order(dims)] = rows
    return layout.pack(np.concatenate([layout.pad(head), lanes.ravel()]))


def _unpack_rows(model: bytes, head: int, count: int, dims: int) -> tuple[layout.Lanes, Values]:
    start = len(layout.pad(np.zeros(head)))
    width = dims + -dims % GROUP
    lanes = layout.unpack(model, start + count * width)
    return lanes[:head], lanes[start:].reshape(count, width)[:, _order(dims)]


class DenseModel(OnChainModel):
    """A reference over `dims` features from 0 to 255; other numbers are rounded and clipped."""

    dims: int
    classes: int

    @property
    def n_labels(self) -> int:
        """How many labels there are."""
        return self.classes

    def _decode(self, x: bytes) -> Values:
        return decode_dense(x, self.dims)

    def _encode(self, features: Values) -> bytes:
        return encode_dense(features)

    def _rows(self, X: object) -> Iterator[Values]:
        rows = np.asarray(X, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != self.dims:
            raise DataError(f"X has shape {rows.shape}; this model takes {self.dims} columns")
        yield from np.clip(np.rint(rows), 0, 255).astype(np.int64)


class DensePerceptron(DenseModel):
    """The perceptron: score = 256·w₀ + Σ w·x; from a mistake weights move by rate·x / 256, rounded."""

    part = "DensePerceptron"

    def __init__(self, dims: int, classes: int = 2, *, rate: int = 256, bits: int = 20) -> None:
        self.dims = dims
        self.classes = classes
        self.rate = rate
        self.bits = bits

    @property
    def rows(self) -> int:
        """How many weight vectors there are."""
        return 1 if self.classes == 2 else self.classes

    def to_bytes(self) -> bytes:
        """The intercepts, then the rows, 2^15 added."""
        return _pack_rows(self.intercept_ + layout.ZERO, self.coef_ + layout.ZERO)

    def restore(self, model: bytes) -> Self:
        """Take over words that `to_bytes` gave."""
        head, rows = _unpack_rows(model, self.rows, self.rows, self.dims)
        return self.with_weights(rows - layout.ZERO, head - layout.ZERO)

    def with_weights(self, weights: npt.ArrayLike, intercept: npt.ArrayLike) -> Self:
        """Take over weights (rows, dims) and intercepts (rows), in units of 256, rounded and saturated."""
        self._reset()
        for mine, given in ((self.coef_, weights), (self.intercept_, intercept)):
            rounded = np.rint(np.asarray(given, dtype=float))
            mine[:] = np.clip(rounded, layout.INT16_MIN, layout.INT16_MAX).astype(np.int64)
        return self

    def _params(self, base_bytes: int) -> layout.ModelParams:
        return layout.ModelParams(self.dims, self.classes, 0, self.rate, self.bits, base_bytes)

    def _reset(self) -> None:
        self.classes_ = np.arange(self.classes)
        self.coef_ = np.zeros((self.rows, self.dims), dtype=np.int64)
        self.intercept_ = np.zeros(self.rows, dtype=np.int64)

    def _scores(self, features: Values) -> list[int]:
        scores: list[int] = (self.coef_ @ features + FULL_FEATURE * self.intercept_).tolist()
        return scores

    def _label(self, scores: list[int]) -> int:
        return int(scores[0] > 0) if self.rows == 1 else best_label(scores)

    def _classify(self, features: Values) -> int:
        return self._label(self._scores(features))

    def _learn(self, features: Values, y: int) -> Verdict:
        scores = self._scores(features)
        predicted = self._label(scores)
        binary = self.rows == 1
        margin = (scores[0] if y == 1 else -scores[0]) if binary else lead(scores, y)
        if predicted != y:
            self._move(features, 0 if binary else y, 1 if y == 1 or not binary else -1)
            if not binary:
                self._move(features, predicted, -1)
        return Verdict(predicted, certainty_of_margin(margin, self.bits), predicted != y)

    def _move(self, features: Values, row: int, sign: int) -> None:
        step = sign * ((features * self.rate + 128) >> 8)
        self.coef_[row] = np.clip(self.coef_[row] + step, layout.INT16_MIN, layout.INT16_MAX)
        intercept = int(self.intercept_[row]) + sign * self.rate
        self.intercept_[row] = min(max(intercept, layout.INT16_MIN), layout.INT16_MAX)


class NearestCentroid(DenseModel):
    """The nearest centroid, 8 fractional bits, moving by 1 / (n + 1) of the way, n below `window`."""

    part = "NearestCentroid"

    def __init__(self, dims: int, classes: int = 2, *, window: int = 4096, bits: int = 26) -> None:
        self.dims = dims
        self.classes = classes
        self.window = window
        self.bits = bits

    def to_bytes(self) -> bytes:
        """For each class n and ‖c‖², then the centroids."""
        stats = [
            norm << 16 | samples for norm, samples in zip(self._norms(), self.samples_.tolist(), strict=True)
        ]
        return _pack_rows(pack_stats(stats), self.centroids_)

    def restore(self, model: bytes) -> Self:
        """Take over words that `to_bytes` gave."""
        self._reset()
        head, self.centroids_ = _unpack_rows(model, STATS_LANES * self.classes, self.classes, self.dims)
        self.samples_[:] = [stat & layout.UINT16_MAX for stat in unpack_stats(head)]
        return self

    def with_centroids(self, centroids: npt.ArrayLike, samples: npt.ArrayLike) -> Self:
        """Take over centroids (classes, dims), from 0 to 255, and how many samples each stands for."""
        self._reset()
        scaled = np.rint(np.asarray(centroids, dtype=float) * 256)
        self.centroids_[:] = np.clip(scaled, 0, layout.UINT16_MAX).astype(np.int64)
        self.samples_[:] = np.minimum(np.asarray(samples), self.window)
        return self

    def _params(self, base_bytes: int) -> layout.ModelParams:
        return layout.ModelParams(self.dims, self.classes, 0, self.window, self.bits, base_bytes)

    def _reset(self) -> None:
        self.classes_ = np.arange(self.classes)
        self.centroids_ = np.zeros((self.classes, self.dims), dtype=np.int64)
        self.samples_ = np.zeros(self.classes, dtype=np.int64)

    def _norms(self) -> list[int]:
        norms: list[int] = (self.centroids_**2).sum(axis=1).tolist()
        return norms

    def _scores(self, features: Values) -> list[int]:
        products = (self.centroids_ @ features).tolist()
        return [
            512 * product - norm if samples else FURTHEST
            for product, norm, samples in zip(products, self._norms(), self.samples_.tolist(), strict=True)
        ]

    def _classify(self, features: Values) -> int:
        return best_label(self._scores(features))

    def _learn(self, features: Values, y: int) -> Verdict:
        scores = self._scores(features)
        samples = min(int(self.samples_[y]) + 1, self.window)
        self.samples_[y] = samples
        r = ((1 << 16) + samples // 2) // samples
        blend = self.centroids_[y] * ((1 << 16) - r) + features * 256 * r + (1 << 15)
        self.centroids_[y] = blend >> 16
        return Verdict(best_label(scores), certainty_of_margin(lead(scores, y), self.bits), True)
