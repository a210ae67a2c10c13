"""Look at a file before anything is trained: what `diln init` writes into the spec, and what it says."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from orchestrator.errors import DataError, UsageError
from orchestrator.learning.catalogue import Task
from orchestrator.learning.cleaning import clean
from orchestrator.learning.columns import DATES, NUMERIC_SHARE, date_order, number, thousands
from orchestrator.learning.data import Dataset, load_dataset
from orchestrator.learning.profile import types_found, warnings_about
from orchestrator.learning.reading import SUFFIXES, Table, read
from orchestrator.learning.spec import Cleaning, ColumnType, Data
from orchestrator.text import shown_names

SEPARATORS = (",", ";", "\t", "|")
LINES = 200
"""Lines that the separator is told from."""
MARKS = ("-", "--", ".", "#N/A", "N.A.", "n.a.", "n/a", "na", "missing", "none", "unknown", "NaT")
"""Words that mean "no value" where they stand among numbers, beside those of the default."""
COMMON = 0.05
"""A mark in so many labels is a label."""


@dataclass(frozen=True)
class Found:
    """What a spec for the data says, and in `notes` what its author should know.

    `types` names columns that are not plain numbers or categories; `marks` is None where the default does.
    """

    target: str
    separator: str = ","
    decimal: Literal[".", ","] = "."
    types: dict[str, str] = field(default_factory=dict)
    marks: list[str] | None = None
    missing: str = "impute"
    bad_values: str = "error"
    smallest_class: int = 1
    task: Task = "classification"
    name: str = "my-model"
    notes: list[str] = field(default_factory=list)


def inspect(base: Path, *, file: str = "", folder: str = "", target: str = "") -> Found:
    """Look at a file, or at a folder of files, under `base`.

    Raises UsageError for a target that is not among the columns, DataError for what cannot be learned from
    under any setting.
    """
    separator = _separator(_first(base, file, folder))
    source: dict[str, Any] = {"file": file} if file else {"folder": folder}
    _, table = read(Data(**source, separator=separator, target=target or "target"), base)
    target = _target(table.columns.column_names, target)
    decimal = _decimal(table, separator)
    marks, notes = _marks(table, target, decimal)
    cleaning = Cleaning(bad_values="impute", missing_marks=marks or Cleaning().missing_marks)
    unclear: dict[str, ColumnType] = {
        name: "ignore"
        for name, cells in _texts(table).items()
        if name != target and date_order(cells) == "ambiguous"
    }
    notes += [
        f"warning: nothing in {name!r} tells whether the day or the month is first: set data.types.{name!r}"
        " = 'date-dmy' or 'date-mdy'; it is ignored until then"
        for name in unclear
    ]
    for name, why in _useless(table, target, decimal).items():
        unclear[name] = "ignore"
        notes.append(f"warning: {name!r} {why}; it is ignored until then")
    data = Data(
        **source, separator=separator, target=target, decimal=decimal, types=unclear, cleaning=cleaning
    )
    if problem := _problem(table, data):
        notes.append(problem)
        cleaning = cleaning.model_copy(update={"missing": "drop"})
        data = data.model_copy(update={"cleaning": cleaning})
    cleaned = clean(table, data)
    rare = cleaned.y.value_counts() < 2
    if cleaned.task == "classification" and rare.any() and (~rare).sum() > 1:
        notes.append(f"smallest_class: {rare.sum()} classes have a single row, which is dropped")
        cleaning = cleaning.model_copy(update={"smallest_class": 2})
    dataset = load_dataset(data.model_copy(update={"cleaning": cleaning}), base)
    bad = sum(counts["bad_values"] for counts in dataset.provenance.imputed.values())
    if bad:
        notes.append(f"{bad} bad values: bad_values = 'impute' counts them as missing")
    notes += [*types_found(dataset), *(f"warning: {each}" for each in warnings_about(dataset))]
    return Found(
        target=target,
        separator=separator,
        decimal=decimal,
        types={**_types(dataset), **unclear},
        marks=marks,
        missing=cleaning.missing,
        bad_values="impute" if bad else "error",
        smallest_class=cleaning.smallest_class,
        task=dataset.task,
        name=project_name(Path(file or folder).resolve().stem),
        notes=notes,
    )


def project_name(text: str) -> str:
    """A name that a project may have, made of any text."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64] or "my-model"


def _first(base: Path, file: str, folder: str) -> Path:
    if file:
        return base / file
    place = base / folder
    if not place.is_dir():
        raise DataError(f"There is no folder {place}", "Give one with CSV or Parquet files.")
    return next((path for path in sorted(place.iterdir()) if path.suffix.lower() in SUFFIXES), place)


def _separator(path: Path) -> str:
    """The mark that cuts the first lines of a CSV file into the most fields, as many in each."""
    if path.suffix.lower() != ".csv":
        return ","
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
            lines = [opened.readline(1 << 16) for _ in range(LINES)]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Check the path.") from error
    text = "".join(lines)
    return max(SEPARATORS, key=lambda mark: _fields(text, mark))


def _fields(text: str, separator: str) -> int:
    rows = [len(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    if not rows:
        return 0
    alike = sum(count == rows[0] for count in rows)
    return rows[0] if alike >= NUMERIC_SHARE * len(rows) else 1


def _target(columns: list[str], target: str) -> str:
    if (target or "target") in columns:
        return target or "target"
    what = f"there is no column {target!r}" if target else "say which column to predict"
    if all(number(name) == number(name) for name in columns):
        what = "the first line holds numbers, where the names of the columns should stand"
        raise UsageError(what, "Write a line of names before it, and choose one with --target.")
    raise UsageError(what, f"Choose one with --target: it has columns {shown_names(columns, 30)}.")


def _texts(table: Table) -> dict[str, list[str]]:
    """The cells of each column of texts that are not marks of missing values."""
    import pyarrow.types as types

    gone = set(Cleaning().missing_marks)
    return {
        name: [cell.strip() for cell in column.to_pylist() if cell is not None and cell.strip() not in gone]
        for name, column in zip(table.columns.column_names, table.columns.columns, strict=True)
        if types.is_string(column.type) or types.is_large_string(column.type)
    }


def _useless(table: Table, target: str, decimal: str) -> dict[str, str]:
    """Why columns cannot be read as they are: without any value, or with marks between thousands."""
    texts = _texts(table)
    reasons = {}
    for name, column in zip(table.columns.column_names, table.columns.columns, strict=True):
        if name == target:
            continue
        if not texts.get(name, True) or column.null_count == len(column):
            reasons[name] = "has no value at all: fill it or leave it out"
        elif such := thousands(texts.get(name, []), decimal):
            reasons[name] = (
                f"holds numbers with marks between their thousands, such as {such!r}: take these marks out"
            )
    return reasons


def _decimal(table: Table, separator: str) -> Literal[".", ","]:
    """A comma where columns are numbers with it and not without."""
    if separator == ",":
        return "."
    return "," if any(_commas(cells) for cells in _texts(table).values()) else "."


def _commas(cells: Sequence[str]) -> bool:
    words = [cell for cell in cells if number(cell) != number(cell)]
    like = [cell for cell in words if number(cell, ",") == number(cell, ",")]
    return len(like) > (1 - NUMERIC_SHARE) * len(cells) and len(like) >= NUMERIC_SHARE * len(words)


def _marks(table: Table, target: str, decimal: str) -> tuple[list[str] | None, list[str]]:
    """Other marks of missing values than the default, where the data have any; and why."""
    default, notes = Cleaning().missing_marks, []
    texts = _texts(table)
    more = {cell for name, cells in texts.items() if name != target for cell in _words_among(cells, decimal)}
    if more:
        notes.append(f"missing_marks: {', '.join(sorted(more))} stand among numbers")
    labels = [str(cell).strip() for cell in table.columns[target].to_pylist() if cell is not None]
    classes = {mark for mark in default if mark and labels.count(mark) >= COMMON * len(labels)}
    if target not in texts or not _are_words(texts[target], decimal):
        classes = set()
    if classes:
        notes.append(f"missing_marks: without {', '.join(sorted(classes))}, which is a class of {target!r}")
    marks = [mark for mark in [*default, *sorted(more)] if mark not in classes]
    return (marks if more or classes else None), notes


def _are_words(cells: Sequence[str], decimal: str) -> bool:
    return sum(number(cell, decimal) != number(cell, decimal) for cell in cells) > (1 - NUMERIC_SHARE) * len(
        cells
    )


def _words_among(cells: Sequence[str], decimal: str) -> set[str]:
    words = [cell for cell in cells if number(cell, decimal) != number(cell, decimal)]
    known = {cell for cell in words if cell in MARKS}
    others = sum(cell not in known for cell in words)
    return known if others <= (1 - NUMERIC_SHARE) * len(cells) and len(words) < len(cells) / 2 else set()


def _problem(table: Table, data: Data) -> str:
    """Why rows have to be dropped: the only thing that helps where labels are missing."""
    try:
        clean(table, data)
    except DataError as error:
        if "label is missing" not in error.message:
            raise
        return f"{error.message}; missing = 'drop' drops such rows"
    return ""


def _types(dataset: Dataset) -> dict[str, str]:
    """What the spec should say, so that no later file changes it."""
    found = {
        feature.name: str(feature.type) for feature in dataset.schema if feature.type in ("text", *DATES)
    }
    return found | dict.fromkeys(dataset.provenance.ignored, "identifier")
