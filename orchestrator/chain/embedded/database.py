"""The file that holds the embedded chain.

Whatever one JSON-RPC request writes is one SQLite transaction: a process that is killed in the middle leaves
the chain as it was before, and two processes never write at once. Readers see one state of the chain for the
whole request and never wait for a writer (WAL). A power cut may take the last blocks, but breaks nothing.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth.db.backends.base import BaseDB

from orchestrator.errors import ChainError

FORMAT = 1
_SCHEMA = """
CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
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

    def __getitem__(self, key: bytes) -> bytes:
        row = self._connection.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        self._connection.execute("DELETE FROM kv WHERE k = ?", (key,))

    def _exists(self, key: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM kv WHERE k = ?", (key,)).fetchone() is not None


class ChainFile:
    """An open chain file. `timeout` is how many seconds a writer waits for another one."""

    def __init__(self, path: Path, timeout: float = 60.0) -> None:
        """Open `path`, or make it. Raises ChainError if it cannot be, or is no chain of this format."""
        self.path = path
        self.timeout = timeout
        self._threads = threading.RLock()
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(
                path, timeout=timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
                self.connection.execute("PRAGMA synchronous = NORMAL")
            except sqlite3.Error:
                self.connection.close()
                raise
        self.kv = KeyValueTable(self.connection)

    def close(self) -> None:
        self.connection.close()

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
            yield

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
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise ChainError(
                    f"another command has been writing to {self.path} for {self.timeout:.0f} s",
                    "Wait until it is done, or end it, then run this again.",
                ) from error
            raise ChainError(
                f"{self.path} cannot be used: {error}", "Check the disk's space and the folder's permissions."
            ) from error
        except sqlite3.DatabaseError as error:
            raise ChainError(
                f"{self.path} is damaged or is no chain: {error}",
                "Move it away to start a new chain, or restore it from a backup.",
            ) from error
        except OSError as error:
            raise ChainError(
                f"{self.path} cannot be used: {error.strerror}", "Choose another folder with DILN_HOME."
            ) from error

    def setting(self, name: str) -> int:
        """A number kept under `name`, 0 if there is none."""
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def set_setting(self, name: str, value: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
