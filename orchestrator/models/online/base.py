"""What all references share: the integers of a contract, and the estimator interface of scikit-learn."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from orchestrator.errors import DataError
from orchestrator.models.online import weights as layout
from orchestrator.models.online.features import Indices, decode_sparse, encode_sparse

SETTINGS = {"window": "rate"}
"""Where a contract's setting has another name than the estimator's."""

CERTAINTY_ONE = 16  # P(h(x) = y) is counted in sixteenths


@dataclass(frozen=True)
class Verdict:
    """What a model made of a sample before it learned it, as the contract's `_learn` returns it.

    `certainty` is P(h(x) = y) in sixteenths, 1 to 16; `changed` whether any prediction may have changed.
    """

    predicted: int
    certainty: int
    changed: bool


def certainty_of_margin(margin: int, bits: int) -> int:
    """A straight line: 8 where `margin` is 0, 16 from 2**bits on, 1 at least."""
    return max(1, min(CERTAINTY_ONE, CERTAINTY_ONE // 2 + ((margin << 3) >> bits)))


class OnChainModel(ABC):
    """A model that a contract holds, in Python integers: the same predictions, updates and words.

    `learn` and `classify` take a contribution's bytes, as the contract does; `partial_fit` and `predict` take
    rows of numbers, as scikit-learn does. It is an estimator of scikit-learn without importing it, which
    takes longer than reading a contract.
    """

    bits: int  # the width of the margin over which certainty rises, as a power of two
    part: ClassVar[str]  # the name of the contract that implements it

    # -- the contract's side --------------------------------------------------------------------------------

    def learn(self, x: bytes, y: int) -> Verdict:
        """Predict `x`, then learn that it is a `y`. Raises DataError where the contract reverts."""
        if not 0 <= y < self.n_labels:
            raise DataError(f"there are {self.n_labels} labels, from 0; {y} is not one")
        return self._learn(self._decode(x), y)

    def classify(self, x: bytes) -> int:
        """The label that the contract's `predict` returns. Raises DataError where the contract reverts."""
        return self._classify(self._decode(x))

    def judge(self, x: bytes, y: int) -> tuple[int, int]:
        """The label of `x`, and by how much `y` leads the best other label."""
        return self._judge(self._decode(x), y)

    def words(self) -> list[int]:
        """The words that the contract's `words` shows."""
        return layout.to_words(self.to_bytes())

    def arguments(self) -> bytes:
        """The model as it is now, as the last part of what SumFactory.create takes: shape and base."""
        base = self.to_bytes()
        return self._params(len(base)).pack().to_bytes(32, "big") + base

    @property
    @abstractmethod
    def n_labels(self) -> int:
        """How many labels there are."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The model's words, big-endian: what the contract has as its base when it starts from here."""

    @abstractmethod
    def restore(self, model: bytes) -> Self:
        """Take over words that `to_bytes` gave."""

    @classmethod
    def of_params(cls, params: layout.ModelParams) -> Self:
        """The model with a contract's settings, before it has learned anything."""
        names = inspect.signature(cls).parameters
        return cls(**{name: getattr(params, SETTINGS.get(name, name)) for name in names})

    @abstractmethod
    def _params(self, base_bytes: int) -> layout.ModelParams: ...

    @abstractmethod
    def _decode(self, x: bytes) -> Any: ...

    @abstractmethod
    def _learn(self, features: Indices, y: int) -> Verdict: ...

    @abstractmethod
    def _classify(self, features: Indices) -> int: ...

    def _judge(self, features: Indices, y: int) -> tuple[int, int]:
        raise NotImplementedError(f"there is no market for a {self.part}")

    # -- scikit-learn's side --------------------------------------------------------------------------------

    @abstractmethod
    def _rows(self, X: object) -> Iterator[Any]:
        """The features of each row, decoded."""

    def encode(self, X: object) -> list[bytes]:
        """Each row of `X`, as a contribution carries it."""
        return [self._encode(row) for row in self._rows(X)]

    @abstractmethod
    def _encode(self, features: Indices) -> bytes: ...

    def fit(self, X: object, y: npt.ArrayLike) -> Self:
        """Learn from nothing, one sample after the other, once."""
        self._reset()
        return self.partial_fit(X, y)

    def partial_fit(self, X: object, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Self:
        """Learn one sample after the other. Labels are 0 … classes−1; `classes` is ignored."""
        if not hasattr(self, "classes_"):
            self._reset()
        for features, label in zip(self._rows(X), np.asarray(y).tolist(), strict=True):
            if not 0 <= label < self.n_labels:
                raise DataError(f"there are {self.n_labels} labels, from 0; {label} is not one")
            self._learn(features, int(label))
        return self

    def predict(self, X: object) -> npt.NDArray[np.int64]:
        """The label of each row; a row without features is judged by the intercept alone."""
        return np.array([self._classify(row) for row in self._rows(X)], dtype=np.int64)

    def score(self, X: object, y: npt.ArrayLike) -> float:
        """The share of rows whose label is predicted."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What the model was made with, by name; none of it is an estimator, so `deep` changes nothing."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: object) -> Self:
        """Raises DataError for a parameter that the model does not have."""
        if unknown := params.keys() - self.get_params().keys():
            raise DataError(f"{type(self).__name__} has no parameter {sorted(unknown)[0]}")
        vars(self).update(params)
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator, ClassifierMixin

        return type("Classifier", (ClassifierMixin, BaseEstimator), {})().__sklearn_tags__()

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({params})"

    @abstractmethod
    def _reset(self) -> None:
        """Set the learned attributes (ending in _) to the model that has learned nothing."""


def best_label(scores: list[int]) -> int:
    """The first of the highest scores."""
    return max(range(len(scores)), key=scores.__getitem__)


def lead(scores: list[int], y: int) -> int:
    """By how much `y` leads the best other label."""
    return scores[y] - max(score for label, score in enumerate(scores) if label != y)


class SparseModel(OnChainModel):
    """A reference over sparse binary features. Column j of X is feature j + 1: 0 is the intercept.

    `dims` counts the features and the intercept; a contribution names `limit` features at most.
    """

    dims: int
    limit: int

    def _decode(self, x: bytes) -> Indices:
        return decode_sparse(x, self.dims, self.limit)

    def _encode(self, features: Indices) -> bytes:
        x = encode_sparse(features)
        self._decode(x)
        return x

    def _rows(self, X: Any) -> Iterator[Indices]:
        from scipy.sparse import csr_array

        if len(X.shape) != 2 or X.shape[1] != self.dims - 1:
            raise DataError(f"X has shape {X.shape}; this model takes {self.dims - 1} columns")
        rows = csr_array(X)
        rows.eliminate_zeros()
        rows.sort_indices()
        for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
            yield rows.indices[start:end].astype(np.int64) + 1
