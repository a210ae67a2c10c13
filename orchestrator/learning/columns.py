"""Turn one column of raw cells into numbers or categories."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.errors import DataError
from orchestrator.learning.reading import Table
from orchestrator.learning.spec import Data

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

Column = Any
"""A pyarrow.ChunkedArray."""

Kind = Literal["numeric", "categorical"]

NUMERIC_SHARE = 0.9
"""A column is numeric, and its words are bad values, where at least this share of its cells are numbers."""


@dataclass
class Cells:
    """Cells of one column: `values` are float64 or object; `bad` cells are missing in `values` too."""

    kind: Kind
    values: "npt.NDArray[Any]"
    missing: "Mask"
    bad: "Mask"
    raw: Column


def convert(name: str, table: Table, data: Data) -> Cells:
    """One column as numbers or as categories.

    Raises DataError where it holds anything else, or no value at all.
    """
    import pyarrow.types as types

    column = table.columns[name]
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not _is_plain(column.type):
        raise DataError(
            f"Column {name!r} holds {column.type}, which is neither numbers nor categories",
            f"make numbers or texts of it, or set data.types.{name} = 'ignore'",
        )
    wanted = data.types.get(name)
    if types.is_string(column.type) or types.is_large_string(column.type):
        guess = table.is_text or name == data.target
        converted = _from_text(column, wanted, data.cleaning.missing_marks, guess=guess)
    else:
        converted = _from_values(column, wanted)
    if converted.missing.all() and name != data.target:
        raise DataError(f"Column {name!r} has no value at all", f"set data.types.{name!r} = 'ignore'")
    return converted


def _is_plain(arrow_type: Any) -> bool:
    import pyarrow.types as types

    checks = (types.is_string, types.is_large_string, types.is_boolean, types.is_integer, types.is_floating)
    return any(check(arrow_type) for check in (*checks, types.is_decimal, types.is_null))


def _from_text(column: Column, wanted: str | None, marks: list[str], *, guess: bool) -> Cells:
    """Texts as numbers where they are or shall be; without `guess` they stay what the file says they are."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    gone = pc.or_(pc.is_in(column, pa.array(marks, column.type)), pc.is_null(column))
    missing = gone.to_numpy(zero_copy_only=False)
    if wanted == "categorical" or (wanted is None and not guess):
        return _categories(column, missing)
    numbers = _numbers(pc.if_else(gone, None, column))
    words = np.isnan(numbers) & ~missing
    if wanted is None and words.sum() > (1 - NUMERIC_SHARE) * (~missing).sum():
        return _categories(column, missing)
    return _numeric(column, numbers, missing)


def _from_values(column: Column, wanted: str | None) -> Cells:
    """What a Parquet file holds as numbers or truth values."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as types

    if wanted == "categorical" or (types.is_boolean(column.type) and wanted is None):
        cells = column.to_pylist()
        missing = np.fromiter((cell is None or cell != cell for cell in cells), dtype=bool, count=len(cells))
        return _categories(
            pa.chunked_array([[None if cell is None else str(cell) for cell in cells]]), missing
        )
    cells = [math.nan if cell is None else float(cell) for cell in column.to_pylist()]
    numbers = np.array(cells, dtype=np.float64)
    return _numeric(column, numbers, np.isnan(numbers))


def _numeric(raw: Column, numbers: "npt.NDArray[np.float64]", missing: "Mask") -> Cells:
    """Numbers; those that are not finite are bad, and missing from here on."""
    import numpy as np

    bad = ~missing & ~np.isfinite(numbers)
    return Cells("numeric", np.where(bad, np.nan, numbers), missing, bad, raw)


def _categories(raw: Column, missing: "Mask") -> Cells:
    import numpy as np

    values = np.array(raw.to_pylist(), dtype=object)
    values[missing] = math.nan
    return Cells("categorical", values, missing, np.zeros(len(raw), dtype=bool), raw)


def _numbers(column: Column) -> "npt.NDArray[np.float64]":
    """Read texts as numbers, exactly; NaN where a cell is null or not a number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        numbers = pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowInvalid:  # not all of them: look at each
        numbers = np.array([math.nan if cell is None else number(cell) for cell in column.to_pylist()])
    return np.array(numbers, dtype=np.float64)


def number(cell: str) -> float:
    """Read a text as Python reads a float, without underscores; NaN where it is none."""
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan
