"""Turn a table of raw cells into features and labels, by the rules of [data] and [data.cleaning]."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.catalogue import Task
from orchestrator.learning.columns import Cells, Kind, convert, number
from orchestrator.learning.reading import Table
from orchestrator.learning.spec import Cleaning, Data

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]

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


def clean(table: Table, data: Data) -> Cleaned:
    """Convert, check and filter.

    Raises DataError for a missing target, a missing or bad label, a column that is missing throughout, a cell
    that is bad where bad values are errors, and where nothing is left.
    """
    _check_table(table, data)
    columns = {name: convert(name, table, data) for name in _features(table, data)}
    target = convert(data.target, table, data)
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


def _rows_to_keep(
    columns: dict[str, Cells], target: Cells, table: Table, data: Data
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


def _refuse_bad(name: str, column: Cells, table: Table) -> None:
    if column.bad.any():
        row = int(column.bad.argmax())
        cell = column.raw[row].as_py()
        infinite = isinstance(cell, float) or math.isinf(number(str(cell)))
        kind = "not a finite number" if infinite else "not a number"
        raise DataError(
            f"{table.place(row)}, column {name!r}: {cell!r} is {kind}",
            "repair it, set data.cleaning.bad_values to 'drop' or 'impute', or data.types to 'categorical'",
        )


def _refuse_missing(name: str, column: Cells, table: Table, *, label: bool) -> None:
    if column.missing.any():
        what = (
            f"the label is missing, one of {int(column.missing.sum())}" if label else "the value is missing"
        )
        raise DataError(
            f"{table.place(int(column.missing.argmax()))}, column {name!r}: {what}",
            "set data.cleaning.missing = 'drop' to drop such rows" + ("" if label else ", or 'impute'"),
        )


def _frame(columns: dict[str, Cells]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {name: pd.Series(column.values, dtype=column.values.dtype) for name, column in columns.items()}
    )


def _labels(target: Cells, keep: "Mask", table: Table, data: Data) -> tuple["pd.Series[Any]", Task]:
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
        row = next(int(row) for row in np.flatnonzero(keep) if math.isnan(number(str(target.raw[row]))))
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
