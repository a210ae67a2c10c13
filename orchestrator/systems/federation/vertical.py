"""One linear model whose columns are at several parties, who keep them and the weights that go with them.

In every step each party tells what its columns add to the logit of each row, and the party that has the
labels tells the residuals; both are whole numbers in units of 2**-16, so that everybody computes the same
sums. Residuals say what labels are, and logits over many steps say much of columns: this keeps tables
apart, it is not privacy.

Where nobody is trusted to add up, a federation by the mean does: its model has a number for each row, and
each party's update is by how much its logits `moved` since the step before, so that the model is their mean.
Whoever claims another one by a unit is refuted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Update, quantize
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.template import UNIT

Floats = NDArray[np.float64]


@dataclass
class Columns:
    """A party's columns (rows, features), standardized, in the common order of rows."""

    features: Floats
    weights: Floats = field(init=False)

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not self.features.size or not np.isfinite(self.features).all():
            raise DataError("columns are a table of finite numbers, with a row at least")
        self.weights = np.zeros(self.features.shape[1])

    def logits(self, features: Floats | None = None) -> Integers:
        """What the columns add to each row's logit."""
        rows = self.features if features is None else features
        return np.rint(rows @ self.weights * UNIT).astype(np.int64)

    def moved(self, before: Integers) -> Update:
        """By how much each row's logit moved since it was `before`, as a federation's update.

        Raises DataError where that does not fit 32 bits.
        """
        return quantize(self.logits() - before, 4)

    def learn(self, residuals: Integers, rate: float, ridge: float) -> None:
        """One step down the gradient of the logistic loss with a quadratic penalty."""
        gradient = self.features.T @ (residuals / UNIT) / len(residuals) + ridge * self.weights
        self.weights -= rate * gradient


@dataclass
class Labels:
    """The party that has the labels, 0 or 1."""

    labels: NDArray[np.int64]
    bias: float = 0.0

    def __post_init__(self) -> None:
        if set(np.unique(self.labels)) != {0, 1}:
            raise DataError("labels are 0 and 1, and both occur", "Rows of one class only say nothing.")

    def residuals(self, logits: Sequence[Integers]) -> Integers:
        """By how much each row is missed, of the logits of all parties."""
        total = sum(logits) / UNIT + self.bias
        return np.rint((1 / (1 + np.exp(-total)) - self.labels) * UNIT).astype(np.int64)

    def learn(self, residuals: Integers, rate: float) -> None:
        self.bias -= rate * float(np.mean(residuals / UNIT))


def train(
    parties: Sequence[Columns], owner: Labels, steps: int = 200, rate: float = 0.5, ridge: float = 1e-3
) -> None:
    """Let the parties learn together. Raises DataError where they have different numbers of rows."""
    if any(len(party.features) != len(owner.labels) for party in parties):
        raise DataError(
            "the parties do not have the same rows", "Align them first: diln federation align IDS."
        )
    for _ in range(steps):
        residuals = owner.residuals([party.logits() for party in parties])
        for party in parties:
            party.learn(residuals, rate, ridge)
        owner.learn(residuals, rate)


def predict(parties: Sequence[Columns], owner: Labels, features: Sequence[Floats]) -> NDArray[np.int64]:
    """0 or 1 for each row, of which each party has its own columns in `features`."""
    total = sum(party.logits(rows) for party, rows in zip(parties, features, strict=True)) / UNIT + owner.bias
    return np.asarray(total > 0).astype(np.int64)
