"""Data that ship with scikit-learn, and how parties share them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.systems.federation.simulation.networks import Floats, Labels

Rows = NDArray[np.int64]
_LEAST = 5


@dataclass(frozen=True)
class Data:
    """Rows that parties share, and rows that only judge."""

    features: Floats
    labels: Labels
    test_features: Floats
    test_labels: Labels


def digits(seed: int) -> Data:
    """1,400 and 397 handwritten digits of 8 × 8 pixels, in another order for each seed."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return _split(found.data / 16, found.target, 397, seed)


def cancer(seed: int) -> Data:
    """429 and 140 biopsies with 30 features (the Wisconsin diagnostic data), standardized by the former."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    data = _split(found.data, found.target, 140, seed)
    middle, spread = data.features.mean(axis=0), data.features.std(axis=0)
    return Data(
        (data.features - middle) / spread,
        data.labels,
        (data.test_features - middle) / spread,
        data.test_labels,
    )


def _split(features: Floats, labels: Labels, tested: int, seed: int) -> Data:
    order = np.random.default_rng(seed).permutation(len(labels))
    features, labels = features[order], labels[order].astype(np.int64)
    return Data(features[:-tested], labels[:-tested], features[-tested:], labels[-tested:])


def shared(labels: Labels, parties: int, rng: np.random.Generator, alpha: float = 0.0) -> list[Rows]:
    """The numbers of each party's rows: drawn from all alike, unless `alpha` says otherwise.

    Shares of each class are then drawn from Dirichlet(`alpha`), again until each party has a few rows; the
    smaller it is, the fewer classes a party has (Hsu, Qi and Brown, 2019).
    """
    if not alpha:
        return [np.asarray(part) for part in np.array_split(rng.permutation(len(labels)), parties)]
    while True:
        parts: list[list[int]] = [[] for _ in range(parties)]
        for label in np.unique(labels):
            rows = rng.permutation(np.flatnonzero(labels == label))
            shares = rng.dirichlet([alpha] * parties)
            cuts = (np.cumsum(shares)[:-1] * len(rows)).astype(int)
            for part, piece in zip(parts, np.split(rows, cuts), strict=True):
                part.extend(piece.tolist())
        if min(map(len, parts)) >= _LEAST:
            return [np.array(part, np.int64) for part in parts]
