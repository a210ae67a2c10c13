r"""Read CSV and Parquet files, folders of them, and scikit-learn's own data sets, as one table.

The canonical bytes of a source, whose SHA-256 names it:

- a file: its bytes;
- a folder: one line `<sha256 of the file>  <name>\n` for each of its CSV and Parquet files, in the byte order
  of their names, which is what `LC_ALL=C sha256sum *.csv` prints;
- a data set of scikit-learn: the CSV that `bundled` writes (header, `repr` of every float, names of classes,
  lines ended by one line feed).
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.spec import Data

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.csv import InvalidRow

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class DataFile:
    """One file of a data set: its name, the SHA-256 of its bytes (hex) and its size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Source:
    """Where data came from.

    `content` is what to store: the path of the file or folder, or the canonical bytes of a bundled data set.
    """

    name: str
    sha256: str
    content: Path | bytes
    files: tuple[DataFile, ...]
    paths: tuple[Path, ...] = ()


@dataclass
class Table:
    """Columns as they were read, with the place of every row.

    `places` are the files in order with their numbers of rows. `ragged` describes the rows of the wrong
    length, which are not in `columns` (and not counted in `places`). `is_text` is for files without types.
    """

    columns: "pa.Table"
    places: list[tuple[str, int]]
    ragged: list[str] = field(default_factory=list)
    is_text: bool = True

    def place(self, row: int) -> str:
        """Say where row `row` (from 0) stands."""
        for name, count in self.places:
            if row < count:
                return f"{name}, row {row + 1}"
            row -= count
        raise IndexError(row)


def read(data: Data, folder: Path) -> tuple[Source, Table]:
    """Read the source that `data` names; relative paths begin at `folder`.

    Raises DataError where it is missing, of another format, damaged, or where its files differ in columns.
    """
    if data.sklearn:
        content = bundled(data.sklearn, data.target)
        digest = hashlib.sha256(content).hexdigest()
        file = DataFile(f"{data.sklearn}.csv", digest, len(content))
        return Source(f"sklearn:{data.sklearn}", digest, content, (file,)), parse_table(
            file.name, content, ","
        )
    if data.file:
        path = folder / data.file
        content = _bytes(path)
        file = DataFile(path.name, hashlib.sha256(content).hexdigest(), len(content))
        source = Source(f"file:{data.file}", file.sha256, path, (file,), (path,))
        return source, parse_table(path.name, content, data.separator)
    return _read_folder(data, folder / str(data.folder))


def bundled(name: str, target: str = "target") -> bytes:
    """A data set that scikit-learn carries, as canonical CSV. Classes go by name where they have one."""
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    labels = bunch.target.tolist()
    if name in ("breast_cancer", "iris", "wine"):
        labels = [str(bunch.target_names[label]) for label in labels]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*map(str, bunch.feature_names), target])
    writer.writerows([*map(repr, row), label] for row, label in zip(bunch.data.tolist(), labels, strict=True))
    return text.getvalue().encode()


def _read_folder(data: Data, folder: Path) -> tuple[Source, Table]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}", "data.folder is relative to diln.toml")
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES), key=_byte_order)
    if not paths:
        raise DataError(f"{folder} has no CSV or Parquet file", "files end in .csv or .parquet")
    files, tables = [], []
    for path in paths:
        content = _bytes(path)
        files.append(DataFile(path.name, hashlib.sha256(content).hexdigest(), len(content)))
        tables.append(parse_table(path.name, content, data.separator))
    listing = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    digest = hashlib.sha256(listing.encode()).hexdigest()
    return Source(f"folder:{data.folder}", digest, folder, tuple(files), tuple(paths)), _joined(tables)


def _byte_order(path: Path) -> bytes:
    return path.name.encode()


def _bytes(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path} is neither CSV nor Parquet", "its name must end in .csv or .parquet")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}", "paths are relative to diln.toml") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def parse_table(name: str, content: bytes, separator: str) -> Table:
    """The table in a CSV or Parquet file, by its name. Raises DataError, naming file, line and column."""
    if not content:
        raise DataError(f"{name} is empty")
    table = _parquet(name, content) if name.lower().endswith(".parquet") else _csv(name, content, separator)
    _check_names(name, table.columns.column_names)
    return table


def _csv(name: str, content: bytes, separator: str) -> Table:
    """Every cell as text, without blanks around it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow

    header = _header(name, content, separator)
    ragged: list[str] = []

    def keep(row: "InvalidRow") -> str:
        ragged.append(
            f"{name}, line {row.number}: {row.actual_columns} fields instead of {row.expected_columns}"
        )
        return "skip"

    try:
        table = arrow.read_csv(
            io.BytesIO(content),
            arrow.ReadOptions(use_threads=False, block_size=max(1 << 20, min(len(content) + 1, 1 << 30))),
            arrow.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=keep),
            arrow.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise DataError(f"{name} is not a CSV file: {error}") from error
    names = [column.strip() for column in table.column_names]
    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return Table(pa.table(trimmed, names=names), [(name, table.num_rows)], ragged)


def _header(name: str, content: bytes, separator: str) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{name}, line {line}: not UTF-8 text", "save the file as UTF-8") from error
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error as error:
        raise DataError(f"{name}, line 1: {error}") from error
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), "")):
        raise DataError(
            f"{name} seems to be separated by {other!r}, not by {separator!r}",
            f"write it with {separator!r}; to train, diln.toml may have data.separator = {other!r}",
        )
    return header


def _parquet(name: str, content: bytes) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a Parquet file: {str(error).splitlines()[0]}") from error
    return Table(table, [(name, table.num_rows)], is_text=False)


def _check_names(name: str, columns: list[str]) -> None:
    for number, column in enumerate(columns, 1):
        if not column:
            raise DataError(f"{name}: column {number} has no name", "name it in the header, or remove it")
        if column in columns[: number - 1]:
            raise DataError(f"{name}: two columns are named {column!r}", "rename one of them")


def _joined(tables: list[Table]) -> Table:
    """The tables below each other, with the columns of the first."""
    import pyarrow as pa

    first = tables[0]
    for table in tables[1:]:
        _check_columns(first, table)
    try:
        columns = pa.concat_tables(
            [table.columns.select(first.columns.column_names) for table in tables],
            promote_options="permissive",
        )
    except pa.ArrowException as error:
        raise DataError(f"The files of the folder differ in types: {error}") from error
    is_text = all(table.is_text for table in tables)
    return Table(columns, list(_each(tables, "places")), list(_each(tables, "ragged")), is_text)


def _check_columns(first: Table, other: Table) -> None:
    ours, theirs = set(first.columns.column_names), set(other.columns.column_names)
    if ours != theirs:
        differing = ", ".join(sorted(ours ^ theirs))
        raise DataError(
            f"{other.places[0][0]} has other columns than {first.places[0][0]}: {differing}",
            "all files of a folder need the same columns",
        )


def _each(tables: list[Table], name: str) -> Iterator[Any]:
    for table in tables:
        yield from getattr(table, name)
