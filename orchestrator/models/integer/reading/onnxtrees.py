"""TreeEnsembleClassifier and TreeEnsembleRegressor of ONNX, read as trees over bytes."""

import numpy as np
import numpy.typing as npt

from orchestrator.errors import ModelError
from orchestrator.models.integer.reading.onnxfile import Node
from orchestrator.models.integer.real import Affine, Reals, RealTree, RealTrees, threshold_of

MODES = {b"BRANCH_LEQ": (True, False), b"BRANCH_LT": (False, False)}
MODES |= {b"BRANCH_GT": (True, True), b"BRANCH_GTE": (False, True)}
"""Whether the bound itself goes the lower way, and whether the lower way is the false one."""

MOST_NODES = 0xFFFF


def read_trees(node: Node, columns: Affine, classes: int) -> RealTrees | None:
    """The trees of an operator on `columns`; None for a variant that is not supported.

    Raises ModelError for trees that are none, or too many.
    """
    told = node.attributes
    tables = [np.asarray(told[f"nodes_{name}"]) for name in ("treeids", "nodeids", "featureids")]
    count = len(told["nodes_treeids"])
    if count > MOST_NODES:
        raise ModelError(f"{count} nodes of trees are more than {MOST_NODES}", "Train fewer, smaller trees.")
    if not set(told["nodes_modes"]) <= {*MODES, b"LEAF"}:
        return None
    leaves = _leaves(node, classes)
    if leaves is None:
        return None
    added, constant = leaves
    trees = []
    for number in dict.fromkeys(tables[0].tolist()):
        rows = np.flatnonzero(tables[0] == number)
        trees.append(_tree(node, rows, columns, added[rows]))
    return RealTrees(columns.weights.shape[1], tuple(trees), constant)


def _tree(node: Node, rows: "npt.NDArray[np.signedinteger]", columns: Affine, leaves: Reals) -> RealTree:
    told = node.attributes
    places = {int(told["nodes_nodeids"][row]): place for place, row in enumerate(rows)}
    table: list[tuple[int, int, int, int]] = []
    for row in rows:
        mode = told["nodes_modes"][row]
        if mode == b"LEAF":
            table.append((-1, 0, 0, 0))
            continue
        included, reversed_ = MODES[mode]
        column, bound = int(told["nodes_featureids"][row]), float(told["nodes_values"][row])
        if column < 0:
            raise ValueError("a node asks for no column")
        feature, threshold, swapped = threshold_of(columns, column, bound, included=included)
        lower, upper = (places[int(told[f"nodes_{way}nodeids"][row])] for way in ("true", "false"))
        if reversed_ is not swapped:
            lower, upper = upper, lower
        table.append((feature, threshold, lower, upper))
    features, thresholds, left, right = np.array(table, np.int64).T
    return RealTree(features, thresholds, left, right, leaves)


def _leaves(node: Node, classes: int) -> tuple[Reals, Reals] | None:
    """What each node adds (nodes, outputs), and what is there before any tree (outputs,)."""
    told = node.attributes
    kind = "target" if node.operator.endswith("Regressor") else "class"
    width = int(told.get("n_targets", 1)) if kind == "target" else len(told.get("classlabels_int64s", ()))
    outputs = np.asarray(told[f"{kind}_ids"], np.int64)
    if not 0 < width <= 256 or outputs.min() < 0 or outputs.max() >= width:
        return None
    rows = {
        key: row for row, key in enumerate(zip(told["nodes_treeids"], told["nodes_nodeids"], strict=True))
    }
    added = np.zeros((len(rows), width))
    keys = zip(told[f"{kind}_treeids"], told[f"{kind}_nodeids"], strict=True)
    for key, output, weight in zip(keys, outputs, told[f"{kind}_weights"], strict=True):
        added[rows[key], output] += weight
    constant = np.zeros(width)
    base = np.asarray(told.get("base_values", ()), np.float64)
    if len(base):
        constant[:] = base  # one for each output, or one for all
    if kind == "target":
        return _numbers(node, added, constant)
    return _classes(node, added, constant, set(outputs.tolist()), classes)


def _numbers(node: Node, added: Reals, constant: Reals) -> tuple[Reals, Reals] | None:
    told = node.attributes
    how = told.get("aggregate_function", b"SUM")
    if (
        told.get("post_transform", b"NONE") != b"NONE"
        or how not in (b"SUM", b"AVERAGE")
        or len(constant) != 1
    ):
        return None
    trees = len(set(told["nodes_treeids"])) if how == b"AVERAGE" else 1
    return added / trees, constant


def _classes(
    node: Node, added: Reals, constant: Reals, used: set[int], classes: int
) -> tuple[Reals, Reals] | None:
    """One output for two classes; the others are spread to their labels."""
    told = node.attributes
    transform = told.get("post_transform", b"NONE")
    labels = list(told["classlabels_int64s"])
    if transform not in (b"NONE", b"SOFTMAX", b"LOGISTIC") or not set(labels) <= set(range(classes)):
        return None
    if len(labels) == 2 and len(used) == 1:  # one score: that of the second class, a probability or a margin
        (output,) = used
        if transform == b"NONE" and (added < 0).any():
            return None  # runtimes differ in where they draw the line
        half = 0.5 if transform == b"NONE" else 0.0
        added, constant = added[:, [output]], constant[[output]] - half
        sign = 1.0 if labels == sorted(labels) else -1.0
        if classes == 2:
            return added * sign, constant * sign
        added, constant = np.hstack([-added, added]), np.concatenate([-constant, constant])
    elif classes == 2 and len(labels) == 2:
        first, second = labels.index(0), labels.index(1)
        return added[:, [second]] - added[:, [first]], constant[[second]] - constant[[first]]
    reach = len(set(told["nodes_treeids"])) * np.abs(added).max() + np.abs(constant).max()
    spread, start = np.zeros((len(added), classes)), np.full(classes, -2 * reach - 1)
    spread[:, labels], start[labels] = added, constant
    return spread, start
