"""Named arrays in a safetensors file, which anybody reads without running anything."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError

if TYPE_CHECKING:
    import numpy.typing as npt

_NAMES = {"<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<i4": "I32", "|u1": "U8"}


def write_tensors(tensors: Mapping[str, "npt.NDArray[Any]"], about: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file; equal tensors are equal bytes. Raises ModelError for other types."""
    import numpy as np

    header: dict[str, Any] = {"__metadata__": dict(about)} if about else {}
    parts, place = [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        array = array.astype(array.dtype.newbyteorder("<"))
        kind = _NAMES.get(array.dtype.str)
        if kind is None:
            raise ModelError(
                f"tensor `{name}` has the type {array.dtype}", "Use floats, or save it yourself."
            )
        content = array.tobytes()
        shape = list(tensors[name].shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [place, place + len(content)]}
        parts.append(content)
        place += len(content)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])
