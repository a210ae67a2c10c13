"""The file that holds the embedded chain.

Whatever one JSON-RPC request writes is one SQLite transaction: a process that is killed in the middle leaves
the chain as it was before, and two processes never write at once. Readers see one state of the chain for the
whole request and never wait for a writer (WAL). A power cut may take the last blocks, but breaks nothing.

SQLite does not notice a flipped bit. So each value carries a checksum, which is compared whenever it is read,
and the table of logs, in which a row that is not found would look like one that never was, is read through by
each process before it answers.
"""

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth.db.backends.base import BaseDB
from eth.vm.interrupt import EVMMissingData
from rlp.exceptions import RLPException
from trie.exceptions import MissingTraversalNode, MissingTrieNode

from orchestrator.database import checksum, open_database
from orchestrator.errors import ChainError

FORMAT = 2
PATIENCE = 5.0
"""Seconds that closing waits for a reader."""
_MISSING = (MissingTrieNode, MissingTraversalNode, EVMMissingData, RLPException)
"""What py-evm raises where the file does not hold what it must."""

_LOGS = "checksum of logs"
_LONGEST = 2**62 - 1
_SCHEMA = """
CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE log (
    block INTEGER NOT NULL, position INTEGER NOT NULL, block_hash BLOB NOT NULL,
    transaction_hash BLOB NOT NULL, transaction_index INTEGER NOT NULL, address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, data BLOB NOT NULL,
    PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE INDEX log_by_address ON log (address, block);
"""


class KeyValueTable(BaseDB):
    """The table `kv` as the mapping of bytes to bytes that py-evm wants."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tree_checked = False

    def __getitem__(self, key: bytes) -> bytes:
        row = self._connection.execute("SELECT v, checksum FROM kv WHERE k = ?", (key,)).fetchone()
        if row is None:
            self._check_tree()
            raise KeyError(key)
        value = bytes(row[0])
        if zlib.crc32(value, zlib.crc32(key)) != row[1]:
            raise sqlite3.DatabaseError("a value does not match its checksum")
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        row = (key, value, zlib.crc32(value, zlib.crc32(key)))
        self._connection.execute("INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", row)

    def __delitem__(self, key: bytes) -> None:
        self._connection.execute("DELETE FROM kv WHERE k = ?", (key,))

    def _exists(self, key: bytes) -> bool:
        found = self._connection.execute("SELECT 1 FROM kv WHERE k = ?", (key,)).fetchone() is not None
        if not found:
            self._check_tree()
        return found

    def _check_tree(self) -> None:
        """Once: whether what is not found is really not there. Raises sqlite3.DatabaseError."""
        if not self._tree_checked:
            [told] = self._connection.execute("PRAGMA integrity_check('kv')").fetchone()
            if told != "ok":
                raise sqlite3.DatabaseError(told)
            self._tree_checked = True


class ChainFile:
    """An open chain file. `timeout` is how many seconds a writer waits for another one."""

    def __init__(self, path: Path, timeout: float = 60.0) -> None:
        """Open `path`, or make it. Raises ChainError if it cannot be, or is not a chain of this format."""
        self.path = path
        self.timeout = timeout
        self._threads = threading.RLock()
        self._logs_checked = False
        self._own_writes = 0
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection, _ = open_database(path, timeout)
            self.connection.execute("PRAGMA synchronous = NORMAL")
        self.kv = KeyValueTable(self.connection)

    def close(self) -> None:
        """Wait for a thread that is reading: SQLite crashes where a connection is closed under a statement.

        One that takes long leaves closing to the end of the process.
        """
        if self._threads.acquire(timeout=PATIENCE):
            try:
                self.connection.close()
            finally:
                self._threads.release()

    @property
    def new(self) -> bool:
        """Whether the file holds no chain yet. Raises ChainError if it holds one of another format."""
        found = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            raise ChainError(
                f"{self.path} was written by another version of DILN (format {found}, not {FORMAT})",
                "Use that version, or move the file away to start a new chain.",
            )
        return bool(found == 0)

    def lay_out(self) -> None:
        """Create the tables, inside a writing transaction."""
        for statement in _SCHEMA.split(";"):
            self.connection.execute(statement)
        self.connection.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read in this block belongs to one state of the chain; writing is impossible."""
        with self._transaction("BEGIN"):
            self.connection.execute("PRAGMA query_only = ON")
            try:
                yield
            finally:
                self.connection.execute("PRAGMA query_only = OFF")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Everything written in this block is kept together, or, on an exception or a crash, not at all.

        Waits for other writers; raises ChainError after `timeout` seconds.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            self._own_writes += 1
            try:
                yield
            finally:
                self._own_writes += 1

    @property
    def version(self) -> tuple[int, int]:
        """Changes with every write, whoever writes; inside a transaction."""
        return self.connection.execute("PRAGMA data_version").fetchone()[0], self._own_writes

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._threads, self._explained():
            self.connection.execute(begin)
            try:
                yield
            except BaseException:
                if self.connection.in_transaction:  # SQLite has rolled back already when the disk is full
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:  # of a connection that was closed
            raise ChainError("the session is closed", "Open another one.") from error
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise ChainError(
                    f"another command has been writing to {self.path} for {self.timeout:.0f} s",
                    "Wait until it is done, or end it, then run this again.",
                ) from error
            raise ChainError(
                f"{self.path} cannot be used: {error}", "Check the disk's space and the folder's permissions."
            ) from error
        except (sqlite3.DatabaseError, *_MISSING) as error:
            raise ChainError(
                f"{self.path} is damaged or is not a chain: {error}",
                "Move it away to start a new chain, or restore it from a backup.",
            ) from error
        except OSError as error:
            raise ChainError(
                f"{self.path} cannot be used: {error.strerror}", "Choose another folder with DILN_HOME."
            ) from error

    def add_log(self, row: tuple[object, ...]) -> None:
        """Keep one log, inside a writing transaction."""
        self.connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        total = (self.setting(_LOGS) + checksum(row)) & _LONGEST
        self.set_setting(_LOGS, total)

    def logs(self, conditions: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        """The logs that fulfil SQL `conditions`, in order. Raises sqlite3.DatabaseError for a flipped bit."""
        if not self._logs_checked:
            self._check_logs()
            self._logs_checked = True
        return self.connection.execute(
            f"SELECT * FROM log WHERE {conditions} ORDER BY block, position",  # noqa: S608 - our own columns
            values,
        )

    def _check_logs(self) -> None:
        total = sum(checksum(row) for row in self.connection.execute("SELECT * FROM log"))
        [told] = self.connection.execute("PRAGMA integrity_check('log')").fetchone()
        if total & _LONGEST != self.setting(_LOGS) or told != "ok":
            raise sqlite3.DatabaseError("the logs do not match their checksum")

    def setting(self, name: str) -> int:
        """A number kept under `name`, 0 if there is none."""
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def set_setting(self, name: str, value: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
