"""What must be kept: a SQLite table of pins, of adds in progress, and of what mirrors have yet to be told."""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from orchestrator.database import checksum, open_database
from orchestrator.errors import CidError, StorageError
from orchestrator.storage.cid import Cid
from orchestrator.storage.disk import disk_errors, sync_path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pins (
    cid TEXT PRIMARY KEY, size INTEGER NOT NULL, created INTEGER NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS adds (token TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS waiting (
    mirror TEXT, cid TEXT, action TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (mirror, cid)
);
"""
_FORMAT = 2
_SELECT = (
    "SELECT pins.cid, size, created,"
    " coalesce((SELECT group_concat(reason, '; ') FROM waiting WHERE waiting.cid = pins.cid), '') FROM pins"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pin:
    """A root that is kept with everything below it.

    `size` is in bytes of content, `created` a Unix time; `queued` says why a mirror does not have it
    ("" if all do).
    """

    cid: str
    size: int
    created: int
    queued: str = ""


class PinTable:
    """The table in `file`, with a note of each pin in the folder `notes`.

    Every change is on disk when its method returns (WAL, `synchronous=FULL`). The table answers; from the
    notes it is rebuilt where it is lost or damaged, before anything is asked. Raises StorageError.
    """

    def __init__(self, file: Path, notes: Path) -> None:
        self._file = file
        self._notes = notes
        self._lock = threading.Lock()
        self.rebuilt = ""
        with self._errors():
            try:
                self._open()
            except sqlite3.OperationalError:
                raise  # the disk, or another command: nothing that a new table would fix
            except sqlite3.DatabaseError as error:
                self._replace(str(error))

    def _open(self) -> None:
        self._db, self.writable = open_database(self._file, 30)
        try:
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == _FORMAT:
                self._check()
            elif self.writable:
                self._db.execute("PRAGMA synchronous=FULL")
                self._make()
            self._db.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            self._db.close()
            raise

    def _make(self) -> None:
        """Lay the tables out, with the pins that an older table held, or that were noted."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        columns = [row[1] for row in db.execute("PRAGMA table_info(pins)")]
        old = db.execute("SELECT cid, size, created FROM pins").fetchall() if columns else []
        if columns and "checksum" not in columns:
            db.execute("DROP TABLE pins")
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        noted = [] if old else list(self._noted())
        for row in [*old, *noted]:
            self._note(row)
            db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?)", (*row, checksum(row)))
        db.execute(f"PRAGMA user_version = {_FORMAT}")
        db.execute("COMMIT")
        if noted:
            self.rebuilt = self.rebuilt or f"{self._file} was lost; it was rebuilt from the notes of its pins"

    def _check(self) -> None:
        """Raises sqlite3.DatabaseError if a bit of what is pinned was flipped."""
        for *row, kept in self._db.execute("SELECT cid, size, created, checksum FROM pins"):
            if checksum(tuple(row)) != kept:
                raise sqlite3.DatabaseError("a row does not match its checksum")
        [told] = self._db.execute("PRAGMA integrity_check(1)").fetchone()
        if told != "ok":
            raise sqlite3.DatabaseError(str(told))

    def _replace(self, reason: str) -> None:
        """Set the damaged table aside and make a new one, unless another process was faster."""
        with disk_errors(), FileLock(self._file.with_name("pins.lock"), timeout=30):
            try:
                self._open()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                if not self._notes.is_dir():
                    raise
            else:
                return
            os.replace(self._file, self._file.with_name(self._file.name + ".damaged"))
            for ending in ("-wal", "-shm"):
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
            self._open()
        self.rebuilt = f"{self._file} was damaged ({reason}), and rebuilt from the notes of its pins"
        _log.warning("%s", self.rebuilt)

    def _noted(self) -> Iterator[tuple[str, int, int]]:
        """What was noted, oldest first; a note that is none is left out."""
        found = []
        for path in self._notes.iterdir() if self._notes.is_dir() else ():
            with contextlib.suppress(ValueError, OSError, CidError):
                size, created = map(int, path.read_text("ascii").split())
                found.append((created, str(Cid.parse(path.name)), size))
        return ((cid, size, created) for created, cid, size in sorted(found))

    def _note(self, row: tuple[str, int, int]) -> None:
        cid, size, created = row
        self._notes.mkdir(exist_ok=True)
        path = self._notes / cid
        if not path.exists():
            path.write_text(f"{size} {created}\n", "ascii")
            sync_path(path)
            sync_path(self._notes)

    def close(self) -> None:
        self._db.close()

    def begin_add(self, token: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT INTO adds VALUES (?)", (token,))

    def finish_add(self, token: str, pins: list[tuple[Cid, int]], mirrors: Iterable[str] = ()) -> None:
        """End an add: its pins come in together with the row's end, and each of `mirrors` is to be told."""
        now = int(time.time())
        for cid, size in pins:  # before the table: a note too many does no harm
            with disk_errors():
                self._note((str(cid), size, now))
        with self._transaction() as db:
            for cid, size in pins:
                row = (str(cid), size, now)
                db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?)", (*row, checksum(row)))
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
        (self._notes / str(cid)).unlink(missing_ok=True)
        return found

    def pins(self, newest: int | None = None) -> list[Pin]:
        """Return all pins, or so many of the newest, the oldest first."""
        with self._transaction("BEGIN") as db:
            rows = db.execute(
                f"{_SELECT} ORDER BY created DESC, pins.rowid DESC LIMIT ?",
                (-1 if newest is None else newest,),
            )
            return [Pin(*row) for row in rows][::-1]

    def random(self, number: int) -> list[Pin]:
        """Return so many pins by chance."""
        chosen = "pins.rowid IN (SELECT rowid FROM pins ORDER BY random() LIMIT ?)"
        with self._transaction("BEGIN") as db:
            return [Pin(*row) for row in db.execute(f"{_SELECT} WHERE {chosen}", (number,))]

    def pin(self, cid: str) -> Pin | None:
        """Return one pin, None if there is none."""
        with self._transaction("BEGIN") as db:
            row = db.execute(f"{_SELECT} WHERE pins.cid = ?", (cid,)).fetchone()
            return Pin(*row) if row else None

    def count(self) -> tuple[int, int]:
        """Return how many pins there are, and how many of them a mirror does not have."""
        with self._transaction("BEGIN") as db:
            [pins] = db.execute("SELECT count(*) FROM pins").fetchone()
            [queued] = db.execute(
                "SELECT count(DISTINCT cid) FROM waiting WHERE cid IN (SELECT cid FROM pins)"
            ).fetchone()
            return pins, queued

    def queue(self, mirror: str) -> list[tuple[Cid, str]]:
        """Return what a mirror has yet to be told: roots and `pin` or `unpin`, in order."""
        with self._transaction("BEGIN") as db:
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
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._db.execute(begin)
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
                "Check that the disk has room and can be written, and that no other command is stuck.",
            ) from error


def _enqueue(db: sqlite3.Connection, mirrors: Iterable[str], cid: Cid, action: str) -> None:
    rows = [(mirror, str(cid), action) for mirror in mirrors]
    db.executemany("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, 'not sent yet')", rows)


__all__ = ["Pin", "PinTable"]
