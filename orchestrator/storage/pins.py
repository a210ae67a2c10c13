"""What must be kept: a SQLite table of pins, of adds in progress, and of what mirrors have yet to be told."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StorageError
from orchestrator.storage.cid import Cid

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pins (cid TEXT PRIMARY KEY, size INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS adds (token TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS waiting (
    mirror TEXT, cid TEXT, action TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (mirror, cid)
);
"""


@dataclass(frozen=True)
class Pin:
    """A root that is kept with everything below it.

    `size` is in bytes of content, `created` a Unix time; `queued` says why a mirror lacks it ("" if none
    does).
    """

    cid: str
    size: int
    created: int
    queued: str = ""


class PinTable:
    """The table in `file`. Every change is on disk when its method returns (WAL, `synchronous=FULL`)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        with self._errors():
            self._db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.executescript(_SCHEMA)
            except sqlite3.Error:
                self._db.close()
                raise

    def close(self) -> None:
        self._db.close()

    def begin_add(self, token: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT INTO adds VALUES (?)", (token,))

    def finish_add(self, token: str, pins: list[tuple[Cid, int]], mirrors: Iterable[str] = ()) -> None:
        """End an add: its pins come in together with the row's end, and each of `mirrors` is to be told."""
        now = int(time.time())
        with self._transaction() as db:
            for cid, size in pins:
                db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?)", (str(cid), size, now))
                _enqueue(db, mirrors, cid, "pin")
            db.execute("DELETE FROM adds WHERE token = ?", (token,))

    def adds(self) -> list[str]:
        """Return the tokens of the adds in progress, of dead processes too."""
        with self._transaction() as db:
            return [token for (token,) in db.execute("SELECT token FROM adds")]

    def unpin(self, cid: Cid, mirrors: Iterable[str] = ()) -> bool:
        """Forget a pin, as each of `mirrors` is to be told; tell whether there was one."""
        with self._transaction() as db:
            found = db.execute("DELETE FROM pins WHERE cid = ?", (str(cid),)).rowcount > 0
            if found:
                _enqueue(db, mirrors, cid, "unpin")
            return found

    def pins(self) -> list[Pin]:
        """Return all pins, the oldest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT pins.cid, size, created, coalesce(group_concat(reason, '; '), '')"
                " FROM pins LEFT JOIN waiting USING (cid) GROUP BY pins.cid ORDER BY created, pins.rowid"
            )
            return [Pin(*row) for row in rows]

    def queue(self, mirror: str) -> list[tuple[Cid, str]]:
        """Return what a mirror has yet to be told: roots and `pin` or `unpin`, in order."""
        with self._transaction() as db:
            rows = db.execute("SELECT cid, action FROM waiting WHERE mirror = ? ORDER BY rowid", (mirror,))
            return [(Cid.parse(cid), action) for cid, action in rows]

    def delay(self, mirror: str, reason: str, cid: Cid | None = None) -> None:
        """Note why a mirror could not be told what is queued, or only of `cid`."""
        with self._transaction() as db:
            values = (reason, mirror, str(cid) if cid else "")
            db.execute("UPDATE waiting SET reason = ? WHERE mirror = ? AND ? IN ('', cid)", values)

    def told(self, mirror: str, cid: Cid, action: str) -> None:
        with self._transaction() as db:
            values = (mirror, str(cid), action)
            db.execute("DELETE FROM waiting WHERE mirror = ? AND cid = ? AND action = ?", values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"the pin table {self._file} cannot be used: {error}",
                "Check that the disk has room and that no other command is stuck; then try again.",
            ) from error


def _enqueue(db: sqlite3.Connection, mirrors: Iterable[str], cid: Cid, action: str) -> None:
    rows = [(mirror, str(cid), action) for mirror in mirrors]
    db.executemany("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, 'not sent yet')", rows)


__all__ = ["Pin", "PinTable"]
