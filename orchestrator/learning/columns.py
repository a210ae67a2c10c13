"""Turn one column of raw cells into numbers, categories, texts or dates, and find out which it holds."""

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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

Kind = Literal["numeric", "categorical", "text", "date", "date-dmy", "date-mdy", "identifier"]
"""What a column holds. An identifier names its row: nothing can be learned from it, so no model sees it.

Of 01/02/2024, `date-dmy` takes the first number as the day, `date-mdy` as the month, `date` neither.
"""
DATES: tuple[Kind, ...] = ("date", "date-dmy", "date-mdy")

NUMERIC_SHARE = 0.9
"""A column is numeric, and its words are bad values, where at least this share of its cells are numbers.

The same share of dates makes a column of dates.
"""
FEWEST = 20
"""So many cells it takes to tell identifiers and sentences from categories."""
MANY = 0.5
"""Texts of several words are sentences where this share of them is distinct."""
SENTENCE = 3
"""Words in a sentence, on average."""
UNIQUE = 0.95
"""Short texts are identifiers where this share of them is distinct."""

_ROW_NAME = re.compile(r"(^|[^A-Za-z])(?i:id|index|row|nr|no|number|key)$|[a-z]I[dD]$|^Unnamed", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?|\d{4}/\d\d/\d\d", re.ASCII
)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,'’ \u00a0\u202f])\d{3}(\1\d{3})*([.,]\d+)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Cells:
    """Cells of one column; `bad` cells are missing in `values` too.

    `values` are float64 (of a date: days since 1970), or object: texts, NaN for missing.
    """

    kind: Kind
    values: "npt.NDArray[Any]"
    missing: "Mask"
    bad: "Mask"
    raw: Column


def convert(name: str, table: Table, data: Data) -> Cells:
    """One column as what `data.types` says it is, else as what it seems to be.

    Raises DataError where it holds nothing of the kind, or no value at all.
    """
    import pyarrow.types as types

    column = table.columns[name]
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not _is_plain(column.type):
        raise DataError(
            f"Column {name!r} holds {column.type}, which is neither numbers, texts nor dates",
            f"make numbers or texts of it, or set data.types.{name} = 'ignore'",
        )
    wanted = data.types.get(name)
    if types.is_temporal(column.type):
        converted = _from_times(column)
    elif types.is_string(column.type) or types.is_large_string(column.type):
        converted = _from_text(name, column, wanted, data, is_text=table.is_text)
    else:
        converted = _from_values(column, wanted, data.cleaning.missing_marks)
    if converted.missing.all() and name != data.target:
        raise DataError(f"Column {name!r} has no value at all", f"set data.types.{name!r} = 'ignore'")
    if wanted is None and name != data.target and numbers_rows(name, converted):
        return replace(converted, kind="identifier")
    return converted


def _is_plain(arrow_type: object) -> bool:
    import pyarrow.types as types

    checks = (types.is_string, types.is_large_string, types.is_boolean, types.is_integer, types.is_floating)
    others = (types.is_decimal, types.is_null, types.is_date, types.is_timestamp)
    return any(check(arrow_type) for check in (*checks, *others))


def _from_text(name: str, column: Column, wanted: str | None, data: Data, *, is_text: bool) -> Cells:
    """Cells as what they are or shall be; where the file has types (not `is_text`), no text is a number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column, marks = pc.utf8_trim_whitespace(column), data.cleaning.missing_marks
    gone = pc.or_kleene(pc.is_in(column, pa.array(marks, column.type)), pc.is_null(column))
    missing = gone.to_numpy(zero_copy_only=False)
    target = name == data.target
    if wanted in ("categorical", "text", "identifier", "ignore"):
        return _categories(column, missing, "text" if wanted == "text" else "categorical")
    for kind in DATES:
        if wanted == kind:
            return _dates(column, missing, kind)
    if wanted == "numeric" or is_text or target:
        numbers = _numbers(pc.if_else(gone, None, column), data.decimal)
        words = np.isnan(numbers) & ~missing
        if wanted == "numeric" or words.sum() <= (1 - NUMERIC_SHARE) * (~missing).sum():
            return _numeric(column, numbers, missing | _marked(numbers, marks, data.decimal))
    return _categories(column, missing) if target else _words(name, column, missing, data)


def _words(name: str, column: Column, missing: "Mask", data: Data) -> Cells:
    """What texts are that are not numbers.

    Raises DataError for numbers with another decimal mark, and for dates of which no cell tells the order.
    """
    values = [cell for cell, gone in zip(column.to_pylist(), missing.tolist(), strict=True) if not gone]
    if values and (order := date_order(values)):
        if order != "ambiguous":
            return _dates(column, missing, order)
        such = next(value for value in values if _SLASHED.fullmatch(value))
        raise DataError(
            f"Column {name!r} holds dates such as {such!r}: is the day or the month first?",
            f"set data.types.{name!r} = 'date-dmy' (day first) or 'date-mdy' (month first)",
        )
    kind = kind_of_words(values)
    if kind != "categorical" or len(set(values)) > NUMERIC_SHARE * len(values):
        _refuse_thousands(name, values, data.decimal)
        _refuse_other_decimal(name, values, data.decimal)
    return _categories(column, missing, kind)


def date_order(values: list[str]) -> "Kind | Literal['ambiguous'] | None":
    """Which dates texts are, if they are dates: of 13/02/2024 the day is first, of 02/13/2024 the month."""
    counts = Counter(values)
    bad = {
        kind: sum(count for value, count in counts.items() if math.isnan(day_of(value, kind)))
        for kind in DATES
    }
    fewest = min(bad.values())
    if fewest > (1 - NUMERIC_SHARE) * len(values):
        return None
    best = [kind for kind in DATES if bad[kind] == fewest]
    return "ambiguous" if best == ["date-dmy", "date-mdy"] else best[0]


def kind_of_words(values: list[str]) -> Kind:
    """Texts are identifiers where nearly each is another, or sentences, or else categories."""
    distinct = len(set(values))
    if len(values) < FEWEST or distinct < MANY * len(values):
        return "categorical"
    if sum(len(value.split()) for value in values) >= SENTENCE * len(values):
        return "text"
    return "identifier" if distinct >= UNIQUE * len(values) else "categorical"


def numbers_rows(name: str, cells: Cells) -> bool:
    """Whether a column only numbers the rows: distinct whole numbers under the name of such a column."""
    import numpy as np

    if cells.kind != "numeric" or not _ROW_NAME.search(name):
        return False
    found = cells.values[np.isfinite(cells.values)]
    whole = bool(np.all(found == np.floor(found)))
    return whole and len(found) >= FEWEST and len(np.unique(found)) == len(found)


def thousands(values: list[str], decimal: str) -> str | None:
    """The first number with a mark between its thousands (1.234,50), where such numbers fill a column.

    None where fewer than 20 cells, or less than 90 % of them, are numbers if these are taken for numbers.
    """
    words = [value for value in values if math.isnan(number(value, decimal))]
    marked = [value for value in words if is_grouped(value)]
    others = len(words) - len(marked)
    enough = len(values) >= FEWEST and others <= (1 - NUMERIC_SHARE) * len(values)
    return marked[0] if marked and enough and others < len(marked) else None


def is_grouped(cell: str) -> bool:
    """Whether a text looks like a number with marks between its thousands, such as 1.234,50 and 1'234."""
    return _GROUPED.fullmatch(cell.strip()) is not None


def _refuse_thousands(name: str, values: list[str], decimal: str) -> None:
    if such := thousands(values, decimal):
        raise DataError(
            f"Column {name!r} holds numbers with marks between their thousands, such as {such!r}",
            f"take these marks out of the file, or set data.types.{name!r} = 'ignore'",
        )


def _refuse_other_decimal(name: str, values: list[str], decimal: str) -> None:
    other = "," if decimal == "." else "."
    like = [value for value in values if number(value, other) == number(value, other)]
    if len(values) >= FEWEST and len(like) >= NUMERIC_SHARE * len(values):
        raise DataError(
            f"Column {name!r} holds numbers with {other!r} in them, such as {like[0]!r}",
            f"set data.decimal = {other!r}, or data.types.{name} = 'categorical'",
        )


def _dates(column: Column, missing: "Mask", kind: Kind) -> Cells:
    import numpy as np

    cells = column.to_pylist()
    pairs = zip(cells, missing.tolist(), strict=True)
    days = np.array([math.nan if gone else day_of(cell, kind) for cell, gone in pairs], np.float64)
    return Cells(kind, days, missing, ~missing & np.isnan(days), column)


def _from_times(column: Column) -> Cells:
    import numpy as np

    days = np.array([day_of(cell) for cell in column.to_pylist()], np.float64)
    gone = np.isnan(days)
    return Cells("date", days, gone, np.zeros(len(days), bool), column)


def day_of(cell: object, kind: str = "date") -> float:
    """Days since 1970 of a date, a time, or a text such as 2026-01-31, 31.1.2026 and 2026-01-31 12:30.

    `kind` is one of DATES. NaN for whatever is not a date. A time zone counts; without one it is UTC.
    """
    try:
        if isinstance(cell, str):
            cell = _parsed(cell.strip(), kind)
        if isinstance(cell, date) and not isinstance(cell, datetime):
            cell = datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
        if not isinstance(cell, datetime):
            return math.nan
        moment = cell if cell.tzinfo else cell.replace(tzinfo=UTC)
        return (moment - _EPOCH).total_seconds() / 86_400
    except (ValueError, OverflowError):
        return math.nan


def _parsed(text: str, kind: str) -> datetime | None:
    if found := _ISO.fullmatch(text):
        return datetime.fromisoformat(text.replace("/", "-") if "/" in text else text) if found else None
    if found := _DOTTED.fullmatch(text):
        return datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=UTC)
    if kind != "date" and (found := _SLASHED.fullmatch(text)):
        day, month = (1, 2) if kind == "date-dmy" else (2, 1)
        return datetime(int(found[3]), int(found[month]), int(found[day]), tzinfo=UTC)
    return None


def date_columns(name: str) -> list[str]:
    """The columns of numbers that a column of dates becomes, in the order of `date_parts`."""
    return [f"{name}: {part}" for part in ("time", "month", "day", "weekday")]


def date_parts(days: "npt.NDArray[np.float64]") -> "list[npt.NDArray[np.float64]]":
    """Days since 1970, month (1–12), day of the month, weekday (Monday is 0); NaN stays NaN."""
    import numpy as np

    parts = np.full((4, len(days)), np.nan)
    for row, day in enumerate(days.tolist()):
        if day == day:
            moment = _EPOCH + timedelta(days=math.floor(day))
            parts[:, row] = day, moment.month, moment.day, moment.weekday()
    return list(parts)


def _from_values(column: Column, wanted: str | None, marks: list[str]) -> Cells:
    """What a Parquet file holds as numbers or truth values."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as types

    if wanted == "categorical" or (types.is_boolean(column.type) and wanted is None):
        texts = [None if cell is None or cell != cell else str(cell) for cell in column.to_pylist()]
        missing = np.fromiter((text is None or text in marks for text in texts), dtype=bool, count=len(texts))
        return _categories(pa.chunked_array([pa.array(texts, pa.string())]), missing)
    cells = [math.nan if cell is None else float(cell) for cell in column.to_pylist()]
    numbers = np.array(cells, dtype=np.float64)
    return _numeric(column, numbers, np.isnan(numbers) | _marked(numbers, marks, "."))


@lru_cache  # a server asks for each request
def numeric_marks(marks: frozenset[str], decimal: str) -> frozenset[float]:
    """The marks that are numbers: a number that is one of them is missing, however it is written."""
    return frozenset(value for value in (number(mark, decimal) for mark in marks) if value == value)


def _marked(numbers: "npt.NDArray[np.float64]", marks: list[str], decimal: str) -> "Mask":
    import numpy as np

    return np.isin(numbers, list(numeric_marks(frozenset(marks), decimal)))


def _numeric(raw: Column, numbers: "npt.NDArray[np.float64]", missing: "Mask") -> Cells:
    """Numbers; those that are not finite are bad, and missing from here on."""
    import numpy as np

    bad = ~missing & ~np.isfinite(numbers)
    return Cells("numeric", np.where(bad | missing, np.nan, numbers), missing, bad, raw)


def _categories(raw: Column, missing: "Mask", kind: Kind = "categorical") -> Cells:
    import numpy as np

    values = np.array(raw.to_pylist(), dtype=object)
    values[missing] = math.nan
    return Cells(kind, values, missing, np.zeros(len(raw), dtype=bool), raw)


def _numbers(column: Column, decimal: str) -> "npt.NDArray[np.float64]":
    """Read texts as numbers, exactly; NaN where a cell is null or not a number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if decimal == ".":
            return np.array(pc.cast(column, pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowInvalid:  # not all of them: look at each
        pass
    cells = (math.nan if cell is None else number(cell, decimal) for cell in column.to_pylist())
    return np.fromiter(cells, dtype=np.float64, count=len(column))


def number(cell: str, decimal: str = ".") -> float:
    """Read a text as Python reads a float, without underscores; NaN where it is none.

    Where `decimal` is a comma, a point is not part of a number: nobody can tell what it means there.
    """
    if decimal == ",":
        cell = "_" if "." in cell else cell.replace(",", ".")
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan
