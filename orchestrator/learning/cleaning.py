"""Turn a table of raw cells into features and labels, by the rules of [data] and [data.cleaning]."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.catalogue import Task
from orchestrator.learning.columns import (
    DATES,
    Cells,
    Kind,
    convert,
    date_columns,
    date_parts,
    is_grouped,
    number,
)
from orchestrator.learning.reading import Table
from orchestrator.learning.spec import Cleaning, Data
from orchestrator.text import shown_names

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]

CLASSES = 20
"""Whole numbers are labels of classes up to this many distinct values, else the target of a regression."""


@dataclass
class Cleaned:
    """Features (float64, or object with NaN for missing), labels, and what was done.

    `removed` counts rows by reason, `imputed` cells of the rows that stay: for each column those that are
    missing and those that were bad. `ignored` says of columns that are not features why. `cells` are the
    columns before dates became parts.
    """

    X: "pd.DataFrame"
    y: "pd.Series[Any]"
    task: Task
    kinds: dict[str, Kind]
    removed: dict[str, int] = field(default_factory=dict)
    imputed: dict[str, dict[str, int]] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    cells: dict[str, "npt.NDArray[Any]"] = field(default_factory=dict)


def clean(table: Table, data: Data) -> Cleaned:
    """Convert, check and filter.

    Raises DataError for a missing target, a missing or bad label, a column that is missing throughout, a cell
    that is bad where bad values are errors, and where nothing is left.
    """
    _check_table(table, data)
    found = {name: convert(name, table, data) for name in _features(table, data)}
    columns = {name: column for name, column in found.items() if column.kind != "identifier"}
    if not columns:
        raise DataError(f"Every column only names its row: {shown_names(list(found))}", "set data.types")
    target = convert(data.target, table, data)
    keep, removed = _rows_to_keep(columns, target, table, data)
    frame = _frame(columns)
    labels, task = _labels(target, keep, table, data)
    keep, removed["duplicates"] = _without_duplicates(frame, labels, keep, data.cleaning, table.place)
    if task == "classification" and data.cleaning.smallest_class > 1:
        keep, removed["rare_classes"] = _without_rare(labels, keep, data.cleaning.smallest_class)
    if not keep.any():
        gone = ", ".join(f"{count} for {reason}" for reason, count in removed.items() if count)
        raise DataError(f"No row is left after cleaning (removed: {gone})", "see [data.cleaning]")
    features = frame[keep].reset_index(drop=True)
    kinds = {name: column.kind for name, column in columns.items()}
    kept = labels[keep].reset_index(drop=True)
    whole = task == "classification" and all(isinstance(label, int) for label in kept)
    return Cleaned(
        X=features,
        y=kept.astype(int) if whole else kept,
        task=task,
        kinds=kinds,
        removed=removed,
        imputed=_imputed(columns, keep),
        ignored=_ignored(found, table, data),
        cells={name: column.values[keep] for name, column in columns.items()},
    )


def _imputed(columns: dict[str, Cells], keep: "Mask") -> dict[str, dict[str, int]]:
    counts = {
        name: {"missing": int(column.missing[keep].sum()), "bad_values": int(column.bad[keep].sum())}
        for name, column in columns.items()
    }
    return {name: count for name, count in counts.items() if any(count.values())}


def _ignored(found: dict[str, Cells], table: Table, data: Data) -> dict[str, str]:
    """Why each column is not a feature."""
    reasons = {name: "it only names the row" for name, column in found.items() if column.kind == "identifier"}
    for name in table.columns.column_names:
        if data.types.get(name) in ("ignore", "identifier"):
            reasons[name] = "the spec says so"
    return reasons


def _check_table(table: Table, data: Data) -> None:
    names = table.columns.column_names
    if data.target not in names:
        raise DataError(
            f"There is no column {data.target!r} to predict; there are {shown_names(names)}",
            "set data.target",
        )
    if unknown := sorted(set(data.types) - set(names)):
        raise DataError(f"data.types names a column that is not there: {', '.join(unknown)}")
    if table.ragged and data.cleaning.bad_values == "error":
        raise DataError(table.ragged[0], "repair the line, or set data.cleaning.bad_values = 'drop'")
    if table.columns.num_rows == 0:
        raise DataError("The data has a header but no rows")
    if not _features(table, data):
        raise DataError("There is no column to learn from beside the target")


def _features(table: Table, data: Data) -> list[str]:
    return [
        name
        for name in table.columns.column_names
        if name != data.target and data.types.get(name) not in ("ignore", "identifier")
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
        kind = "not a date" if column.kind in DATES else kind
        grouped = isinstance(cell, str) and is_grouped(cell) and column.kind == "numeric"
        raise DataError(
            f"{table.place(row)}, column {name!r}: {cell!r} is {kind}",
            ("take the marks between thousands out, or " if grouped else "")
            + "repair it, set data.cleaning.bad_values to 'drop' or 'impute', or data.types to 'categorical'",
        )


def _refuse_missing(name: str, column: Cells, table: Table, *, label: bool) -> None:
    if not column.missing.any() or column.kind == "text":
        return
    row = int(column.missing.argmax())
    what = f"the label is missing, one of {int(column.missing.sum())}" if label else "the value is missing"
    hint = "set data.cleaning.missing = 'drop' to drop such rows" + ("" if label else ", or 'impute'")
    if cell := str(column.raw[row].as_py() or "").strip():
        what += f": {cell!r} is a mark of missing values"
        hint += f"; if {cell!r} is a value here, write data.cleaning.missing_marks without it"
    raise DataError(f"{table.place(row)}, column {name!r}: {what}", hint)


def _frame(columns: dict[str, Cells]) -> "pd.DataFrame":
    import pandas as pd

    parts: dict[str, Any] = {}
    for name, column in columns.items():
        found = feature_columns(name, column.kind, column.values)
        if twice := sorted(set(found) & (parts.keys() | (columns.keys() - {name}))):
            raise DataError(
                f"A part of the dates in {name!r} is named as the column {twice[0]!r}", "rename it"
            )
        parts |= {each: pd.Series(values, dtype=values.dtype) for each, values in found.items()}
    return pd.DataFrame(parts)


def feature_columns(name: str, kind: Kind, values: "npt.NDArray[Any]") -> dict[str, "npt.NDArray[Any]"]:
    """What a model sees of a column: dates (days since 1970) by their parts, no text where it is missing."""
    import numpy as np

    if kind in DATES:
        return dict(zip(date_columns(name), date_parts(values), strict=True))
    if kind == "text":
        return {name: np.array([cell if isinstance(cell, str) else "" for cell in values], dtype=object)}
    return {name: values}


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
        texts = ((int(row), str(target.raw[row])) for row in np.flatnonzero(keep))
        row = next(row for row, text in texts if math.isnan(number(text, data.decimal)))
        raise DataError(
            f"{table.place(row)}, column {data.target!r}: {target.raw[row].as_py()!r} is not a number",
            "a regression predicts numbers: set data.task = 'classification'",
        )
    return pd.Series(target.values, dtype=np.float64), task


def _label(cell: Any, *, whole: bool) -> Any:
    if isinstance(cell, float) and math.isnan(cell):
        return math.nan
    return int(cell) if whole else str(cell)


def _without_rare(labels: "pd.Series[Any]", keep: "Mask", fewest: int) -> tuple["Mask", int]:
    """Without the rows of classes that have fewer than `fewest`."""
    counts = labels[keep].value_counts()
    rare = keep & labels.isin([label for label, count in counts.items() if count < fewest]).to_numpy()
    return keep & ~rare, int(rare.sum())


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
