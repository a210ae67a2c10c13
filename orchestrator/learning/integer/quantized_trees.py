"""Trees, forests and boosted trees of scikit-learn to integer trees."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError
from orchestrator.learning.integer.models import MAX_SHIFT, IntegerTrees, Tree

Reals = NDArray[np.float64]
INT16_MAX = 32767


def is_tree_model(estimator: Any) -> bool:
    """Whether `estimator` is a tree or an ensemble of trees that can be read."""
    return hasattr(estimator, "tree_") or hasattr(estimator, "estimators_")


def quantize_trees(estimator: Any, scaled: Reals, scale: Reals, offset: Reals, classes: int) -> IntegerTrees:
    """The integer trees of `estimator`, which sees x · scale + offset; `scaled` are samples as seen by it."""
    if not np.all(scale > 0):
        raise ModelError("a scaler before trees turns an input around", "Use no scaler before trees.")
    parts = list(_parts(estimator, classes))
    constant = _constant(estimator, parts, scaled, classes)
    if any(leaves.shape[1] != len(constant) for _, leaves in parts):
        raise ModelError("the trees have several outputs", "Train one target only.")
    step, shift = _unit(parts, constant, numbers=classes == 0)
    half = (1 << shift) >> 1 if classes == 0 else 0
    rows: dict[tuple[int, ...], int] = {}
    trees = tuple(_tree(tree, np.rint(leaves / step), scale, offset, rows) for tree, leaves in parts)
    table = np.array(list(rows), np.int64).reshape(len(rows), len(constant))
    biases = (np.rint(constant / step) + half).astype(np.int64)
    return IntegerTrees(len(scale), trees, table, biases, shift)


def _parts(estimator: Any, classes: int) -> Iterator[tuple[Any, Reals]]:
    """Each tree and what each of its nodes adds to the outputs (nodes, outputs)."""
    if hasattr(estimator, "learning_rate") and hasattr(estimator, "estimators_"):
        width = 1 if classes in (0, 2) else classes
        for stage in estimator.estimators_:
            for k, tree in enumerate(np.ravel(stage)):
                leaves = np.zeros((tree.tree_.node_count, width))
                leaves[:, _place(estimator, k, width)] = estimator.learning_rate * tree.tree_.value[:, 0, 0]
                yield tree.tree_, leaves
        return
    members = estimator.estimators_ if hasattr(estimator, "estimators_") else [estimator]
    for member in members:
        if not hasattr(member, "tree_"):
            raise ModelError(
                f"{type(estimator).__name__} is not made of trees", "Use trees, a forest or boosting."
            )
        yield (
            member.tree_,
            _leaves(member.tree_, getattr(estimator, "classes_", None), classes) / len(members),
        )


def _place(estimator: Any, k: int, width: int) -> int:
    return int(estimator.classes_[k]) if width > 1 else 0


def _leaves(tree: Any, known: Any, classes: int) -> Reals:
    values = np.asarray(tree.value, np.float64)[:, 0, :]
    if classes == 0:
        return values
    shares = np.zeros((len(values), classes))
    shares[:, np.asarray(known, np.int64)] = values / values.sum(axis=1, keepdims=True)
    return shares[:, 1:] - 0.5 if classes == 2 else shares


def _constant(estimator: Any, parts: list[tuple[Any, Reals]], scaled: Reals, classes: int) -> Reals:
    """What boosting starts from: its output for one sample less what its trees add."""
    width = parts[0][1].shape[1]
    if not (hasattr(estimator, "learning_rate") and hasattr(estimator, "init_")):
        return np.zeros(width)
    if classes > 2 and len(estimator.classes_) != classes:
        raise ModelError("boosting has not seen every class", "Train it on samples of all classes.")
    sample = scaled[:1]
    output = estimator.decision_function(sample) if classes else estimator.predict(sample)
    added = sum(leaves[tree.apply(sample.astype(np.float32))[0]] for tree, leaves in parts)
    return np.asarray(np.ravel(output) - added, np.float64)


def _unit(parts: list[tuple[Any, Reals]], constant: Reals, *, numbers: bool) -> tuple[float, int]:
    """What 1 in a leaf stands for, and the shift that brings outputs back to the labels' unit."""
    largest = max(np.abs(leaves).max() for _, leaves in parts)
    step = max(largest / INT16_MAX, np.abs(constant).max() / 2**30, 2.0**-MAX_SHIFT)
    if not numbers:
        return float(step), 0
    shift = int(np.floor(-np.log2(step)))
    if shift < 0:
        raise ModelError(
            "the trees do not quantize: a leaf is over 32767", "Choose a coarser unit of the labels."
        )
    return 2.0**-shift, shift


def _tree(tree: Any, leaves: Reals, scale: Reals, offset: Reals, rows: dict[tuple[int, ...], int]) -> Tree:
    """The nodes in the order of a walk that goes to the left child first."""
    nodes: list[list[int]] = []

    def visit(node: int) -> None:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            row = tuple(int(value) for value in leaves[node])
            nodes.append([-1, 0, rows.setdefault(row, len(rows))])
            return
        feature = int(tree.feature[node])
        threshold = int(np.floor((tree.threshold[node] - offset[feature]) / scale[feature]))
        if threshold < 0 or threshold >= 255:  # all bytes go the same way
            visit(right if threshold < 0 else left)
            return
        here = len(nodes)
        nodes.append([feature, threshold, 0])
        visit(left)
        nodes[here][2] = len(nodes)
        visit(right)

    visit(0)
    features, thresholds, targets = zip(*nodes, strict=True)
    return Tree(features, thresholds, targets)
