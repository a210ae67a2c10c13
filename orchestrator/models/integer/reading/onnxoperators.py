"""What the supported operators of ONNX make of a value; None says that this use of one is not supported."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.models.integer.reading.onnxfile import Node
from orchestrator.models.integer.reading.onnxtrees import read_trees
from orchestrator.models.integer.reading.onnxvalues import WIDEST, Flow, Scores
from orchestrator.models.integer.real import Affine, Reals, RealTrees


def _same(node: Node, values: list[Any], _: int) -> Any:
    return values[0]


def _cast(node: Node, values: list[Any], _: int) -> Any:
    """To a kind of float; whole numbers are left as they are by any cast."""
    (value,) = values
    floats = node.attributes.get("to") in (1, 10, 11)
    whole = isinstance(value, Flow) and not value.hidden and _is_choice(value.value)
    return value if floats or whole or not isinstance(value, Flow | RealTrees) else None


def _is_choice(columns: Affine) -> bool:
    """Whether these are inputs as they came."""
    return not columns.biases.any() and bool(np.isin(columns.weights, (0.0, 1.0)).all())


def _constant(node: Node, values: list[Any], _: int) -> Any:
    value = node.attributes.get("value")
    return (
        np.asarray(node.attributes.get("value_float", node.attributes.get("value_floats")))
        if value is None
        else value
    )


def _transposed(node: Node, values: list[Any], _: int) -> Any:
    """Of weights only: rows stay rows."""
    (value,) = values
    return np.transpose(value, node.attributes.get("perm")) if isinstance(value, np.ndarray) else None


def _reshaped(node: Node, values: list[Any], _: int) -> Any:
    """Rows stay rows: [-1, n], [0, -1] and the like; or a column of predictions becomes a list."""
    value = values[0]
    if isinstance(value, Scores | RealTrees):
        return value
    shape = np.ravel(values[1]).tolist() if len(values) > 1 else [-1, -1]
    if isinstance(value, np.ndarray):
        return value.reshape([int(size) for size in shape])
    if not isinstance(value, Flow):
        return None
    width = len(value.value.biases)
    keeps = len(shape) == 2 and shape[0] in (-1, 0, 1) and shape[1] in (-1, 0, width)
    return value if keeps or (width == 1 and int(np.prod(shape)) in (-1, 1)) else None


def _flattened(node: Node, values: list[Any], _: int) -> Any:
    return values[0] if node.attributes.get("axis", 1) == 1 else None


def _relu(node: Node, values: list[Any], _: int) -> Any:
    (value,) = values
    if not isinstance(value, Flow):
        return None
    return Flow((*value.hidden, value.value), Affine.identity(len(value.value.biases)))


def _product(node: Node, values: list[Any], _: int) -> Any:
    """Weights of one output may be a vector; the prediction is a list then, as it is in the end."""
    value, weights = values
    if isinstance(value, Flow) and isinstance(weights, np.ndarray) and weights.ndim in (1, 2):
        return _layer(value, np.atleast_2d(weights.T).astype(np.float64), 0.0)
    return None


def _gemm(node: Node, values: list[Any], _: int) -> Any:
    value, weights = values[:2]
    if node.attributes.get("transA") or not isinstance(value, Flow) or not isinstance(weights, np.ndarray):
        return None
    weights = weights if node.attributes.get("transB") else weights.T
    biases = np.ravel(values[2]) * node.attributes.get("beta", 1.0) if len(values) > 2 else 0.0
    return _layer(value, weights * float(node.attributes.get("alpha", 1.0)), biases)


def _layer(value: Flow, weights: Reals, biases: Reals | float) -> Flow:
    if len(weights) > WIDEST:
        raise ValueError(f"wider than {WIDEST}")
    biases = np.broadcast_to(np.asarray(biases, np.float64), (len(weights),))
    return replace(value, value=value.value.then(Affine(np.asarray(weights, np.float64), biases)))


def _elementwise(factor: Callable[[Any], Any], offset: Callable[[Any], Any]) -> Any:
    """An operator on a value and a constant, the value's rows times `factor` plus `offset`."""

    def operator(node: Node, values: list[Any], _: int) -> Any:
        value, constant = values
        if isinstance(constant, Flow) and node.operator in ("Add", "Mul"):
            value, constant = constant, value
        if not isinstance(value, Flow) or not isinstance(constant, np.ndarray):
            return _complement(node, values)
        numbers = np.ravel(constant).astype(np.float64)
        return replace(value, value=value.value.scaled(factor(numbers), offset(numbers)))

    return operator


def _complement(node: Node, values: list[Any]) -> Any:
    """1 - p, with p the only probability of two classes."""
    one, score = values
    if node.operator == "Sub" and isinstance(score, Scores) and isinstance(one, np.ndarray):
        return replace(score, complement=True) if (one == 1).all() else None
    return None


def _joined(node: Node, values: list[Any], _: int) -> Any:
    if all(isinstance(value, Scores) for value in values):  # 1 - p and p
        both = len(values) == 2 and values[0] == replace(values[1], complement=True)
        return values[1] if both else None
    if not all(isinstance(value, Flow) and value.hidden == values[0].hidden for value in values):
        return None
    if node.attributes.get("axis") not in (1, -1):
        return None
    joined = values[0].value
    for value in values[1:]:
        joined = joined.beside(value.value)
        if len(joined.biases) > WIDEST:
            raise ValueError(f"wider than {WIDEST}")
    return replace(values[0], value=joined)


def _picked(node: Node, values: list[Any], _: int) -> Any:
    """Columns by number; or the labels of classes, by the number of the class."""
    data, chosen = values
    if isinstance(data, np.ndarray) and isinstance(chosen, Scores):
        labels = tuple(int(label) for label in np.ravel(data))
        return replace(chosen, known=labels) if chosen.trees is None or chosen.known == labels else None
    columns = node.operator == "ArrayFeatureExtractor" or node.attributes.get("axis") in (1, -1)
    if (
        not isinstance(data, Flow)
        or not isinstance(chosen, np.ndarray)
        or not columns
        or chosen.size > WIDEST
    ):
        return None
    return replace(data, value=data.value.chosen(np.ravel(chosen).astype(np.int64)))


def _decided(node: Node, values: list[Any], _: int) -> Any:
    """Softmax, sigmoid, the greatest: the same class is chosen without them."""
    (value,) = values
    if node.operator == "ArgMax" and (
        node.attributes.get("axis", 0) not in (1, -1) or node.attributes.get("select_last_index")
    ):
        return None
    if isinstance(value, Flow):
        return Scores(node.operator, value)
    return value if isinstance(value, Scores) else None


def _scaler(node: Node, values: list[Any], _: int) -> Any:
    if not isinstance(values[0], Flow):
        return None
    scale = np.asarray(node.attributes.get("scale", [1.0]))
    offset = np.asarray(node.attributes.get("offset", [0.0]))
    return replace(values[0], value=values[0].value.scaled(scale, -offset * scale))


def _linear_regressor(node: Node, values: list[Any], _: int) -> Any:
    if node.attributes.get("post_transform", b"NONE") != b"NONE" or not isinstance(values[0], Flow):
        return None
    return _layer(values[0], _coefficients(node, values[0]), node.attributes.get("intercepts", [0.0]))


def _linear_classifier(node: Node, values: list[Any], _: int) -> Any:
    labels = node.attributes.get("classlabels_ints")
    if not isinstance(values[0], Flow) or (not labels and "classlabels_strings" in node.attributes):
        return None
    scores = _layer(values[0], _coefficients(node, values[0]), node.attributes.get("intercepts", [0.0]))
    return Scores(node.operator, scores, known=tuple(labels) if labels else None)


def _coefficients(node: Node, value: Flow) -> Any:
    return np.asarray(node.attributes["coefficients"], np.float64).reshape(-1, len(value.value.biases))


def _trees(node: Node, values: list[Any], classes: int) -> Any:
    if not isinstance(values[0], Flow) or values[0].hidden:
        return None
    found = read_trees(node, values[0].value, classes)
    if node.operator.endswith("Regressor"):
        return found
    return (
        None
        if found is None
        else Scores(node.operator, None, found, tuple(node.attributes["classlabels_int64s"]))
    )


OPERATORS: Mapping[str, Callable[[Node, list[Any], int], Any]] = {
    **dict.fromkeys(("Dropout", "Identity", "Squeeze", "ZipMap"), _same),
    **dict.fromkeys(("ArgMax", "LogSoftmax", "Sigmoid", "Softmax"), _decided),
    **dict.fromkeys(("ArrayFeatureExtractor", "Gather"), _picked),
    **dict.fromkeys(("TreeEnsembleClassifier", "TreeEnsembleRegressor"), _trees),
    "Add": _elementwise(lambda _: 1.0, lambda constant: constant),
    "Cast": _cast,
    "Concat": _joined,
    "Constant": _constant,
    "Div": _elementwise(lambda constant: 1 / constant, lambda _: 0.0),
    "Flatten": _flattened,
    "Gemm": _gemm,
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
    "MatMul": _product,
    "Mul": _elementwise(lambda constant: constant, lambda _: 0.0),
    "Relu": _relu,
    "Reshape": _reshaped,
    "Scaler": _scaler,
    "Sub": _elementwise(lambda _: 1.0, lambda constant: -constant),
    "Transpose": _transposed,
}
