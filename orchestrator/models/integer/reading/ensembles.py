"""Trees, forests and boosted trees of scikit-learn, read as trees over bytes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.real import Affine, Reals, RealTree, RealTrees, threshold_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.tree._tree import Tree


SINGLE = {"DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"}
FORESTS = {
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
}
BOOSTED = {"GradientBoostingClassifier", "GradientBoostingRegressor"}
HISTOGRAMS = {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}


def is_ensemble(estimator: object) -> bool:
    """Whether `estimator` is a tree or an ensemble of trees that can be read."""
    return type(estimator).__name__ in SINGLE | FORESTS | BOOSTED | HISTOGRAMS


def read_ensemble(estimator: "BaseEstimator", columns: Affine, classes: int) -> RealTrees:
    """The trees of a fitted estimator that sees `columns` of the inputs; `classes` is 0 for numbers.

    Raises ModelError where columns are mixed, and for what is not expressible.
    """
    inputs = columns.weights.shape[1]
    name = type(estimator).__name__
    if name in HISTOGRAMS:
        return _histograms(estimator, columns, classes)
    if name in BOOSTED:
        width = 1 if classes in (0, 2) else classes
        pairs = [
            (tree.tree_, _added(estimator, tree.tree_, place, width))
            for stage in estimator.estimators_
            for place, tree in enumerate(np.ravel(stage))
        ]
        constant = _start(estimator, pairs, len(columns.biases), width)
        if width > 1 and len(estimator.classes_) != classes:
            raise ModelError("boosting has not seen every class", "Train it on samples of all classes.")
    else:
        members = estimator.estimators_ if name in FORESTS else [estimator]
        known = getattr(estimator, "classes_", None)
        pairs = [(m.tree_, _leaves(m.tree_, known, classes) / len(members)) for m in members]
        constant = np.zeros(pairs[0][1].shape[1])
    if len({leaves.shape[1] for _, leaves in pairs}) != 1 or (classes == 0 and len(constant) != 1):
        raise ModelError("the trees have several outputs", "Train one target only.")
    return RealTrees(inputs, tuple(_tree(tree, leaves, columns) for tree, leaves in pairs), constant)


def _tree(tree: "Tree", leaves: Reals, columns: Affine) -> RealTree:
    children = zip(tree.feature, tree.threshold, tree.children_left, tree.children_right, strict=True)
    return over_bytes(children, leaves, columns)


def over_bytes(nodes: "Tree", leaves: Reals, columns: Affine) -> RealTree:
    """A tree over bytes from (column, threshold, left, right) of each node; a leaf's `left` is below 0."""
    rows = []
    for column, bound, left, right in nodes:
        if left < 0:
            rows.append((-1, 0, 0, 0))
            continue
        feature, threshold, swapped = threshold_of(columns, int(column), float(bound))
        rows.append((feature, threshold, *((right, left) if swapped else (left, right))))
    features, thresholds, lefts, rights = np.array(rows, np.int64).T
    return RealTree(features, thresholds, lefts, rights, leaves)


def _leaves(tree: "Tree", known: Sequence[object] | None, classes: int) -> Reals:
    """What each node of a forest's tree gives (nodes, outputs); one output for two classes."""
    values = np.asarray(tree.value, np.float64)[:, 0, :]
    if classes == 0:
        return values
    shares = np.zeros((len(values), classes))
    shares[:, np.asarray(known, np.int64)] = values / values.sum(axis=1, keepdims=True)
    return shares[:, 1:] - 0.5 if classes == 2 else shares


def _added(estimator: "BaseEstimator", tree: "Tree", place: int, width: int) -> Reals:
    """What each node of a boosted tree adds (nodes, outputs)."""
    leaves = np.zeros((tree.node_count, width))
    output = int(estimator.classes_[place]) if width > 1 else 0
    leaves[:, output] = estimator.learning_rate * tree.value[:, 0, 0]
    return leaves


def _start(
    estimator: "BaseEstimator", pairs: list[tuple["BaseEstimator", Reals]], columns: int, width: int
) -> Reals:
    """What boosting starts from: its output for one sample less what its trees add."""
    if type(estimator.init_).__name__ not in ("DummyClassifier", "DummyRegressor", "str"):
        raise ModelError("boosting that starts from another model is not supported", "Train it without init.")
    sample = np.zeros((1, columns))
    ask = getattr(estimator, "decision_function", estimator.predict)
    added: Reals = sum(leaves[tree.apply(sample.astype(np.float32))[0]] for tree, leaves in pairs)
    return np.asarray(np.ravel(ask(sample)) - added, np.float64).reshape(width)


def _histograms(estimator: "BaseEstimator", columns: Affine, classes: int) -> RealTrees:
    """Boosted histograms: as the others, with node tables of their own."""
    start = np.asarray(estimator._baseline_prediction, np.float64).ravel()
    if (len(start) > 1 or classes > 2) and len(start) != classes:
        raise ModelError("boosting has not seen every class", "Train it on samples of all classes.")
    if getattr(estimator, "loss", "") in ("poisson", "gamma"):
        raise ModelError(f"boosting with the {estimator.loss} loss is not supported", "Use squared_error.")
    trees = tuple(_histogram_trees(estimator, columns, len(start)))
    return RealTrees(columns.weights.shape[1], trees, start)


def _histogram_trees(estimator: "BaseEstimator", columns: Affine, width: int) -> Iterator[RealTree]:
    for stage in estimator._predictors:
        for output, predictor in enumerate(stage):
            table = predictor.nodes
            if table["is_categorical"].any():
                raise ModelError("boosting on categories is not supported", "Encode them as numbers.")
            leaves = np.zeros((len(table), width))
            leaves[:, output] = table["value"]
            left = np.where(table["is_leaf"], -1, table["left"].astype(np.int64))
            nodes = zip(table["feature_idx"], table["num_threshold"], left, table["right"], strict=True)
            yield over_bytes(nodes, leaves, columns)
