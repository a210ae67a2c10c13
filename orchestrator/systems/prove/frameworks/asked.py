"""One way to ask a model of any framework: as scikit-learn's are asked, rows in, labels and shares out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError
from orchestrator.learning.data import Feature

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.pipeline import Pipeline

    Numbers = npt.NDArray[np.floating[Any]]

Label = str | int
Compute = Callable[["pd.DataFrame"], "Numbers"]
"""What a model computes of rows: one number for each, or one for each row and class (rows × classes)."""


class Regressor:
    """A model that answers a number, or the label that it computes itself."""

    def __init__(self, compute: Callable[["pd.DataFrame"], "npt.NDArray[Any]"]) -> None:
        self._compute = compute

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: "pd.DataFrame") -> "npt.NDArray[Any]":
        """One answer for each row."""
        return self._compute(rows).reshape(len(rows))


class Scorer(Regressor):
    """A model that scores classes without saying how likely they are: the best one is the answer."""

    def __init__(self, compute: Compute, classes: tuple[Label, ...]) -> None:
        super().__init__(compute)
        self.classes_ = classes

    def predict(self, rows: "pd.DataFrame") -> "npt.NDArray[Any]":
        """The class of the highest score; of two, by the sign where there is one score."""
        import numpy as np

        scores = _table(self._compute(rows), len(rows))
        best = scores.argmax(axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)
        return np.array([self.classes_[index] for index in best], dtype=object)


class Classifier(Scorer):
    """A model that says how likely each class is; of two classes it may say the second one's share alone."""

    def predict_proba(self, rows: "pd.DataFrame") -> "Numbers":
        """Shares, rows × classes."""
        import numpy as np

        shares = _table(self._compute(rows), len(rows)).astype(np.float64)
        if shares.shape[1] == 1:
            shares = np.hstack([1 - shares, shares])
        if shares.shape[1] != len(self.classes_):
            raise ValueError(f"it answers {shares.shape[1]} shares for {len(self.classes_)} classes")
        return shares

    def predict(self, rows: "pd.DataFrame") -> "npt.NDArray[Any]":
        """The likeliest class."""
        import numpy as np

        best = self.predict_proba(rows).argmax(axis=1)
        return np.array([self.classes_[index] for index in best], dtype=object)


@dataclass(frozen=True)
class Opened:
    """A model that can be asked, and its features; `names` as its file has them, or None."""

    estimator: object
    width: int
    names: tuple[str, ...] | None = None
    optional: bool = False
    texts: bool = False

    def features(self, told: tuple[Feature, ...]) -> tuple[Feature, ...]:
        """What the manifest tells, else what the file names, else f0, f1, …

        Raises ModelError where the manifest tells of others than the model takes.
        """
        if not told:
            return positional(self.names or tuple(f"f{place}" for place in range(self.width)), self.optional)
        if len(told) != self.width:
            raise ModelError(
                f"the manifest tells of {len(told)} features, the model takes {self.width}",
                "Publish it with the right features.",
            )
        text = next((each.name for each in told if each.type != "numeric"), None)
        if text and not self.texts:
            raise ModelError(f"`{text}` is not a number, and this model takes numbers alone", "Encode it.")
        return told

    def pipeline(self) -> "Pipeline":
        """The model as the rest of the product takes models."""
        from sklearn.pipeline import Pipeline

        return Pipeline([("model", self.estimator)])


def positional(names: tuple[str, ...], optional: bool) -> tuple[Feature, ...]:
    """Numeric features of these names."""
    return tuple(Feature(name, "numeric", optional) for name in names)


def labels(told: tuple[Label, ...], count: int) -> tuple[Label, ...]:
    """The labels of `count` classes: those that were told, else 0, 1, …; raises ModelError."""
    if told and len(told) != count:
        raise ModelError(f"the manifest names {len(told)} classes, the model has {count}", "Name them all.")
    return told or tuple(range(count))


def damaged(kind: str, reason: object) -> ModelError:
    """What is said of a file that is not what it seems."""
    return ModelError(
        f"the {kind} model is damaged, or of a kind that is not read: {reason}", "Export it again."
    )


def missing(kind: str, extra: str) -> ModelError:
    """What is said where a reader is not installed."""
    return ModelError(
        f"{kind} models are read with a library that is not here", f"Run `pip install 'diln[{extra}]'`."
    )


def _table(found: "Numbers", rows: int) -> "Numbers":
    return found.reshape(rows, -1)
