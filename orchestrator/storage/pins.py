"""What must be kept: a SQLite table of pins, of adds in progress, and of what a daemon has yet to be told."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StorageError
from orchestrator.storage.cid import Cid

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pins (cid TEXT PRIMARY KEY, size INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS adds (token TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS queue (cid TEXT PRIMARY KEY, action TEXT NOT NULL, reason TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Pin:
    """A root that is kept with everything below it.

    `size` is in bytes of content, `created` a Unix time; `queued` says why a Kubo daemon lacks it ("" if none
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

    def finish_add(self, token: str, pins: list[tuple[Cid, int]], queue: bool = False) -> None:
        """End an add: its pins come in together with the row's end. With `queue`, they also await a push."""
        now = int(time.time())
        with self._transaction() as db:
            for cid, size in pins:
                db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?)", (str(cid), size, now))
                if queue:
                    db.execute("INSERT OR REPLACE INTO queue VALUES (?, 'pin', 'not sent yet')", (str(cid),))
            db.execute("DELETE FROM adds WHERE token = ?", (token,))

    def adds(self) -> list[str]:
        """Return the tokens of the adds in progress, of dead processes too."""
        with self._transaction() as db:
            return [token for (token,) in db.execute("SELECT token FROM adds")]

    def unpin(self, cid: Cid, queue: bool = False) -> bool:
        """Forget a pin; tell whether there was one."""
        with self._transaction() as db:
            found = db.execute("DELETE FROM pins WHERE cid = ?", (str(cid),)).rowcount > 0
            if found and queue:
                db.execute("INSERT OR REPLACE INTO queue VALUES (?, 'unpin', 'not sent yet')", (str(cid),))
            return found

    def pins(self) -> list[Pin]:
        """Return all pins, the oldest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT pins.cid, size, created, coalesce(reason, '') FROM pins LEFT JOIN queue USING (cid)"
                " ORDER BY created, pins.rowid"
            )
            return [Pin(*row) for row in rows]

    def queue(self) -> list[tuple[Cid, str]]:
        """Return what the remote store has yet to be told: roots and `pin` or `unpin`, in order."""
        with self._transaction() as db:
            rows = db.execute("SELECT cid, action FROM queue ORDER BY rowid")
            return [(Cid.parse(cid), action) for cid, action in rows]

    def delay(self, reason: str, cid: Cid | None = None) -> None:
        """Note why what is queued, or only `cid`, could not be told."""
        with self._transaction() as db:
            db.execute("UPDATE queue SET reason = ? WHERE ? IN ('', cid)", (reason, str(cid) if cid else ""))

    def told(self, cid: Cid, action: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM queue WHERE cid = ? AND action = ?", (str(cid), action))

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


__all__ = ["Pin", "PinTable"]
