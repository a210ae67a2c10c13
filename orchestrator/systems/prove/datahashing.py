"""The record of data out of a training script: a path, a digest, a table or an array, by its hash alone.

Nothing of the values goes into the record: names and types of columns, and how many rows there are.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.provenance import DataRecord

if TYPE_CHECKING:
    import pandas as pd


_GIVE = "Give a path, sha256:…, a DataFrame, a numpy array, or several of them in a list."


def content_of(data: object) -> bytes:
    """The bytes by which a table or an array is known. Raises DataError.

    Of a pandas DataFrame or Series they are its CSV in UTF-8 without an index, lines ended by a line feed;
    of a numpy array its .npy file, so that both can be made again with one call.
    """
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.Series):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        return data.to_csv(index=False, lineterminator="\n").encode()
    if not isinstance(data, np.ndarray):
        raise DataError(f"a {type(data).__name__} cannot be hashed as data", _GIVE)
    if data.dtype.hasobject:
        raise DataError("an array of Python objects has no bytes of its own", "Make it a DataFrame.")
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(data), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def record_of(data: Any, name: str | None = None) -> DataRecord:
    """The record of a table or an array. Raises DataError."""
    sha256 = hashlib.sha256(content_of(data)).hexdigest()
    shape = " × ".join(map(str, data.shape))
    return DataRecord(
        source=name or f"{type(data).__name__} ({shape})",
        sha256=sha256,
        cid=None,
        files=(),
        rows=int(data.shape[0]) if data.shape else None,
        columns=_columns(data),
        cleaning={},
        collected=None,
    )


def several(data: object) -> list[tuple[str | None, Any]]:
    """What was given as data, one by one, with the names of a mapping."""
    if data is None:
        return []
    if isinstance(data, Mapping):
        return [(str(name), each) for name, each in data.items()]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [(None, each) for each in data]
    return [(None, data)]


def _columns(data: "pd.DataFrame") -> dict[str, Any]:
    if not hasattr(data, "columns"):
        return {}
    return {str(name): {"type": str(kind)} for name, kind in data.dtypes.items()}
