"""Trees over bytes to integer trees."""

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.models import MAX_SHIFT, IntegerTrees, Tree
from orchestrator.models.integer.real import Reals, RealTree, RealTrees

INT16_MAX = 32767


def quantize_trees(model: RealTrees, *, numbers: bool) -> IntegerTrees:
    """The integer trees. Raises ModelError for a leaf that no int16 holds."""
    step, shift = _unit(model, numbers=numbers)
    half = (1 << shift) >> 1 if numbers else 0
    rows: dict[tuple[int, ...], int] = {}
    trees = tuple(_tree(tree, np.rint(tree.leaves / step), rows) for tree in model.trees)
    table = np.array(list(rows), np.int64).reshape(len(rows), model.outputs)
    biases = (np.rint(model.constant / step) + half).astype(np.int64)
    return IntegerTrees(model.inputs, trees, table, biases, shift)


def _unit(model: RealTrees, *, numbers: bool) -> tuple[float, int]:
    """What 1 in a leaf stands for, and the shift that brings outputs back to the labels' unit."""
    largest = max((np.abs(tree.leaves).max() for tree in model.trees), default=0.0)
    if not np.isfinite(largest) or not np.isfinite(model.constant).all():
        raise ModelError("the trees do not quantize: a leaf is not finite", "Train them again.")
    step = max(largest / INT16_MAX, np.abs(model.constant).max() / 2**30, 2.0**-MAX_SHIFT)
    if not numbers:
        return float(step), 0
    shift = int(np.floor(-np.log2(step)))
    if shift < 0:
        raise ModelError(
            "the trees do not quantize: a leaf is over 32767", "Choose a coarser unit of the labels."
        )
    return 2.0**-shift, shift


def _tree(tree: RealTree, leaves: Reals, rows: dict[tuple[int, ...], int]) -> Tree:
    """The nodes in the order of a walk that goes to the left child first."""
    nodes: list[list[int]] = []
    waiting = [(tree.root, -1)]  # a node, and which earlier one it is the other branch of
    while waiting:
        node, parent = waiting.pop()
        if parent >= 0:
            nodes[parent][2] = len(nodes)
        node = _decided(tree, node)
        if tree.features[node] < 0:
            row = tuple(int(value) for value in leaves[node])
            nodes.append([-1, 0, rows.setdefault(row, len(rows))])
            continue
        waiting.append((int(tree.right[node]), len(nodes)))
        waiting.append((int(tree.left[node]), -1))
        nodes.append([int(tree.features[node]), int(tree.thresholds[node]), 0])
    features, thresholds, targets = zip(*nodes, strict=True)
    return Tree(features, thresholds, targets)


def _decided(tree: RealTree, node: int) -> int:
    """The next node where bytes go different ways, or a leaf."""
    while tree.features[node] >= 0 and not 0 <= tree.thresholds[node] < 255:
        node = int((tree.right if tree.thresholds[node] < 0 else tree.left)[node])
    return node
