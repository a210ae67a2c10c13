"""Turn a table of raw cells into features and labels, by the rules of [data] and [data.cleaning]."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.errors import DataError
from orchestrator.learning.catalogue import Task
from orchestrator.learning.reading import Table
from orchestrator.learning.spec import Cleaning, Data

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]

Column = Any
"""A pyarrow.ChunkedArray."""

Kind = Literal["numeric", "categorical"]

NUMERIC_SHARE = 0.9
"""A column is numeric, and its words are bad values, where at least this share of its cells are numbers."""

CLASSES = 20
"""Whole numbers are labels of classes up to this many distinct values, else the target of a regression."""


@dataclass
class Cleaned:
    """Features (float64, or object with NaN for missing), labels, and what was removed."""

    X: "pd.DataFrame"
    y: "pd.Series[Any]"
    task: Task
    kinds: dict[str, Kind]
    removed: dict[str, int] = field(default_factory=dict)


@dataclass
class _Column:
    """Cells of one column: `values` are float64 or object; `bad` cells are missing in `values` too."""

    kind: Kind
    values: "npt.NDArray[Any]"
    missing: "Mask"
    bad: "Mask"
    raw: Column


def clean(table: Table, data: Data) -> Cleaned:
    """Convert, check and filter.

    Raises DataError for a missing target, a missing or bad label, a column that is missing throughout, a cell
    that is bad where bad values are errors, and where nothing is left.
    """
    _check_table(table, data)
    columns = {name: _convert(name, table, data) for name in _features(table, data)}
    target = _convert(data.target, table, data)
    keep, removed = _rows_to_keep(columns, target, table, data)
    frame = _frame(columns)
    labels, task = _labels(target, keep, table, data)
    keep, removed["duplicates"] = _without_duplicates(frame, labels, keep, data.cleaning, table.place)
    if not keep.any():
        gone = ", ".join(f"{count} for {reason}" for reason, count in removed.items() if count)
        raise DataError(f"No row is left after cleaning (removed: {gone})", "see [data.cleaning]")
    features = frame[keep].reset_index(drop=True)
    kinds = {name: column.kind for name, column in columns.items()}
    kept = labels[keep].reset_index(drop=True)
    whole = task == "classification" and all(isinstance(label, int) for label in kept)
    return Cleaned(features, kept.astype(int) if whole else kept, task, kinds, removed)


def _check_table(table: Table, data: Data) -> None:
    names = table.columns.column_names
    if data.target not in names:
        raise DataError(
            f"There is no column {data.target!r} to predict; there are {_listed(names)}", "set data.target"
        )
    if unknown := sorted(set(data.types) - set(names)):
        raise DataError(f"data.types names a column that is not there: {', '.join(unknown)}")
    if table.ragged and data.cleaning.bad_values == "error":
        raise DataError(table.ragged[0], "repair the line, or set data.cleaning.bad_values = 'drop'")
    if table.columns.num_rows == 0:
        raise DataError("The data has a header but no rows")
    if not _features(table, data):
        raise DataError("There is no column to learn from beside the target")


def _listed(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _features(table: Table, data: Data) -> list[str]:
    return [
        name
        for name in table.columns.column_names
        if name != data.target and data.types.get(name) != "ignore"
    ]


def _convert(name: str, table: Table, data: Data) -> _Column:
    """One column as numbers or as categories."""
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


def _from_text(column: Column, wanted: str | None, marks: list[str], *, guess: bool) -> _Column:
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


def _from_values(column: Column, wanted: str | None) -> _Column:
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


def _numeric(raw: Column, numbers: "npt.NDArray[np.float64]", missing: "Mask") -> _Column:
    """Numbers; those that are not finite are bad, and missing from here on."""
    import numpy as np

    bad = ~missing & ~np.isfinite(numbers)
    return _Column("numeric", np.where(bad, np.nan, numbers), missing, bad, raw)


def _categories(raw: Column, missing: "Mask") -> _Column:
    import numpy as np

    values = np.array(raw.to_pylist(), dtype=object)
    values[missing] = math.nan
    return _Column("categorical", values, missing, np.zeros(len(raw), dtype=bool), raw)


def _numbers(column: Column) -> "npt.NDArray[np.float64]":
    """Read texts as numbers, exactly; NaN where a cell is null or not a number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        numbers = pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowInvalid:  # not all of them: look at each
        numbers = np.array([math.nan if cell is None else _number(cell) for cell in column.to_pylist()])
    return np.array(numbers, dtype=np.float64)


def _number(cell: str) -> float:
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan


def _rows_to_keep(
    columns: dict[str, _Column], target: _Column, table: Table, data: Data
) -> tuple["Mask", dict[str, int]]:
    """Which rows have no bad value, and no missing one that has to go."""
    import numpy as np

    rules = data.cleaning
    bad = np.zeros(len(target.raw), dtype=bool)
    missing = bad.copy()
    for name, column in {**columns, data.target: target}.items():
        if rules.bad_values == "error":
            _refuse_bad(name, column, table)
        bad |= column.bad if rules.bad_values == "drop" or name == data.target else False
        missing |= column.missing if rules.missing == "drop" else False
        if rules.missing == "error" or (name == data.target and rules.missing != "drop"):
            _refuse_missing(name, column, table, label=name == data.target)
    missing &= ~bad
    return ~(bad | missing), {"bad_values": int(bad.sum()) + len(table.ragged), "missing": int(missing.sum())}


def _refuse_bad(name: str, column: _Column, table: Table) -> None:
    if column.bad.any():
        row = int(column.bad.argmax())
        cell = column.raw[row].as_py()
        infinite = isinstance(cell, float) or math.isinf(_number(str(cell)))
        kind = "not a finite number" if infinite else "not a number"
        raise DataError(
            f"{table.place(row)}, column {name!r}: {cell!r} is {kind}",
            "repair it, set data.cleaning.bad_values to 'drop' or 'impute', or data.types to 'categorical'",
        )


def _refuse_missing(name: str, column: _Column, table: Table, *, label: bool) -> None:
    if column.missing.any():
        what = (
            f"the label is missing, one of {int(column.missing.sum())}" if label else "the value is missing"
        )
        raise DataError(
            f"{table.place(int(column.missing.argmax()))}, column {name!r}: {what}",
            "set data.cleaning.missing = 'drop' to drop such rows" + ("" if label else ", or 'impute'"),
        )


def _frame(columns: dict[str, _Column]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {name: pd.Series(column.values, dtype=column.values.dtype) for name, column in columns.items()}
    )


def _labels(target: _Column, keep: "Mask", table: Table, data: Data) -> tuple["pd.Series[Any]", Task]:
    """Labels (int or str objects) or target values (float64), and which of the two. Rows not kept are NaN."""
    import numpy as np
    import pandas as pd

    kept = target.values[keep]
    whole = target.kind == "numeric" and bool(np.all(kept == np.floor(kept)))
    few = whole and len(np.unique(kept)) <= CLASSES
    task: Task = "classification" if target.kind == "categorical" or few else "regression"
    if data.task != "auto":
        task = data.task
    if task == "classification":
        return pd.Series([_label(cell, whole=whole) for cell in target.values], dtype=object), task
    if target.kind == "categorical":
        row = next(int(row) for row in np.flatnonzero(keep) if math.isnan(_number(str(target.raw[row]))))
        raise DataError(
            f"{table.place(row)}, column {data.target!r}: {target.raw[row].as_py()!r} is not a number",
            "a regression predicts numbers: set data.task = 'classification'",
        )
    return pd.Series(target.values, dtype=np.float64), task


def _label(cell: Any, *, whole: bool) -> Any:
    if isinstance(cell, float) and math.isnan(cell):
        return math.nan
    return int(cell) if whole else str(cell)


def _without_duplicates(
    frame: "pd.DataFrame",
    labels: "pd.Series[Any]",
    keep: "Mask",
    rules: Cleaning,
    place: Callable[[int], str],
) -> tuple["Mask", int]:
    if rules.duplicates == "keep":
        return keep, 0
    name = "label"
    while name in frame:
        name += "_"
    again = frame.assign(**{name: labels})[keep].duplicated()
    if again.any() and rules.duplicates == "error":
        row = int(again.index[again][0])
        raise DataError(
            f"{place(row)} repeats an earlier row", "set data.cleaning.duplicates to 'drop' or 'keep'"
        )
    kept = keep.copy()
    kept[again.index[again]] = False
    return kept, int(again.sum())
