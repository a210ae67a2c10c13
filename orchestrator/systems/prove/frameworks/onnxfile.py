"""ONNX files: looked through first, then computed by ONNX Runtime on the CPU.

Refused are files that name other files, operators outside the standard, and graphs within the graph, which
could loop without end. A few bytes can ask for any size of array, so that what all of them take is bounded.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError
from orchestrator.learning.data import Feature
from orchestrator.systems.prove.frameworks.asked import (
    Classifier,
    Label,
    Opened,
    Regressor,
    Scorer,
    damaged,
    labels,
    missing,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from onnx import GraphProto, ModelProto
    from onnxruntime import InferenceSession

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
MOST_INPUTS = 10_000
MOST_MEMORY = 4 << 30
"""Bytes for all arrays of all models of this process."""

_FLOATS = {1: "float32", 11: "float64"}
_COLUMNS = {1: "float32", 11: "float64", 7: "int64", 8: "object"}

Run = Callable[["pd.DataFrame"], list[Any]]


def open_onnx(data: bytes, told: tuple[Feature, ...], classes: tuple[Label, ...]) -> Opened:
    """A model out of ONNX bytes; `told` are the features of its manifest. Raises ModelError."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise missing("ONNX", "onnx") from error
    try:
        model = onnx.load_model_from_string(data)
        _check(model)
        run, width, names, texts = _inputs(model.graph, told)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        _bound_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        session = onnxruntime.InferenceSession(
            data,
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # which would print the stranger's text
        )
        estimator = _estimator(model.graph, _asking(session, run), classes)
    except ModelError:
        raise
    except Exception as error:  # whatever protobuf or ONNX Runtime object to
        raise damaged("ONNX", str(error).partition("\n")[0][:300]) from error
    return Opened(estimator, width, names, texts=texts)


@cache
def _bound_memory() -> None:
    """The allocator that sessions share, made once."""
    import onnxruntime as runtime

    kind, use = runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, runtime.OrtMemType.DEFAULT
    limits = runtime.OrtArenaCfg({"max_mem": MOST_MEMORY, "arena_extend_strategy": 1})  # no more than asked
    runtime.create_and_register_allocator(runtime.OrtMemoryInfo("Cpu", kind, 0, use), limits)


def _check(model: "ModelProto") -> None:
    """Raises ModelError for what might reach other files, foreign code, or run without end."""
    graph = model.graph
    if model.functions or len(graph.sparse_initializer):
        raise damaged("ONNX", "it has functions or sparse tensors")
    tensors = list(graph.initializer)
    for node in graph.node:
        if node.domain not in DOMAINS:
            raise damaged("ONNX", f"it has operators of `{node.domain[:80]}`")
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise damaged("ONNX", f"`{node.op_type[:80]}` holds a graph of its own")
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise damaged("ONNX", "it has sparse tensors")
            tensors += [attribute.t, *attribute.tensors]
    if any(tensor.external_data or tensor.data_location for tensor in tensors):
        raise damaged("ONNX", "it names other files")


def _inputs(
    graph: "GraphProto", told: tuple[Feature, ...]
) -> tuple[Callable[["pd.DataFrame"], dict[str, Any]], int, tuple[str, ...] | None, bool]:
    """How rows become inputs, one matrix or columns; how many; their names; whether texts may be."""
    constants = {tensor.name for tensor in graph.initializer}
    given = [each for each in graph.input if each.name not in constants]
    if not 1 <= len(given) <= MOST_INPUTS:
        raise damaged("ONNX", f"it has {len(given)} inputs")
    kinds = [each.type.tensor_type.elem_type for each in given]
    dims = [[dim.dim_value for dim in each.type.tensor_type.shape.dim] for each in given]
    if len(given) == 1 and kinds[0] in _FLOATS and len(dims[0]) == 2 and dims[0][1] != 1:
        width, name, kind = dims[0][1] or len(told), given[0].name, _FLOATS[kinds[0]]
        if not width:
            raise ModelError("neither the ONNX model nor its manifest says how many features", "Tell them.")
        return lambda rows: {name: rows.to_numpy(kind)}, width, None, False
    if any(kind not in _COLUMNS for kind in kinds) or any(dim[1:] not in ([1], []) for dim in dims):
        raise damaged("ONNX", "it takes no table of numbers, nor one column for each input")
    names = tuple(each.name for each in given)
    flat = [len(dim) == 1 for dim in dims]

    def columns(rows: "pd.DataFrame") -> dict[str, Any]:
        found = {}
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            column = rows.iloc[:, place].to_numpy(_COLUMNS[kind])
            found[name] = column if flat[place] else column.reshape(-1, 1)
        return found

    return columns, len(names), names, 8 in kinds


def _asking(session: "InferenceSession", inputs: Callable[["pd.DataFrame"], dict[str, Any]]) -> Run:
    def run(rows: "pd.DataFrame") -> list[Any]:
        try:
            return list(session.run(None, inputs(rows)))
        except Exception as error:  # ONNX Runtime has exceptions of its own
            raise ValueError(str(error).partition("\n")[0][:300]) from error

    return run


def _estimator(graph: "GraphProto", run: Run, told: tuple[Label, ...]) -> Regressor:
    """By the outputs: labels beside shares (as converters write classifiers), or one table of numbers."""
    outputs = list(graph.output)
    if len(outputs) == 2 and outputs[0].type.tensor_type.elem_type in (7, 8):
        classes = told or _named(graph)
        if not classes:
            return Regressor(lambda rows: run(rows)[0])
        if outputs[1].type.HasField("sequence_type"):
            return Classifier(lambda rows: _zipped(run(rows)[1], classes), classes)
        return Classifier(lambda rows: run(rows)[1], classes)
    if len(outputs) != 1:
        raise damaged("ONNX", f"it has {len(outputs)} outputs")
    if outputs[0].type.tensor_type.elem_type not in _FLOATS:
        return Regressor(lambda rows: run(rows)[0])
    dims = [dim.dim_value for dim in outputs[0].type.tensor_type.shape.dim]
    count = dims[1] if len(dims) == 2 else 1
    last = next((node.op_type for node in reversed(graph.node) if outputs[0].name in node.output), "")
    if last == "Softmax" or (last == "Sigmoid" and count == 1):
        return Classifier(lambda rows: run(rows)[0], labels(told, max(2, count or len(told))))
    if told or count != 1:
        return Scorer(lambda rows: run(rows)[0], labels(told, max(2, count or len(told))))
    return Regressor(lambda rows: run(rows)[0])


def _named(graph: "GraphProto") -> tuple[Label, ...]:
    """The classes that an operator of the graph names; none where none does."""
    for node in reversed(graph.node):
        for attribute in node.attribute:
            if attribute.name in ("classlabels_int64s", "classlabels_ints") and attribute.ints:
                return tuple(int(each) for each in attribute.ints)
            if attribute.name == "classlabels_strings" and attribute.strings:
                return tuple(each.decode("utf-8", errors="replace") for each in attribute.strings)
    return ()


def _zipped(answers: list[dict[Any, float]], classes: tuple[Label, ...]) -> "npt.NDArray[np.floating[Any]]":
    import numpy as np

    return np.array([[answer[each] for each in classes] for answer in answers])
