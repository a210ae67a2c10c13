"""Model files in one canonical form, so that equal models are equal bytes.

skops writes a zip of `schema.json` and arrays, with the time, and with names that are addresses in memory.
Here the same content is written with fixed times, without compression, with compact JSON, and with every
array under the hash of its bytes. skops reads it like any other file of its own.
"""

import hashlib
import importlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip file can say."""


_LISTS = {
    "PRIMITIVE_TYPE_NAMES": [f"builtins.{each}" for each in ("int", "float", "str", "bool")],
    "CONTAINER_TYPE_NAMES": [f"builtins.{each}" for each in ("list", "set", "map", "tuple")],
    "NUMPY_RANDOM_BIT_GENERATOR_TYPE_NAMES": [
        f"numpy.random.{each}" for each in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
    ],
    "NUMPY_DTYPE_TYPE_NAMES": [],
    "NUMPY_UFUNC_TYPE_NAMES": [],
    "SCIPY_UFUNC_TYPE_NAMES": [],
    "SKLEARN_ESTIMATOR_TYPE_NAMES": [],
    "SKLEARN_INTERNAL_TYPE_NAMES": [],
}
"""In the stead of what skops collects, at every start, from all of scikit-learn, scipy and numpy."""

_LOCK = threading.Lock()


def skops_io() -> Any:
    """`skops.io`, which trusts only what it is told to.

    Collecting what it trusts otherwise takes longer than reading a model. Whoever else imports skops has a
    copy of their own, that trusts what skops says.
    """
    with _LOCK:
        return _own_skops()


@cache
def _own_skops() -> Any:
    trusted = ModuleType("skops.io._trusted_types")
    vars(trusted).update(_LISTS)
    others = _forget_skops()
    sys.modules[trusted.__name__] = trusted
    try:
        return importlib.import_module("skops.io")
    finally:
        _forget_skops()
        sys.modules.update(others)


def _forget_skops() -> dict[str, ModuleType]:
    names = [each for each in sys.modules if each.split(".")[0] == "skops"]
    return {name: sys.modules.pop(name) for name in names}


def canonical(data: bytes) -> bytes:
    """Rewrite the bytes of a skops file canonically."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        contents = {
            name: _canonical_array(name, archive.read(name)) for name in archive.namelist() if name != SCHEMA
        }
    names = {name: _content_name(name, content) for name, content in contents.items()}
    entries = {names[name]: content for name, content in contents.items()}
    return _zip(_canonical_node(schema, names), entries)


def nodes(schema: object) -> Iterator[dict[str, Any]]:
    """Every node of a schema: the dicts that name a loader."""
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                yield value
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _canonical_node(value: object, names: Mapping[str, str]) -> Any:
    """Drop the addresses (they only say which objects were one) and rename the arrays."""
    if isinstance(value, list):
        return [_canonical_node(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    node = {key: _canonical_node(item, names) for key, item in value.items() if key != "__id__"}
    if "__loader__" in node and isinstance(node.get("file"), str):
        node["file"] = names[node["file"]]
    if node.get("__loader__") == "SetNode":
        node["content"] = sorted(node["content"], key=json.dumps)
    return node


def _content_name(name: str, content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.{name.rpartition('.')[2]}"


def _canonical_array(name: str, content: bytes) -> bytes:
    """Zero the gaps between the fields of a structured array: whatever was in memory stands there."""
    import numpy as np

    if not name.endswith(".npy"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros_like(array, subok=False)
    clean.view(np.uint8)[...] = 0
    for field in array.dtype.names:
        clean[field] = array[field]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()


def _zip(schema: object, entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(schema, separators=(",", ":"), ensure_ascii=True)
        archive.writestr(_entry(SCHEMA), text)
        for name in sorted(entries):
            archive.writestr(_entry(name), entries[name])
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """The same on every system."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
