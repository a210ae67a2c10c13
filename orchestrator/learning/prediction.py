"""Predict rows that came from a user, read as training read its data.

    rows out of a file or a request → clean_rows → predict_clean

One rule for a cell wherever it comes from: texts lose the blanks around them; a mark of the model's
reading, an empty cell of a typed file and null are missing; a number written as text is that number.
`clean_rows` is to a cell what `columns.convert` is to a column of training; a test holds the two together.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from orchestrator.errors import DataError
from orchestrator.learning.cleaning import feature_columns
from orchestrator.learning.columns import DATES, day_of, number, numeric_marks
from orchestrator.learning.data import Feature, Reading
from orchestrator.learning.reading import parse_table
from orchestrator.text import shown

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Row = Mapping[str, Any]
CleanRow = dict[str, float | str | None]
"""A row as the model is asked and as the log keeps it: a value for each feature; None is missing."""

Note = Callable[[str], object]
Cleaner = Callable[[Any], float | str]

MOST_NAMED = 8
"""Columns in a hint."""

_COMPLETE = "this model was trained on complete rows"
_BAD = "repair it; a model trained with data.cleaning.bad_values = 'impute' takes it for missing"


def predict_rows(
    model: "Pipeline",
    rows: "pd.DataFrame | Sequence[Row]",
    schema: Sequence[Feature],
    reading: Reading | None = None,
) -> list[dict[str, Any]]:
    """Clean, then predict each row; see `clean_rows` and `predict_clean`."""
    records = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    return predict_clean(model, clean_rows(records, schema, reading or Reading()), schema)


def predict_clean(
    model: "Pipeline", rows: Sequence[CleanRow], schema: Sequence[Feature]
) -> list[dict[str, Any]]:
    """Answer each row: `{"label": …}`, and `"probabilities": {class: share}` where the model gives them.

    Values are JSON's: str, int or float. Raises DataError for numbers that the model cannot compute with.
    """
    frame = _frame(rows, schema)
    estimator = model[-1]
    try:
        inputs = model[:-1].transform(frame) if len(model) > 1 else frame  # once for both questions
        labels = [_plain(label) for label in estimator.predict(inputs)]
        if not hasattr(estimator, "predict_proba"):
            return [{"label": label} for label in labels]
        shares = estimator.predict_proba(inputs).tolist()
    except ValueError as error:  # such as a number that single precision cannot hold
        reason = str(error).splitlines()[0]
        raise DataError(
            f"the model cannot compute with these values: {reason}", "Look at the largest."
        ) from error
    classes = [str(_plain(label)) for label in estimator.classes_]
    return [
        {"label": label, "probabilities": dict(zip(classes, row, strict=True))}
        for label, row in zip(labels, shares, strict=True)
    ]


def clean_rows(
    rows: Sequence[Any], schema: Sequence[Feature], reading: Reading, note: Note | None = None
) -> list[CleanRow]:
    """Rows as the model takes them; columns beyond the schema are ignored.

    `note` is called with a sentence for each bad value that the model takes for missing.

    Raises DataError, naming row and column, for what is not a row, a missing column, a missing value where
    the model was trained on complete rows, and a bad value unless the model imputes those.
    """
    if not rows:
        raise DataError("There is no row to predict")
    imputed = (note or _unsaid) if reading.bad_values == "impute" else None
    cleaners = [(feature, _cleaner(feature, reading)) for feature in schema]
    cleaned = []
    for place, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            kind = type(row).__name__
            raise DataError(f"Row {place} is a {kind}, not an object with a value for each column")
        try:
            cleaned.append({each.name: _cell(row, each, clean, place, imputed) for each, clean in cleaners})
        except KeyError:
            missing = next(each.name for each in schema if each.name not in row)
            where = f"Row {place}, column {missing!r}"
            raise DataError(f"{where}: the column is missing", _asked(schema, "give null")) from None
    return cleaned


def read_table(source: Path, schema: Sequence[Feature], reading: Reading) -> list[dict[str, Any]]:
    """The rows of a CSV or Parquet file, by the reader of training; None where a typed cell is empty.

    Raises DataError, naming file, line and number of fields, for a row that is too long or too short, two
    columns of one name, a column that is missing.
    """
    table = parse_table(source.name, source.read_bytes(), reading.separator)
    if table.ragged:
        raise DataError(table.ragged[0], "repair the line")
    known = set(table.columns.column_names)
    if absent := [feature.name for feature in schema if feature.name not in known]:
        if mark := _other_separator(known, absent[0], reading.separator):
            raise DataError(
                f"{source.name} seems to be separated by {mark!r}; this model reads {reading.separator!r}",
                f"Write it with {reading.separator!r} between the cells, or give the rows as JSON.",
            )
        raise DataError(
            f"{source.name}: column {absent[0]!r} is missing", _asked(schema, "leave cells empty")
        )
    columns = {feature.name: _values(table.columns[feature.name], feature) for feature in schema}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _other_separator(header: set[str], name: str, separator: str) -> str:
    """The mark that cuts a header of one cell into names, `name` among them; "" if none does."""
    first = next(iter(header), "")
    marks = (mark for mark in ",;\t|" if mark != separator and len(header) == 1)
    return next((mark for mark in marks if name in map(str.strip, first.split(mark))), "")


def _values(column: "pd.Series[Any]", feature: Feature) -> list[Any]:
    """Python's values; truth values are numbers where the model was trained on them as numbers."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_boolean(column.type) and feature.type == "numeric":
        column = column.cast(pa.int8()).cast(pa.float64())
    values: list[Any] = column.to_pylist()
    return values


class _Missing(Exception):
    pass


class _Bad(Exception):
    pass


def _unsaid(_: str) -> None:
    pass


def _cleaner(feature: Feature, reading: Reading) -> Cleaner:
    marks = frozenset(reading.missing_marks)
    if feature.type in DATES:
        return lambda value: _date(value, marks, feature.type)
    if feature.type != "numeric":
        return lambda value: _category(value, marks)
    numbers = numeric_marks(marks, reading.decimal)
    return lambda value: _number(value, marks, numbers, reading.decimal)


def _asked(schema: Sequence[Feature], unknown: str) -> str:
    """What the model wants; `unknown` is what stands for a value that nobody knows, where it takes those."""
    names = ", ".join(shown(each.name, 40) for each in schema[:MOST_NAMED])
    more = f" and {len(schema) - MOST_NAMED} more" if len(schema) > MOST_NAMED else ""
    gaps = (
        f"Where a value is unknown, {unknown}." if any(each.optional for each in schema) else f"{_COMPLETE}."
    )
    return f"The model asks for {names}{more}. {gaps[0].upper()}{gaps[1:]}"


def _cell(row: Row, feature: Feature, clean: Cleaner, place: int, imputed: Note | None) -> float | str | None:
    value = row[feature.name]
    try:
        return clean(value)
    except _Missing:
        if feature.optional:
            return None
        problem, hint = "the value is missing", _COMPLETE
    except _Bad as error:
        if imputed and feature.optional and feature.type in ("numeric", *DATES):
            imputed(f"Row {place}, column {feature.name!r}: {error}")
            return None
        problem, hint = str(error), _BAD
    raise DataError(f"Row {place}, column {feature.name!r}: {problem}", hint)


def _number(value: object, marks: frozenset[str], missing: frozenset[float], decimal: str) -> float:
    found = math.nan
    if isinstance(value, str):
        text = value.strip()
        if text in marks:
            raise _Missing
        found = number(text, decimal)
    elif value is None or value != value:
        raise _Missing
    elif isinstance(value, SupportsFloat) and not isinstance(value, bool):
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
    if found in missing:
        raise _Missing
    if not math.isfinite(found):
        raise _Bad(f"{_shown(value)} is not a finite number")
    return found


def _date(value: Any, marks: frozenset[str], kind: str) -> str:
    """A date as a text that says it; those of typed files are written as ISO 8601 does."""
    if value is None or value != value or (isinstance(value, str) and value.strip() in marks):
        raise _Missing
    if math.isnan(day_of(value, kind)):
        raise _Bad(f"{_shown(value)} is not a date")
    return value.strip() if isinstance(value, str) else str(value.isoformat())


def _category(value: object, marks: frozenset[str]) -> str:
    """As training read it: texts without blanks around them; numbers as they are written."""
    if value is None or value != value:
        raise _Missing
    if isinstance(value, dict | list | tuple | bytes):
        raise _Bad(f"{_shown(value)} is not a category")
    text = str(value).strip()
    if text in marks:
        raise _Missing
    return text


def _shown(value: object, most: int = 60) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[:most]}…"


def _frame(rows: Sequence[CleanRow], schema: Sequence[Feature]) -> "pd.DataFrame":
    """Cleaned rows as the frame that a model of this schema takes: float64 and object columns."""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for feature in schema:
        cells = [math.nan if row[feature.name] is None else row[feature.name] for row in rows]
        if feature.type in DATES:
            cells = [day_of(cell, feature.type) for cell in cells]
        numeric = feature.type in ("numeric", *DATES)  # an array is built in half the time of a series
        values = np.array(cells, np.float64) if numeric else np.array(cells, dtype=object)
        for name, part in feature_columns(feature.name, feature.type, values).items():
            columns[name] = part if numeric else pd.Series(part, dtype=object)
    return pd.DataFrame(columns)


def _plain(label: object) -> Any:
    return label.item() if hasattr(label, "item") else label
