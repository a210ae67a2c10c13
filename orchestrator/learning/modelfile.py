"""Models as data: written with skops in a canonical form, read only after everything in them is known.

Nothing is ever unpickled. A file is refused before anything of it is built where it is a pickle, is damaged
or too large, or holds a type outside `modeltypes.allowed()`; and afterwards where `modelcheck` finds indices
that would make scikit-learn read outside its arrays. There is no way to trust more.
"""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.modeltypes import allowed, trusted
from orchestrator.learning.skopsfile import SCHEMA, canonical, nodes

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAX_SIZE = 2 << 30
"""Bytes of a model file, and of all that is in it."""

MAX_SCHEMA = 256 << 20
"""Bytes of its schema."""

MAX_ENTRIES = 200_000
"""Arrays in it."""

_PROTOCOL = 2
"""The oldest format of skops that is read: older ones have other, laxer readers."""

_RETRAIN = "write models with `diln train`, which stores them with skops"


def save_model(pipeline: "Pipeline", path: Path) -> None:
    """Write a model, whole or not at all.

    Raises ModelError where it cannot be stored, or could not be read again.
    """
    data = model_bytes(pipeline)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ModelError(f"{path} cannot be written: {error.strerror}", "is the disk full?") from error


def model_bytes(pipeline: "Pipeline") -> bytes:
    """The canonical bytes of a model: equal models of the same library versions are equal bytes."""
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = canonical(skops.io.dumps(pipeline))
    except (UnsupportedTypeException, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The model cannot be stored: {error}", "use an estimator of the list") from error
    _check_types(_schema(data))
    return data


def load_model(source: Path | bytes) -> "Pipeline":
    """Read a model from a file or from its bytes.

    Raises UntrustedModel for a pickle and for whatever is not on the list of types, ModelError for a damaged
    or oversized file and for a model whose parts do not fit each other.
    """
    import skops.io
    from sklearn.pipeline import Pipeline

    from orchestrator.learning.modelcheck import check_model

    data = source if isinstance(source, bytes) else _read(source)
    schema = _schema(data)
    _check_types(schema)
    try:
        model = skops.io.loads(data, trusted=trusted())
    except Exception as error:  # whatever a crafted file provokes in skops, numpy or scikit-learn
        raise ModelError(f"The model file is damaged: {type(error).__name__}: {error}", _RETRAIN) from error
    if not isinstance(model, Pipeline):
        raise ModelError(f"The file holds a {type(model).__name__}, not a pipeline", _RETRAIN)
    check_model(model)
    return model


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_SIZE:
            raise ModelError(f"{path} is larger than {MAX_SIZE >> 30} GiB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"There is no model file {path}") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error


def _schema(data: bytes) -> dict[str, Any]:
    """Check the archive, then parse its schema."""
    if data[:1] == b"\x80" or data[:2] in (b"\x1f\x8b", b"x\x9c", b"BZ") or _is_text_pickle(data):
        raise UntrustedModel("This is a pickle or joblib file: loading it could run any program", _RETRAIN)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_archive(archive)
            schema = json.loads(archive.read(SCHEMA))
    except zipfile.BadZipFile as error:
        raise ModelError(f"This is no model file, or it is damaged: {error}", _RETRAIN) from error
    except (ValueError, RecursionError, NotImplementedError, EOFError, RuntimeError) as error:
        raise ModelError(f"The schema of the model file is damaged: {error}", _RETRAIN) from error
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise ModelError("The schema of the model file describes no object", _RETRAIN)
    if not isinstance(schema.get("protocol"), int) or schema["protocol"] < _PROTOCOL:
        raise ModelError(
            f"The model file is of skops' protocol {schema.get('protocol')}, which is too old", _RETRAIN
        )
    return schema


def _is_text_pickle(data: bytes) -> bool:
    """Protocol 0 begins with a text opcode; a zip never does."""
    return data[:2] != b"PK" and data[:1] in (b"c", b"(", b"]", b"}", b"i") and data.rstrip().endswith(b".")


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked: how much it would be, and that there are arrays only."""
    entries = archive.infolist()
    if SCHEMA not in archive.NameToInfo:
        raise ModelError("This zip file is no model: it has no schema", _RETRAIN)
    if len(entries) > MAX_ENTRIES or len(entries) != len(archive.NameToInfo):
        raise ModelError("The model file has too many entries, or two of one name", _RETRAIN)
    if archive.getinfo(SCHEMA).file_size > MAX_SCHEMA or sum(entry.file_size for entry in entries) > MAX_SIZE:
        raise ModelError("The model file unpacks to more than a model can need", _RETRAIN)
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise ModelError(f"{entry.filename} in the model file is compressed or encrypted", _RETRAIN)
        if entry.filename != SCHEMA:
            _check_array(archive, entry)


def _check_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """An array's header must announce exactly the bytes that follow, and no Python objects."""
    import numpy as np

    if not entry.filename.endswith(".npy"):
        raise UntrustedModel(f"{entry.filename} in the model file is not an array", _RETRAIN)
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stream)
        if dtype.hasobject:
            raise UntrustedModel(f"{entry.filename} in the model file holds pickled objects", _RETRAIN)
        count = 1
        for length in shape:
            count *= length
        if stream.tell() + count * dtype.itemsize != entry.file_size:
            raise ModelError(f"{entry.filename} in the model file is not as long as it says", _RETRAIN)


def _check_types(schema: dict[str, Any]) -> None:
    lists = allowed()
    unknown = set()
    for node in nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if name not in lists.get(str(node["__loader__"]), ()):
            unknown.add(f"{name} ({node['__loader__']})")
    if unknown:
        raise UntrustedModel(
            f"The model holds types that are not trusted: {', '.join(sorted(unknown)[:5])}",
            "only pipelines of the estimators that `diln init` lists can be loaded",
        )
