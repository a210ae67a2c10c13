"""The archive of a model file, looked through before anything of it is unpacked or built."""

import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.skopsfile import SCHEMA, nodes

MAX_SIZE = 2 << 30
"""Bytes of a model file, and of all that is in it."""

MAX_SCHEMA = 128 << 20
"""Bytes of its schema: more than ten thousand trees."""

BYTES_A_MARK, FREE_MARKS = 3, 1 << 16
"""Bytes of a schema for each bracket, comma and quote, besides some that are free; a model has over four.

What is between them is an object once it is parsed, which takes many times the bytes of the shortest.
"""

MAX_ENTRIES = 200_000
"""Arrays in it."""

MAX_REPEATS, FREE_REPEATS = 8, 16 << 20
"""How many times the arrays' size a model may take once it is built, besides some bytes that are free."""

MAX_DEPTH = 500
"""Lists and dicts within each other in the schema; a model needs a few dozen."""

RETRAIN = "write models with `diln train`, which stores them with skops"

_PROTOCOL = 2
"""The oldest format of skops that is read: older ones have other, laxer readers."""

_NO_MARK = bytes(each for each in range(256) if each not in b'[]{},"')
_STEP = bytes(1 if each in b"[{" else 255 if each in b"]}" else 0 for each in range(256))
"""How much deeper a mark leads, as a byte with a sign."""

Shapes = Mapping[str, tuple[int, ...]]


def read_schema(data: bytes) -> dict[str, Any]:
    """Check the archive and the trees in it; the schema says what the rest is.

    Raises UntrustedModel for a pickle, for anything that is not an array, and for arrays of Python objects;
    ModelError for an archive that is damaged, too large or compressed, or not of a model.
    """
    _refuse_pickle(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            shapes = _check_archive(archive)
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            schema = _parse(archive.read(SCHEMA))
    except zipfile.BadZipFile as error:
        raise ModelError(f"This is not a model file, or it is damaged: {error}", RETRAIN) from error
    except (ValueError, RecursionError, NotImplementedError, EOFError, MemoryError, RuntimeError) as error:
        raise ModelError(f"The model file is damaged: {error}", RETRAIN) from error
    _check_schema(schema)
    _check_repeats(schema, {name: sizes[name] for name in shapes})
    for node in nodes(schema):
        if node["__loader__"] == "TreeNode" and not _is_tree(node, shapes):
            raise UntrustedModel("A tree in the model has other nodes than it says", RETRAIN)
        if node["__loader__"] == "JsonNode" and not _is_scalar(node.get("content")):
            raise UntrustedModel("A value in the model is hidden in text", RETRAIN)
    return dict(schema)


def _parse(text: bytes) -> Any:
    """Parse the schema, unless it is so crowded or nested that a parser would run out of memory or stack."""
    import numpy as np

    marks = text.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NO_MARK)
    if len(marks) > len(text) // BYTES_A_MARK + FREE_MARKS:
        raise ModelError("The schema of the model file has more in it than a model can need", RETRAIN)
    steps = b"".join(marks.split(b'"')[::2]).translate(_STEP)  # what is between quotes is text
    if np.frombuffer(steps, dtype=np.int8).cumsum(dtype=np.int32).max(initial=0) > MAX_DEPTH:
        raise ModelError("The schema of the model file is nested too deeply", RETRAIN)
    return json.loads(text)


def _is_scalar(content: object) -> bool:
    """Whether a text is one value: lists and dicts are nodes of their own."""
    return isinstance(content, str) and content.lstrip()[:1] not in ("[", "{", "")


def _refuse_pickle(data: bytes) -> None:
    """Pickles of protocols 0 (text) and 2 to 5, and those that joblib compresses."""
    packed = data.startswith(
        (b"\x1f\x8b", b"x\x01", b"x^", b"x\x9c", b"x\xda", b"BZh", b"\xfd7zXZ", b"]\x00\x00")
    )
    text = data[:1] in (b"c", b"(", b"]", b"}", b"i") and data.rstrip().endswith(b".")
    if data[:1] == b"\x80" or packed or text:
        raise UntrustedModel("This is a pickle or joblib file: loading it could run any program", RETRAIN)


def _check_schema(schema: object) -> None:
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise ModelError("The schema of the model file describes no object", RETRAIN)
    protocol = schema.get("protocol")
    if not isinstance(protocol, int) or protocol < _PROTOCOL:
        raise ModelError(f"The model file is of skops' protocol {protocol}, which is too old", RETRAIN)


def _check_repeats(schema: object, sizes: Mapping[str, int]) -> None:
    """Refuse a model that names its arrays over and over: each time, skops reads the array again."""
    files = (node.get("file") for node in nodes(schema))
    unfolded = sum(sizes.get(file, 0) for file in files if isinstance(file, str))
    if unfolded > MAX_REPEATS * sum(sizes.values()) + FREE_REPEATS:
        raise ModelError("The model file names its arrays too often: it would take all memory", RETRAIN)


def _check_archive(archive: zipfile.ZipFile) -> Shapes:
    """How much would be unpacked, and that there are arrays only, whose shapes are returned."""
    entries = archive.infolist()
    if SCHEMA not in archive.NameToInfo:
        raise ModelError("This zip file is not a model: it has no schema", RETRAIN)
    if len(entries) > MAX_ENTRIES or len(entries) != len(archive.NameToInfo):
        raise ModelError("The model file has too many entries, or two of one name", RETRAIN)
    if archive.getinfo(SCHEMA).file_size > MAX_SCHEMA or sum(entry.file_size for entry in entries) > MAX_SIZE:
        raise ModelError("The model file unpacks to more than a model can need", RETRAIN)
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise ModelError(f"{entry.filename} in the model file is compressed or encrypted", RETRAIN)
    return {entry.filename: _shape(archive, entry) for entry in entries if entry.filename != SCHEMA}


def _shape(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, ...]:
    """An array's header must announce exactly the bytes that follow, and no Python objects."""
    import numpy as np

    if not entry.filename.endswith(".npy"):
        raise UntrustedModel(f"{entry.filename} in the model file is not an array", RETRAIN)
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stream)
        if dtype.hasobject:
            raise UntrustedModel(f"{entry.filename} in the model file holds pickled objects", RETRAIN)
        if stream.tell() + math.prod(shape) * dtype.itemsize != entry.file_size or min(shape, default=0) < 0:
            raise ModelError(f"{entry.filename} in the model file is not as long as it says", RETRAIN)
    return tuple(shape)


def _is_tree(node: Mapping[str, Any], shapes: Shapes) -> bool:
    """Whether the arrays of a tree are as long as scikit-learn will believe: it allocates before it looks."""
    try:
        features, classes, outputs = node["__reduce__"]["args"]["content"]
        state = node["content"]["content"]
        count = _whole(state["node_count"])
        return (
            _whole(features) > 0
            and _whole(outputs) == 1
            and _whole(state["max_depth"]) >= 0
            and shapes[classes["file"]] == (1,)
            and count > 0
            and shapes[state["nodes"]["file"]] == (count,)
            and shapes[state["values"]["file"]][:2] == (count, 1)
        )
    except (KeyError, TypeError, ValueError):
        return False


def _whole(node: Mapping[str, Any]) -> int:
    value = json.loads(node["content"]) if node["__loader__"] == "JsonNode" else None
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value
