"""A party's rows: a CSV file with the features and the target of the descriptor."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.bindings.federation import Federation
from orchestrator.errors import DataError
from orchestrator.kernel.session import Session
from orchestrator.learning.reading import parse_table
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.simulation.networks import Floats, Labels
from orchestrator.text import shown

FEW = 10
"""Fewer rows than these get a word at joining."""

LARGE = 10
"""So do values beyond this: of features that were scaled, next to none is."""

LONG = 10**12
"""Rows, times parameters, times epochs: beyond it a round trains for a quarter of an hour and more."""

_LONGEST, _NAMED = 80, 12
_APP = "`diln federation flower APP` trains it by an app of yours."


@dataclass(frozen=True)
class Rows:
    """`features` (rows, features) and `labels` (rows,), numbers of the descriptor's classes."""

    descriptor: Descriptor
    features: Floats
    labels: Labels


def read_rows(session: Session, federation: Federation, file: Path) -> Rows:
    """Raises DataError that names what does not fit."""
    return parse_rows(_described(session, federation), file)


def read_test_rows(session: Session, federation: Federation, content: bytes) -> Rows:
    """A test set that was released. Raises DataError that names what does not fit."""
    return parse_table_rows(_described(session, federation), "the test set", content)


def _described(session: Session, federation: Federation) -> Descriptor:
    descriptor, size = descriptor_of(session, federation), federation.terms.size
    if descriptor.network.size != size:
        raise DataError(
            f"its organizer describes a model of {descriptor.network.size:,} parameters, and the terms have "
            f"{size:,}",
            "Nobody can train it: do not join.",
        )
    return descriptor


def parse_rows(descriptor: Descriptor, file: Path) -> Rows:
    """Raises DataError that names what does not fit."""
    if descriptor.template:
        raise DataError("this federation's model is not learned from a table", _APP)
    return parse_table_rows(descriptor, file.name, read_csv(file))


def read_csv(file: Path) -> bytes:
    """Raises DataError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", "Give a CSV file.") from error


def parse_table_rows(descriptor: Descriptor, name: str, content: bytes) -> Rows:
    """The rows of a CSV file's `content`; `name` is it in messages. Raises DataError."""
    read = parse_table(name, content, ",")
    if read.ragged:
        raise DataError(shown(read.ragged[0]), "Fix the line.")
    table = read.columns
    if missing := [
        each for each in (*descriptor.features, descriptor.target) if each not in table.column_names
    ]:
        wanted = ", ".join(
            shown(each, _LONGEST) for each in (*descriptor.features, descriptor.target)[:_NAMED]
        )
        raise DataError(
            f"{name} has no column {shown(missing[0], _LONGEST)}",
            f"It needs {wanted}, in any order, named just so; other columns do no harm.",
        )
    if not table.num_rows:
        raise DataError(f"{name} has no rows", "A party without data has nothing to train on.")
    columns = [_numbers(name, each, table[each].to_pylist()) for each in descriptor.features]
    labels = _labels(descriptor, name, table[descriptor.target].to_pylist())
    return Rows(descriptor, np.array(columns, np.float64).T, labels)


def _numbers(name: str, column: str, cells: list[object]) -> list[float]:
    """A feature's values. Raises DataError with the first row that is none, and how many others are not."""
    found = [_number(cell) for cell in cells]
    strange = [row for row, value in enumerate(found) if not math.isfinite(value)]
    if not strange:
        return found
    row, where = strange[0], shown(column, _LONGEST)
    what = (
        "is empty"
        if cells[row] in ("", None)
        else f"is `{shown(str(cells[row]), _LONGEST)}`, not a finite number"
    )
    more = f"; so are {len(strange) - 1} more cells of the column" if len(strange) > 1 else ""
    hint = "Training takes complete rows: fill these cells as all parties do, or drop their rows."
    if len(strange) == len(cells):
        hint = "No cell of the column is a number: make numbers of it as all parties do, or do not join."
    raise DataError(f"{name}, row {row + 1}: {where} {what}{more}", hint)


def _number(cell: object) -> float:
    """NaN for what is not a number, which `float` itself finds out."""
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _labels(descriptor: Descriptor, name: str, cells: list[object]) -> Labels:
    """The target as numbers of classes. Raises DataError with the first row that has another."""
    places = {each: place for place, each in enumerate(descriptor.classes)}
    for row, cell in enumerate(map(str, cells)):
        if cell not in places:
            whole = cell.removesuffix(".0")
            hint = (
                f"Its classes are {', '.join(shown(each, _LONGEST) for each in descriptor.classes[:_NAMED])}."
            )
            if whole in places:
                hint += (
                    f" Write `{shown(whole, _LONGEST)}`: whole numbers get a point where the column had gaps."
                )
            raise DataError(
                f"{name}, row {row + 1}: {shown(descriptor.target, _LONGEST)} is `{shown(cell, _LONGEST)}`, "
                "which is not a class of this federation",
                hint,
            )
    return np.array([places[str(cell)] for cell in cells], np.int64)


def cautions(rows: Rows) -> list[str]:
    """What speaks against training on these rows, in sentences; empty where nothing does."""
    said, count = [], len(rows.labels)
    if count < FEW:
        said.append(
            f"So few rows ({count}) are little to train on, and an update tells much of each of them."
        )
    if len(found := np.unique(rows.labels)) == 1:
        only = shown(rows.descriptor.classes[found[0]], _LONGEST)
        said.append(f"All rows are of the class {only}: training on them teaches that everything is.")
    if (work := count * rows.descriptor.network.size * rows.descriptor.epochs) > LONG:
        said.append(
            f"Each round trains for long: {rows.descriptor.epochs:,} times over {count:,} rows, with "
            f"{rows.descriptor.network.size:,} parameters. That is about {work / LONG:,.0f} times a "
            "quarter of an hour, in which `keep` does nothing else."
        )
    most = np.abs(rows.features).max(axis=0)
    if (most > LARGE).any():
        place = int(most.argmax())
        said.append(
            f"{shown(rows.descriptor.features[place], _LONGEST)} has values as large as {most[place]:g}, and "
            "training is made for values of about 1: scale it as all parties do."
        )
    return said
