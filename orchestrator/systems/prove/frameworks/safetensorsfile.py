"""safetensors: named arrays and nothing else, read here, as the format is a page long.

Eight bytes of a length, a JSON object that says of each tensor its type, shape and place, then the numbers.
Which computation the tensors are for, the file does not say: the manifest declares it, as dense layers.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError
from orchestrator.nesting import is_nested_deeper
from orchestrator.provenance.predicate import Layer
from orchestrator.systems.prove.frameworks.asked import (
    Classifier,
    Compute,
    Label,
    Opened,
    Regressor,
    Scorer,
    damaged,
    labels,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Tensor = npt.NDArray[np.float32]

LARGEST_HEADER = 16 << 20
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "<u1"}


def read_tensors(data: bytes) -> dict[str, "Tensor"]:
    """The tensors of numbers, by name, as float32; ValueError, LookupError, TypeError, AttributeError."""
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(LARGEST_HEADER, len(data) - 8):
        raise ValueError("its header is longer than the file, or than 16 MiB")
    text = data[8 : 8 + length].decode("utf-8")
    if is_nested_deeper(text, 8):
        raise ValueError("its header is nested too deeply")
    header = json.loads(text)
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    spans = sorted((entry["data_offsets"][0], entry["data_offsets"][1]) for entry in header.values())
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or ends[-1] != len(body):
        raise ValueError("its tensors overlap, or leave bytes between them")
    return {name: _tensor(entry, body) for name, entry in header.items()}


def _tensor(entry: Mapping[str, Any], body: memoryview) -> "Tensor":
    import numpy as np

    begin, end = entry["data_offsets"]
    found = np.frombuffer(body[begin:end], dtype=_TYPES[entry["dtype"]]).reshape(entry["shape"])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found.astype(np.float32)


def open_safetensors(data: bytes, layers: Sequence[Layer], classes: tuple[Label, ...]) -> Opened:
    """A model of dense layers, as the manifest declares them. Raises ModelError."""
    if not layers:
        raise ModelError(
            "a safetensors file holds numbers, and its manifest declares no layers to compute with",
            "Publish it with `layers` in its --about file.",
        )
    try:
        tensors = read_tensors(data)
        stack = [(_weight(tensors, layer), _bias(tensors, layer), layer.activation) for layer in layers]
        _check_stack(stack)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged("safetensors", f"{type(error).__name__}: {error}") from error
    if tensors:
        raise ModelError(f"no declared layer uses the tensor `{min(tensors)}`", "Declare all layers.")
    outputs, last = stack[-1][0].shape[0], stack[-1][2]
    return Opened(_estimator(_compute(stack), outputs, last, classes), stack[0][0].shape[1])


def _estimator(compute: Compute, outputs: int, last: str, classes: tuple[Label, ...]) -> Regressor:
    if last == "softmax" or (last == "sigmoid" and outputs == 1):
        return Classifier(compute, labels(classes, max(2, outputs)))
    if classes or outputs > 1:
        return Scorer(compute, labels(classes, max(2, outputs)))
    return Regressor(compute)


def _weight(tensors: dict[str, "Tensor"], layer: Layer) -> "Tensor":
    weight = tensors.pop(layer.weight)
    if weight.ndim != 2 or not weight.size:
        raise ValueError(f"`{layer.weight}` is not a matrix")
    return weight


def _bias(tensors: dict[str, "Tensor"], layer: Layer) -> "Tensor | None":
    return tensors.pop(layer.bias) if layer.bias else None


def _check_stack(stack: Sequence[tuple["Tensor", "Tensor | None", str]]) -> None:
    for place, (weight, bias, _) in enumerate(stack):
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(f"the bias of layer {place} does not fit")
        if place and weight.shape[1] != stack[place - 1][0].shape[0]:
            raise ValueError(f"layer {place} does not take what the one before it gives")


def _compute(stack: Sequence[tuple["Tensor", "Tensor | None", str]]) -> Compute:
    def compute(rows: "pd.DataFrame") -> "npt.NDArray[np.floating[Any]]":
        import numpy as np

        values = rows.to_numpy(np.float32)
        with np.errstate(all="ignore"):
            for weight, bias, activation in stack:
                values = values @ weight.T + (0 if bias is None else bias)
                values = _activate(values, activation)
        if not np.isfinite(values).all():
            raise ValueError("the result is beyond single precision")
        return values

    return compute


def _activate(values: "Tensor", activation: str) -> Any:
    import numpy as np

    if activation == "relu":
        return np.maximum(values, 0)
    if activation == "tanh":
        return np.tanh(values)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-values))
    if activation == "softmax":
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return values
