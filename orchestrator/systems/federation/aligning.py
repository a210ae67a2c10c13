"""Aligning by files: each party runs the same command on what it was given, until common rows come out."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import DataError
from orchestrator.files import replace_file
from orchestrator.systems.federation.alignment import Blinded, Party, common, key_of
from orchestrator.text import shown, shown_names


@dataclass(frozen=True)
class Aligned:
    """What was done. `common` counts the common rows, once they are known; `next` is what is to be done."""

    party: str
    written: tuple[Path, ...]
    common: int | None
    next: str


def align(
    home: Path, table: Path, files: Sequence[Path], parties: int, folder: Path, column: str = ""
) -> Aligned:
    """Do what is due: blind the own list, blind others' lists, or find the common rows.

    The common rows of `table` go to `aligned.csv` in `folder`, in the same order at all parties. The secret
    is in `home`, and removed with the result, since a second alignment with it would tell who is in both.
    Raises DataError.
    """
    header, rows, place = _read(table, column)
    secret = home / "federation" / "alignment.key"
    party = Party(key_of(secret))
    lists = [Blinded.read(path) for path in files]
    if len({each.owner for each in lists}) != len(lists):
        raise DataError("two files are of the same party", "Give one of each, the newest.")
    folder.mkdir(parents=True, exist_ok=True)
    if any(len(each.parties) > parties for each in lists):
        raise DataError(
            f"more than {parties} parties had a list in hand", "Say how many there are: --parties."
        )
    complete = all(len(each.parties) == parties for each in lists)
    if len(lists) == parties and complete:
        count = _finish(party, lists, header, rows, place, folder / "aligned.csv")
        secret.unlink()
        return Aligned(party.fingerprint, (folder / "aligned.csv",), count, "train on aligned.csv")
    written = [] if files else [_write(party.blind([row[place] for row in rows]), folder)]
    foreign = [each for each in lists if party.fingerprint not in each.parties]
    written += [_write(party.again(each), folder) for each in foreign]
    return Aligned(
        party.fingerprint,
        tuple(written),
        None,
        f"give these to the others; once {parties} lists were in {parties} hands, run it on all",
    )


def _read(table: Path, column: str) -> tuple[list[str], list[list[str]], int]:
    """Header, rows, and the place of the identifiers."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{table} cannot be read as CSV", "Give a file with a header and a row each."
        ) from error
    if column and column not in header:
        raise DataError(f"{table} has no column {shown(column)}", f"It has {shown_names(header)}.")
    if any(len(row) != len(header) for row in rows):
        raise DataError(f"{table} has rows that are longer or shorter than its header")
    return header, rows, header.index(column) if column else 0


def _write(blinded: Blinded, folder: Path) -> Path:
    """By owner and by how many hands it went through, so that nothing newer is replaced."""
    path = folder / f"blinded-{blinded.owner}-{len(blinded.parties)}.json"
    replace_file(path, blinded.to_json().encode())
    return path


def _finish(
    party: Party, lists: Sequence[Blinded], header: list[str], rows: list[list[str]], place: int, path: Path
) -> int:
    by_identifier = {row[place]: row for row in rows}
    ordered = party.order(list(by_identifier))
    own = [each for each in lists if each.owner == party.fingerprint]
    if not own or len(own[0].points) != len(ordered):
        raise DataError(
            "your own list is not among the files, or is of another table", "Give the one that came back."
        )
    shared = common(own[0], [each for each in lists if each is not own[0]])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(by_identifier[ordered[each]] for each in shared)
    return len(shared)
