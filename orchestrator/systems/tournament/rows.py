"""Numbers by row: of files and frames, checked against the ids of a round."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orchestrator.bindings.tournament import Tournament
from orchestrator.errors import DataError
from orchestrator.kernel.session import Session
from orchestrator.learning.reading import parse_table
from orchestrator.systems.tournament.finding import LARGEST_DATA, Descriptor, descriptor_of
from orchestrator.text import shown

if TYPE_CHECKING:
    import pandas as pd

    Source = Path | bytes | pd.DataFrame

MOST_FAULTS = 5
_LONGEST = 80


def read_file(file: Path) -> bytes:
    """Raises DataError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", "Give a CSV or Parquet file.") from error


def read_columns(source: "Source", names: Sequence[str]) -> dict[str, list[str]]:
    """The columns `names` as text: of a CSV or Parquet file, a frame, or a CSV. Raises DataError.

    Strangers' data are CSV: what unpacks itself has no bounds.
    """
    name = source.name if isinstance(source, Path) else "the data"
    if isinstance(source, Path):
        source = read_file(source)
    if isinstance(source, bytes):
        table = parse_table(name, source, ",")
        if table.ragged:
            raise DataError(shown(table.ragged[0]), "Give every row as many cells as the header.")
        found: dict[str, list[object]] | pd.DataFrame = {
            column: table.columns[column].to_pylist() for column in table.columns.column_names
        }
    else:
        found = source
    missing = [each for each in names if each not in found]
    if missing:
        raise DataError(f"{name} has no column `{shown(missing[0], _LONGEST)}`", "Look at its header.")
    return {each: ["" if cell is None else str(cell) for cell in found[each]] for each in names}


def live_data(session: Session, tournament: Tournament, number: int) -> tuple[Descriptor, bytes]:
    """What round `number` is about: its descriptor, and its rows (CSV). Raises StorageError, DataError."""
    descriptor = descriptor_of(session, tournament)
    if not 0 <= number < len(descriptor.live):
        raise DataError(
            f"the organizer published no rows for round {number}", f"There are {len(descriptor.live)} rounds."
        )
    return descriptor, session.storage.read(descriptor.live[number], limit=LARGEST_DATA)


def ids_of(source: "Source", column: str, rows: int) -> list[str]:
    """The ids of a round. Raises DataError unless there are `rows` different ones."""
    ids = read_columns(source, [column])[column]
    if len(ids) != rows or len(set(ids)) != rows:
        raise DataError(
            f"{len(ids)} rows with {len(set(ids))} different ids are not the {rows} rows of a round",
            "Every round of a tournament has as many rows, each with an id of its own.",
        )
    return ids


def aligned(
    source: "Source", key: str, ids: Sequence[str], columns: Sequence[str]
) -> list[NDArray[np.float64]]:
    """The numbers in `columns` of the rows that `ids` name, in their order.

    Raises DataError, with the numbers of rows, for an id that is unknown, missing or there twice, and for
    what is not a finite number.
    """
    found = read_columns(source, [key, *columns])
    places = {each: place for place, each in enumerate(ids)}
    values = np.full((len(columns), len(ids)), np.nan)
    faults, seen = [], set()
    for row, identity in enumerate(found[key]):
        if identity not in places or identity in seen:
            fault = "is there twice" if identity in seen else "is not of this round"
            faults.append(f"row {row + 1}: the id `{shown(identity, _LONGEST)}` {fault}")
            continue
        seen.add(identity)
        for number, column in enumerate(columns):
            value = _number(found[column][row])
            values[number, places[identity]] = value
            if not math.isfinite(value):
                cell = shown(found[column][row], _LONGEST)
                faults.append(f"row {row + 1}: `{cell}` is not a finite number")
    missing = [each for each in ids if each not in seen]
    faults += [f"there is no row for the id `{shown(each, _LONGEST)}`" for each in missing[:MOST_FAULTS]]
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise DataError("; ".join(faults[:MOST_FAULTS]) + more, f"Give each of the {len(ids)} ids one row.")
    return list(values)


def numbers(
    session: Session, tournament: Tournament, number: int, source: "Source", columns: Sequence[str]
) -> list[NDArray[np.float64]]:
    """The same of the rows of round `number`. Raises DataError, StorageError."""
    descriptor, data = live_data(session, tournament, number)
    return aligned(source, descriptor.id, ids_of(data, descriptor.id, tournament.terms.rows), columns)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
