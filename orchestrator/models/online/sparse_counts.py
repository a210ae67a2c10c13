"""Models that count sparse binary features: contracts/models/online/SparseCounts.sol and its heirs."""

from abc import abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt

from orchestrator.models.online import weights as layout
from orchestrator.models.online.base import SparseModel, Verdict, best_label, certainty_of_margin, lead
from orchestrator.models.online.features import Indices
from orchestrator.models.online.fixedpoint import LOG_BITS, log2

STATS_LANES = 4  # 64 bits for each class
FURTHEST = -(1 << 200)


def pack_stats(stats: list[int]) -> layout.Lanes:
    """64-bit statistics as lanes."""
    return np.array([value >> 16 * lane & 0xFFFF for value in stats for lane in range(STATS_LANES)])


def unpack_stats(lanes: layout.Lanes) -> list[int]:
    """The statistics that `pack_stats` packed."""
    quads = lanes.reshape(-1, STATS_LANES).tolist()
    return [sum(value << 16 * lane for lane, value in enumerate(quad)) for quad in quads]


class SparseCounts(SparseModel):
    """uint16 counts of shape (dims, classes), row 0 those of the samples; one statistic for each class."""

    def __init__(self, dims: int, classes: int = 2, *, bits: int = 18, limit: int = 512) -> None:
        self.dims = dims
        self.classes = classes
        self.bits = bits
        self.limit = limit

    @property
    def n_labels(self) -> int:
        """How many labels there are."""
        return self.classes

    def to_bytes(self) -> bytes:
        """The statistics, then from a word of its own on the counts, feature by feature."""
        counts = np.zeros((self.dims, self._stride), dtype=np.int64)
        counts[:, : self.classes] = self.counts_
        return layout.pack(np.concatenate([layout.pad(pack_stats(self.stats_)), counts.ravel()]))

    def restore(self, model: bytes) -> Self:
        """Take over words that `to_bytes` gave."""
        self._reset()
        head = STATS_LANES * self.classes
        start = len(layout.pad(np.zeros(head)))
        lanes = layout.unpack(model, start + self.dims * self._stride)
        self.stats_ = unpack_stats(lanes[:head])
        self.counts_ = lanes[start:].reshape(self.dims, self._stride)[:, : self.classes].copy()
        return self

    @property
    def _stride(self) -> int:
        """The lanes of a feature: its classes, rounded up to a power of two."""
        return 1 << (self.classes - 1).bit_length()

    def with_counts(self, counts: npt.ArrayLike) -> Self:
        """Take over counts of shape (dims, classes), row 0 those of the samples, saturated to uint16."""
        self._reset()
        self.counts_[:] = np.clip(np.rint(np.asarray(counts, dtype=float)), 0, layout.UINT16_MAX).astype(
            np.int64
        )
        self.stats_ = [self._statistic(self.counts_[1:, label]) for label in range(self.classes)]
        return self

    def _params(self, base_bytes: int) -> layout.ModelParams:
        return layout.ModelParams(self.dims, self.classes, self.limit, 0, self.bits, base_bytes)

    def _reset(self) -> None:
        self.classes_ = np.arange(self.classes)
        self.counts_ = np.zeros((self.dims, self.classes), dtype=np.int64)
        self.stats_ = [0] * self.classes

    def _classify(self, features: Indices) -> int:
        return best_label(self._scores(features))

    def _judge(self, features: Indices, y: int) -> tuple[int, int]:
        scores = self._scores(features)
        return best_label(scores), lead(scores, y)

    def _learn(self, features: Indices, y: int) -> Verdict:
        scores = self._scores(features)
        certainty = certainty_of_margin(lead(scores, y), self.bits)
        return Verdict(best_label(scores), certainty, self._count(features, y))

    def _add(self, features: Indices, y: int) -> None:
        for rows in (np.zeros(1, dtype=np.int64), features):
            self.counts_[rows, y] = np.minimum(self.counts_[rows, y] + 1, layout.UINT16_MAX)

    @abstractmethod
    def _scores(self, features: Indices) -> list[int]: ...

    @abstractmethod
    def _count(self, features: Indices, y: int) -> bool: ...

    @abstractmethod
    def _statistic(self, counts: layout.Lanes) -> int: ...


def _excess(product: int) -> int:
    """How many bits to cut off: 0, 64 or 128."""
    return 64 * ((product >> 128 > 0) + (product >> 192 > 0))


class NaiveBayes(SparseCounts):
    """Multinomial naive Bayes in the log domain, add-one smoothing; a class's statistic is its counts' sum.

    Source: C. Manning, P. Raghavan & H. Schütze, Introduction to Information Retrieval (2008), 13.2,
    binarized.
    """

    part = "NaiveBayes"

    def _scores(self, features: Indices) -> list[int]:
        return [
            self._log_product(features, label) - log2(self.stats_[label] + self.dims - 1) * len(features)
            for label in range(self.classes)
        ]

    def _log_product(self, features: Indices, label: int) -> int:
        """Σ log(n + 1), as the logarithm of a product that is cut to less than 2^128 after each word."""
        counts = self.counts_[features, label].tolist()
        words = (features * self._stride // layout.LANES).tolist()
        product, exponent, current = int(self.counts_[0, label]) + 1, 0, 0
        for word, count in zip(words, counts, strict=True):
            if word != current:
                cut = _excess(product)
                product, exponent, current = product >> cut, exponent + cut, word
            product *= count + 1
        cut = _excess(product)
        return (exponent + cut << LOG_BITS) + log2(product >> cut)

    def _count(self, features: Indices, y: int) -> bool:
        self._add(features, y)
        self.stats_[y] += len(features)
        return True

    def _statistic(self, counts: layout.Lanes) -> int:
        return int(counts.sum())


class SparseNearestCentroid(SparseCounts):
    """The nearest centroid c[f] = n[f] / n; the statistic is the sum of the squares of a class's counts."""

    part = "SparseNearestCentroid"

    def __init__(self, dims: int, classes: int = 2, *, bits: int = 32, limit: int = 512) -> None:
        super().__init__(dims, classes, bits=bits, limit=limit)

    def _scores(self, features: Indices) -> list[int]:
        return [self._score(features, label) for label in range(self.classes)]

    def _score(self, features: Indices, label: int) -> int:
        samples = int(self.counts_[0, label])
        if samples == 0:
            return FURTHEST
        numerator = 2 * int(self.counts_[features, label].sum()) * samples - self.stats_[label] << 32
        quotient = abs(numerator) // samples**2  # Solidity rounds towards zero
        return quotient if numerator >= 0 else -quotient

    def _count(self, features: Indices, y: int) -> bool:
        if self.counts_[0, y] == layout.UINT16_MAX:
            return False
        self.stats_[y] += 2 * int(self.counts_[features, y].sum()) + len(features)
        self._add(features, y)
        return True

    def _statistic(self, counts: layout.Lanes) -> int:
        return int((counts * counts).sum())
