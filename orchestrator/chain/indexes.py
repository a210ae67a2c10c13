"""What a contract's events make, kept in SQLite: a command reads new blocks only, and asks for few rows.

logs/<chain>-<genesis>/<node, contract, tables>.sqlite. Each row has the `block` that told it and, in tables
whose rows end, the block that `ended` it: what the chain drops is taken back row by row, to the last block
whose hash still stands. Blocks that were not final are read again by the next command. A file that is damaged
or has other tables, and what is not a file, is rebuilt; where nothing can be written the rows are in memory.
"""

import hashlib
import logging
import sqlite3
import stat
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from orchestrator.chain.finality import FINAL_DEPTH, final_block
from orchestrator.chain.looking import Block
from orchestrator.database import checksum, open_database
from orchestrator.errors import ChainError

if TYPE_CHECKING:
    from orchestrator.chain.bound import Bound
    from orchestrator.chain.connection import Chain
    from orchestrator.types import Address

T = TypeVar("T")
PATIENCE = 10.0  # seconds, behind another command that writes
ATTEMPTS = 5
_FORMAT = 1
_MARKS = (
    "CREATE TABLE marks (block INTEGER PRIMARY KEY, hash BLOB, total INTEGER, open INTEGER, checksum INTEGER)"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexTable:
    """`columns` and `indexes` as SQL has them; `block` (and `ended`, for rows that may end) come before."""

    name: str
    columns: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    ends: bool = False

    def statements(self) -> Iterator[str]:
        own = ("block INTEGER", *(("ended INTEGER",) if self.ends else ()), *self.columns, "checksum INTEGER")
        yield f"CREATE TABLE {self.name} ({', '.join(own)})"
        for number, index in enumerate(self.indexes):
            yield f"CREATE INDEX {self.name}_{number} ON {self.name} {index}"


@dataclass(frozen=True)
class _Mark:
    """All up to `block`, whose hash is `hash`, was read: `total` rows, of which so many have not ended."""

    block: int
    hash: bytes
    total: int
    open: int


class _Held(threading.local):
    """What a thread has open: from one refresh to the next it reads in one transaction, and no other does."""

    connection: sqlite3.Connection | None = None


class EventIndex(Generic[T]):
    """The rows of `tables` that the events of the contract at `address`, made in block `since`, make.

    Threads that share one are like two commands: each sees the rows as of its own `refresh`.

    `read` asks the node for all that it tells of some blocks, `write` makes rows of it by `insert` and `end`.
    """

    def __init__(
        self,
        chain: "Chain",
        folder: Path,
        address: "Address",
        since: int,
        tables: Sequence[IndexTable],
        read: Callable[[int, int], T],
        write: Callable[[T], None],
    ) -> None:
        self._chain, self._since, self._tables = chain, since, tuple(tables)
        self._read, self._write = read, write
        question = repr((chain.network.url or "", address, self._tables, _FORMAT)).encode()
        self._file = folder / f"{hashlib.sha256(question).hexdigest()[:32]}.sqlite"
        self._own = chain.network.embedded  # whether marks of blocks that are not final count, too
        self._held = _Held()

    def refresh(self) -> None:
        """Read what is new; what is asked afterwards is of the latest block, until the next time.

        Raises ChainError, and what `read` raises.
        """
        for _ in range(ATTEMPTS):
            held = False
            try:
                self._let_go()
                held = self._reaches(self._chain.head())
            except sqlite3.DatabaseError as error:
                self._retreat(error)
            finally:
                if not held:
                    self._let_go()
            if held:
                return
        raise ChainError(
            f"the chain, or what the node shows of it, changed during each of {ATTEMPTS} readings",
            "Run the command again, or use another node.",
        )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Whole rows of a table (SELECT * …), without their checksums. Raises as `refresh` does."""
        return self._asked(query, values, _checked)

    def value(self, query: str, *values: object) -> Any:
        """The first column of the first row; None where there is none. Raises as `refresh` does."""
        found = self.tuples(query, *values)
        return found[0][0] if found else None

    def tuples(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Any columns of rows, or what is made of them. Raises as `refresh` does."""
        return self._asked(query, values, list)

    def insert(self, table: IndexTable, block: int, *values: object) -> None:
        """Note what `block` told. For `write`."""
        row = (block, *((None,) if table.ends else ()), *values)
        query = f"INSERT INTO {table.name} VALUES ({', '.join('?' * (len(row) + 1))})"  # noqa: S608 - our own words
        self._db.execute(query, (*row, _sum(row, table.ends)))

    def end(self, table: IndexTable, block: int, where: str, *values: object) -> None:
        """Let those rows end that have not yet. For `write`."""
        query = f"UPDATE {table.name} SET ended = ? WHERE ended IS NULL AND {where}"  # noqa: S608 - our own words
        self._db.execute(query, (block, *values))

    def close(self) -> None:
        """Let go of what this thread has open; what another has ends with it."""
        if self._connected:
            self._connected.close()
            self._connected = None

    def _let_go(self) -> None:
        """End the transaction, if one is open: nothing of it is kept."""
        if self._connected and self._connected.in_transaction:
            self._connected.execute("ROLLBACK")

    @property
    def _connected(self) -> sqlite3.Connection | None:
        return self._held.connection

    @_connected.setter
    def _connected(self, found: sqlite3.Connection | None) -> None:
        self._held.connection = found

    @property
    def _db(self) -> sqlite3.Connection:
        if not self._connected:
            self._connected = self._opened()
        return self._connected

    def _opened(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._remove(stat.S_ISREG)
            found, writable = open_database(self._file, PATIENCE)
            return self._laid_out(found) if writable else self._copied(found)
        except (OSError, sqlite3.OperationalError) as error:
            _log.info("%s cannot be used, so its rows are in memory: %s", self._file, error)
            if found:
                found.close()
            return self._laid_out(_memory())
        except sqlite3.DatabaseError:
            if found:
                found.close()
            raise

    def _laid_out(self, db: sqlite3.Connection) -> sqlite3.Connection:
        db.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is read again
        wanted = [_MARKS, *(each for table in self._tables for each in table.statements())]
        if db.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            db.execute("BEGIN IMMEDIATE")
            if db.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                for statement in wanted:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {_FORMAT}")
            db.execute("COMMIT")
        found = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        if {sql for (sql,) in found} != set(wanted):
            raise sqlite3.DatabaseError("its tables are others")
        return db

    def _copied(self, db: sqlite3.Connection) -> sqlite3.Connection:
        """The same rows in memory, as far as they can be read."""
        memory = _memory()
        try:
            db.backup(memory)
            return self._laid_out(memory)
        except sqlite3.Error:
            memory.close()
            return self._laid_out(_memory())
        finally:
            db.close()

    def _retreat(self, error: sqlite3.DatabaseError) -> None:
        """Into memory where the disk, or another command, is in the way; else rebuild the damaged file."""
        if isinstance(error, sqlite3.OperationalError) and self._connected:
            _log.info("%s cannot be written, so new rows are in memory: %s", self._file, error)
            self._connected = self._copied(self._connected)
            return
        _log.warning("%s was damaged (%s), and is rebuilt from events", self._file, error)
        self.close()
        try:
            self._remove(lambda _: False)
        except OSError:
            self._connected = self._laid_out(_memory())

    def _remove(self, unless: Callable[[int], bool]) -> None:
        """What is in the file's place, and in those of SQLite's own beside it, `unless` its mode may stay."""
        for ending in ("", "-wal", "-shm"):
            file = self._file.with_name(self._file.name + ending)
            with suppress(FileNotFoundError):
                if not unless(file.lstat().st_mode):
                    file.unlink()

    def _reaches(self, head: Block) -> bool:
        """Bring the rows to `head`, and hold them there. False where chain or file change meanwhile."""
        marks = self._marks()
        mark = self._standing(marks, head)
        first = mark.block + 1 if mark else self._since
        if not mark or mark != marks[0] or head.number >= first:
            told = self._read(first, head.number) if head.number >= first else None
            if self._chain.block_hash(head.number) != head.hash:
                return False
            self._db.execute("BEGIN IMMEDIATE")
            if self._marks() != marks:  # another command was faster
                return False
            self._take_back(mark)
            if told is not None:
                self._write_all(told)
            self._note(head)
            self._db.execute("COMMIT")
        self._db.execute("BEGIN")
        found = self._marks()
        if not found or (found[0].block, found[0].hash) != (head.number, head.hash):
            return False
        if (found[0].total, found[0].open) != self._counted():
            raise sqlite3.DatabaseError("rows are missing")
        return True

    def _write_all(self, told: T) -> None:
        try:
            self._write(told)
        except (OverflowError, sqlite3.IntegrityError) as error:
            raise ChainError(f"the node's answer cannot be used: {error}", "Ask another node.") from error

    def _standing(self, marks: Sequence[_Mark], head: Block) -> _Mark | None:
        """The newest that the chain (its latest block is `head`) still has; of another command, for good."""
        last = head.number if self._own or not marks else min(head.number, final_block(self._chain))
        self._own = True
        for mark in marks:
            if mark.block <= last:
                of_head = mark.block == head.number
                if mark.hash == (head.hash if of_head else self._chain.block_hash(mark.block)):
                    return mark
        return None

    def _marks(self) -> list[_Mark]:
        """Newest first."""
        return [_Mark(*row) for row in _checked(self._db.execute("SELECT * FROM marks ORDER BY block DESC"))]

    def _note(self, head: Block) -> None:
        """The last block before those that may still be dropped stays, and all after it."""
        row = (head.number, head.hash, *self._counted())
        self._db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)", (*row, checksum(row)))
        oldest = "SELECT max(block) FROM marks WHERE block <= ?"
        self._db.execute(f"DELETE FROM marks WHERE block < ({oldest})", (head.number - FINAL_DEPTH,))  # noqa: S608

    def _take_back(self, mark: _Mark | None) -> None:
        block = mark.block if mark else -1
        if self._db.execute("DELETE FROM marks WHERE block > ?", (block,)).rowcount == 0 and mark:
            return
        for table in self._tables:
            self._db.execute(f"DELETE FROM {table.name} WHERE block > ?", (block,))  # noqa: S608
            if table.ends:
                query = f"UPDATE {table.name} SET ended = NULL WHERE ended > ?"  # noqa: S608
                self._db.execute(query, (block,))

    def _counted(self) -> tuple[int, int]:
        """How many rows there are, and how many that have not ended."""
        every = [f"(SELECT count(*) FROM {each.name})" for each in self._tables]  # noqa: S608 - our own words
        left = [
            f"{count[:-1]} WHERE ended IS NULL)"
            for count, each in zip(every, self._tables, strict=True)
            if each.ends
        ]
        [found] = self._db.execute(f"SELECT {' + '.join(every)}, {' + '.join(left) or '0'}")
        return int(found[0]), int(found[1])

    def _asked(
        self, query: str, values: Sequence[object], read: Callable[[Any], list[tuple[Any, ...]]]
    ) -> list[tuple[Any, ...]]:
        try:
            return read(self._db.execute(query, values))
        except sqlite3.DatabaseError as error:
            self._retreat(error)
        self.refresh()
        return read(self._db.execute(query, values))


class Told(ABC, Generic[T]):
    """What the events of `contract` tell, as rows of `TABLES`. `refresh` before each look."""

    TABLES: ClassVar[Sequence[IndexTable]]

    def __init__(self, contract: "Bound") -> None:
        self._index = contract.chain.index(contract, self.TABLES, self._read, self._write)

    def refresh(self) -> Self:
        """Read what is new, and again what the chain has dropped. Raises ChainError."""
        self._index.refresh()
        return self

    @abstractmethod
    def _read(self, first: int, last: int) -> T: ...

    @abstractmethod
    def _write(self, told: T) -> None: ...


def places(values: Sequence[object]) -> str:
    """A question mark for each, as SQL has them."""
    return ", ".join("?" * len(values))


def _memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def _checked(rows: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    found = []
    columns = [each[0] for each in rows.description]
    ends = "ended" in columns[:2]
    for row in rows:
        if _sum(row[:-1], ends) != row[-1]:
            raise sqlite3.DatabaseError("a row does not match its checksum")
        found.append(row[:-1])
    return found


def _sum(row: tuple[object, ...], ends: bool) -> int:
    """`ended`, which changes later, left out: how many have ended is noted beside the block."""
    return checksum((row[0], *row[2:]) if ends else row)
