"""ONNX files as data: read, bounded and checked before anything of them is used. Needs the extra `onnx`."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.errors import ModelError, UntrustedModel

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, TensorProto, ValueInfoProto


LARGEST_FILE = 8 << 20
MOST_NODES = 1000
_HINT = "Export the model again, or give the scikit-learn model."


@dataclass(frozen=True)
class Node:
    """An operation: the names of its inputs and outputs, and its attributes as Python values."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Graph:
    """Operations in their order. `inputs` maps names to widths (None: any), `constants` names to arrays."""

    inputs: Mapping[str, int | None]
    outputs: tuple[str, ...]
    constants: Mapping[str, Any]
    nodes: tuple[Node, ...]


def read_graph(file: Path) -> Graph:
    """Read an ONNX file. Nothing in it is run, and no other file is opened because of it.

    Raises ModelError for what is too large or damaged, or where onnx is not installed, UntrustedModel for a
    file that keeps its weights elsewhere.
    """
    onnx = _library()
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise ModelError(
            f"{file} has {size} bytes, more than {LARGEST_FILE}", "No competition takes so large a model."
        )
    try:
        model = onnx.ModelProto.FromString(file.read_bytes())
    except Exception as error:  # whatever protobuf raises for a damaged file
        raise ModelError(f"{file} is not an ONNX file: {error}", _HINT) from error
    if not len(model.graph.node):
        raise ModelError(f"{file} holds no model", _HINT)
    if len(model.functions) or len(model.graph.node) > MOST_NODES:
        raise ModelError(f"{file} has functions of its own, or more than {MOST_NODES} operations", _HINT)
    try:
        return _graph(model.graph)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{file} is damaged: {error}", _HINT) from error


def _library() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ModelError(
            "reading ONNX files needs the package onnx", "Install it: pip install 'diln[onnx]'."
        ) from error
    return onnx


def _graph(graph: "GraphProto") -> Graph:
    constants = {tensor.name: _array(tensor) for tensor in graph.initializer}
    if len(graph.sparse_initializer):
        raise ValueError("sparse weights")
    inputs = {each.name: _width(each) for each in graph.input if each.name not in constants}
    return Graph(inputs, tuple(each.name for each in graph.output), constants, tuple(_nodes(graph)))


def _nodes(graph: "GraphProto") -> Iterator[Node]:
    for node in graph.node:
        attributes = {attribute.name: _value(attribute) for attribute in node.attribute}
        foreign = node.domain not in ("", "ai.onnx", "ai.onnx.ml")
        operator = f"{node.domain}.{node.op_type}" if foreign else node.op_type
        yield Node(operator, tuple(node.input), tuple(node.output), attributes)


def _width(value: "ValueInfoProto") -> int | None:
    """How many numbers a sample has, in whatever shape; None where the file does not say."""
    sizes = value.type.tensor_type.shape.dim[1:]
    if not sizes or not all(size.HasField("dim_value") for size in sizes):
        return None
    return math.prod(int(size.dim_value) for size in sizes)


def _value(attribute: "AttributeProto") -> Any:
    """An attribute's value; graphs within graphs stay unread: no operator that has one is supported."""
    from onnx import AttributeProto, helper

    if attribute.type == AttributeProto.TENSOR:
        return _array(attribute.t)
    if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS, AttributeProto.SPARSE_TENSOR):
        return None
    return helper.get_attribute_value(attribute)


def _array(tensor: "TensorProto") -> Any:
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL or len(tensor.external_data):
        raise UntrustedModel(
            f"the ONNX file keeps {tensor.name!r} in another file, which is not opened",
            "Save it with its weights inside: onnx.save(model, file, save_as_external_data=False).",
        )
    stored = len(tensor.raw_data) + len(tensor.float_data) + len(tensor.double_data)
    stored += len(tensor.int32_data) + len(tensor.int64_data) + len(tensor.uint64_data)
    if int(np.prod([int(size) for size in tensor.dims], dtype=object)) > 8 * stored:
        raise ValueError(f"{tensor.name!r} is cut short")
    return numpy_helper.to_array(tensor)
