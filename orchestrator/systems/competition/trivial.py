"""Models that know next to nothing, and what they would reach: the floor under a criterion."""

from dataclasses import dataclass

import numpy as np

from orchestrator.systems.competition.encoding import Integers, Table
from orchestrator.systems.competition.offer import Offer

CLOSE = 1e-9


@dataclass(frozen=True)
class Trivial:
    """What such a model says, its score on all rows as people read it, and whether that would win."""

    says: str
    metric: str
    score: float
    passes: bool

    def __str__(self) -> str:
        return f"{self.says}: {self.metric} {self.score:.4g}"


def trivial_models(offer: Offer, table: Table) -> tuple[Trivial, ...]:
    """The best model that always says the same, and the best that asks a single question."""
    guess = int(np.median(table.labels)) if offer.numbers else int(np.bincount(table.labels).argmax())
    constant = f"always {table.encoding.target} = {table.encoding.label(guess)}"
    return (
        _scored(offer, table, constant, np.full(len(table.labels), guess)),
        _scored(offer, table, *_question(offer, table)),
    )


def _question(offer: Offer, table: Table) -> tuple[str, Integers]:
    """A tree of one node, and what it says of each row."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind: type[DecisionTreeClassifier | DecisionTreeRegressor] = (
        DecisionTreeRegressor if offer.numbers else DecisionTreeClassifier
    )
    stump = kind(max_depth=1, random_state=0).fit(table.features, table.labels)
    asked = int(stump.tree_.feature[0])
    name = "nothing" if asked < 0 else table.encoding.features[asked]
    return f"one question about {name}", np.rint(stump.predict(table.features)).astype(np.int64)


def _scored(offer: Offer, table: Table, says: str, predictions: Integers) -> Trivial:
    labels = table.labels
    if offer.numbers:
        error = float(np.abs(predictions - labels).mean()) * table.encoding.unit
        return Trivial(says, offer.metric, error, error <= offer.criterion + CLOSE)
    score = float(np.mean(predictions == labels))
    if offer.metric == "macro-f1":
        from sklearn.metrics import f1_score

        classes = range(len(table.encoding.classes))
        score = float(f1_score(labels, predictions, average="macro", labels=classes, zero_division=0))
    return Trivial(says, offer.metric, score, score >= offer.criterion - CLOSE)
