"""SQLite files that are read even where nothing can be written, and that tell of flipped bits."""

import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any

from orchestrator.text import decoded


def open_database(file: Path, timeout: float) -> tuple[sqlite3.Connection, bool]:
    """Open `file` (or make it) in WAL mode, and tell whether it can be written.

    On a read-only or full disk, where the memory that WAL shares has no place, it is opened for reading only.
    Raises sqlite3.Error.
    """
    try:
        return _usable(sqlite3.connect(file, **_options(timeout)), timeout), True
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or not file.exists():
            raise
        for mode in ["mode=ro", *([] if _unfinished(file) else ["immutable=1"])]:
            try:
                address = f"{file.absolute().as_uri()}?{mode}"
                return _usable(sqlite3.connect(address, uri=True, **_options(timeout)), timeout), False
            except sqlite3.OperationalError:
                continue
        raise


def checksum(row: tuple[object, ...]) -> int:
    """A number that changes with any bit of a row of numbers, texts and bytes."""
    return zlib.crc32(repr(row).encode())


def _options(timeout: float) -> dict[str, Any]:
    return {"timeout": timeout, "isolation_level": None, "check_same_thread": False}


def _usable(connection: sqlite3.Connection, timeout: float) -> sqlite3.Connection:
    connection.text_factory = decoded
    try:
        _to_wal(connection, timeout)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    except UnicodeDecodeError as error:  # the text of SQLite's own error, which quotes a damaged schema
        connection.close()
        raise sqlite3.DatabaseError("malformed database schema") from error
    return connection


def _to_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Of two that do this to a new file SQLite refuses one at once, since they would wait for each other."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _unfinished(file: Path) -> bool:
    """Whether there is more than the file itself holds: then it alone would show an older state."""
    log = file.with_name(file.name + "-wal")
    return log.exists() and log.stat().st_size > 0
