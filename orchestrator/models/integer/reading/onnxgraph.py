"""ONNX models read as real models: their graph is followed with formulas instead of numbers.

A value in the graph is an affine map of the inputs, or of the last hidden layer's activations, until an
operator ends it in scores or trees. What follows those (softmax, labels, ...) changes no prediction.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.reading.estimators import check_labels, for_classes
from orchestrator.models.integer.reading.onnxfile import Graph, Node, read_graph
from orchestrator.models.integer.reading.onnxoperators import OPERATORS
from orchestrator.models.integer.reading.onnxvalues import WIDEST, Flow, Scores, Unsupported
from orchestrator.models.integer.real import Affine, RealModel, RealNetwork, RealTrees


def read_onnx(file: Path, names: Sequence[str], classes: int) -> RealModel:
    """The model in an ONNX file over inputs that are called `names`; `classes` is 0 for numbers.

    Raises ModelError that names what is not supported.
    """
    graph = read_graph(file)
    values: dict[str, Any] = {**graph.constants, **_inputs(graph, names)}
    for node in graph.nodes:
        found = _follow(node, [values.get(name) for name in node.inputs], classes)
        values.update(dict.fromkeys(node.outputs, found))
    end = values.get(graph.outputs[0]) if graph.outputs else None  # another output may say another thing
    if isinstance(end, Flow | Scores | RealTrees):
        return _finished(end, classes)
    stopped = end.operator if isinstance(end, Unsupported) else "an output that nothing computes"
    raise ModelError(f"the ONNX model has {_use_of(stopped)}", _hint(stopped))


def _use_of(stopped: str) -> str:
    if stopped in OPERATORS:
        return f"a use of {stopped} that is not supported"
    return f"{stopped}, which is not supported"


def _hint(stopped: str) -> str:
    """What would help: of classifiers the labels differ, of other known operators the values."""
    if stopped not in OPERATORS:
        return f"Supported are {', '.join(sorted(OPERATORS))}."
    if stopped.endswith("Classifier"):
        return "Its classes must be whole numbers, not texts: encode the labels, train, and export it again."
    return "Rows must stay rows, weights constant: linear models, networks of dense layers, and trees do so."


def _inputs(graph: Graph, names: Sequence[str]) -> dict[str, Flow]:
    """One input for all columns, or one for each column by its name."""
    everything = Affine.identity(len(names))
    if len(graph.inputs) == 1:
        ((name, width),) = graph.inputs.items()
        if width not in (None, 0, len(names)):
            raise ModelError(
                f"the model takes {width} inputs, the competition's samples have {len(names)}",
                "Train it on the file that `diln competition data` writes.",
            )
        return {name: Flow((), everything)}
    missing = [name for name in graph.inputs if name not in names]
    if not graph.inputs:
        raise ModelError("the ONNX model has no input", "Export it again.")
    if missing:
        raise ModelError(
            f"the model takes a column {missing[0]!r}, which the competition's data do not have",
            "Train it on the file that `diln competition data` writes.",
        )
    return {name: Flow((), everything.chosen([list(names).index(name)])) for name in graph.inputs}


def _finished(end: "Flow | Scores | RealTrees", classes: int) -> RealModel:
    if isinstance(end, Scores) != (classes > 0) and not isinstance(end, Flow):
        wanted, given = ("numbers", "classes") if classes == 0 else ("classes", "numbers")
        raise ModelError(f"the model predicts {given}, the task asks for {wanted}", "Train the other kind.")
    if isinstance(end, RealTrees):
        return end
    scores = end if isinstance(end, Scores) else Scores("", end)
    if scores.known is not None:
        check_labels(scores.known, classes)
    if scores.trees is not None:
        return scores.trees
    assert scores.flow is not None  # noqa: S101 - one of the two is there
    last = scores.flow.value
    known = None if scores.known is None else list(scores.known)
    return RealNetwork((*scores.flow.hidden, for_classes(last, known, classes) if classes else last))


def _follow(node: Node, values: list[Any], classes: int) -> Any:
    """What an operator makes of its inputs; Unsupported where that cannot be told."""
    stopped = next((value for value in values if isinstance(value, Unsupported)), None)
    if stopped is not None:
        return stopped
    operator = OPERATORS.get(node.operator)
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused afterwards
            found = operator(node, values, classes) if operator else None
    except (ValueError, IndexError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"the ONNX model's {node.operator} does not fit: {error}", "Export it again."
        ) from error
    if isinstance(found, Flow) and len(found.value.biases) > WIDEST:
        raise ModelError(f"a layer of the ONNX model is wider than {WIDEST}", "Make it smaller.")
    if found is None:
        ended = next((value.operator for value in values if isinstance(value, Scores)), "")
        return Unsupported(f"{ended} before {node.operator}" if ended else node.operator)
    return found
