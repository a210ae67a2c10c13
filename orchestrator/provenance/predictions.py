"""An append-only log of predictions, in a file that several processes may append to at once.

Each entry names the hash of the one before, so a changed, removed or inserted line shows. Whoever may write
the file could still write the whole of it again; what has been anchored on a chain cannot be (see `batches`).

Inputs may be private: the log holds only their salted hashes. Salts derive from a key that stays beside the
log, readable by its owner alone, so that any one input can be revealed later without the others.
"""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock

from orchestrator.errors import DataError, StorageError, VerificationFailed
from orchestrator.files import replace_file, sync_path
from orchestrator.provenance import canonical
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.provenance.entries import GENESIS, Answered, Entry, ModelReference, write_line
from orchestrator.types import Digest

KEY_SIZE = 32
"""Bytes of the key from which salts derive."""

_log = logging.getLogger(__name__)
_HINT = "Restore the log from a copy; what was anchored proves which one is right."


@dataclass(frozen=True)
class _Tail:
    """Where the next entry goes: `size` of the file in bytes, its `index`, and the hash before it."""

    size: int = 0
    index: int = 0
    previous: Digest = GENESIS


class PredictionLog:
    """The log at `path` (JSON lines).

    Beside it stand its key (`.key`), its lock (`.lock`) and, after a crash, what was torn (`.torn`).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = FileLock(f"{self.path}.lock", poll_interval=0.002)  # who waits for a disk need not long
        self._tail = _Tail()

    def append(self, model: ModelReference, asked: object, answered: object) -> Entry:
        """Log one prediction; see `extend`."""
        return self.extend(model, [(asked, answered)])[0]

    def extend(self, model: ModelReference, pairs: Iterable[tuple[Any, Any]]) -> list[Entry]:
        """Log predictions as (input, output), both JSON values; on return they are on the disk.

        Raises DataError for a value that JSON cannot hold, VerificationFailed if the last line was changed,
        StorageError if the disk is full; nothing is logged then.
        """
        try:
            answered = [Answered.of(*pair) for pair in pairs]
        except NotCanonical as error:
            raise DataError(f"a prediction cannot be logged: {error}", "Log plain JSON values.") from error
        _, lines = self._commit(model, answered)
        return [Entry.from_line(line) for line in lines]

    def commit(self, model: ModelReference, answered: Sequence[Answered]) -> int:
        """Log predictions, of one request or of many, under one lock and with one write to the disk.

        Returns the index of the first. Raises VerificationFailed and StorageError as `extend` does.
        """
        first, _ = self._commit(model, answered)
        return first

    def entries(self, first: int = 0, count: int | None = None) -> Iterator[Entry]:
        """All entries, or `count` of them from `first` on, each checked against the one before.

        Reads what was there when it began, in constant memory. Raises VerificationFailed that names the line
        that was changed.
        """
        with self._locked():
            size = self._find_tail().size
        stop = None if count is None else first + count
        previous = GENESIS
        for number, line in enumerate(self._lines(size)):
            if number == stop:
                return
            entry = self._checked(line, number, previous)
            previous = entry.hash
            if number >= first:
                yield entry

    def __len__(self) -> int:
        with self._locked():
            return self._find_tail().index

    def recover(self) -> str | None:
        """Repair a last line that a crash left torn; a sentence that says what was done, None if nothing was.

        A torn line was never reported as logged. It is moved to the `.torn` file, or, where all of it but the
        newline is there, completed.
        """
        with self._locked():
            return self._recover()

    def salt(self, index: int) -> bytes:
        """The salt of entry `index` (32 bytes), to be given out only with its input."""
        with self._locked():
            return _salt(self._key(), index)

    def _commit(self, model: ModelReference, answered: Sequence[Answered]) -> tuple[int, list[bytes]]:
        """Returns the index of the first entry, and the lines without their newlines."""
        reference = canonical.encode(model.to_json())
        with self._locked():
            tail, key = self._find_tail(), self._key() if answered else b""
            time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            lines, previous = [], tail.previous
            for index, each in enumerate(answered, tail.index):
                line, previous = write_line(index, time, reference, each, _salt(key, index), previous)
                lines.append(line)
            if lines:
                data = b"\n".join(lines) + b"\n"
                self._write(data, tail.size)
                self._tail = _Tail(tail.size + len(data), tail.index + len(lines), previous)
        return tail.index, lines

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            yield

    def _key(self) -> bytes:
        """The key, made if there is none: written beside, then renamed, so that it is whole or not there."""
        path = Path(f"{self.path}.key")
        try:
            if not path.exists():
                replace_file(path, secrets.token_bytes(KEY_SIZE), 0o600)
            key = path.read_bytes()
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
        if len(key) != KEY_SIZE:
            raise StorageError(
                f"{path} holds {len(key)} bytes, not {KEY_SIZE}: the inputs could be guessed",
                "Restore it from a copy. Without one, remove it: a new key is made, and inputs that were "
                "logged before can no longer be revealed.",
            )
        return key

    def _find_tail(self) -> _Tail:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size == self._tail.size:
            return self._tail  # nobody else has appended since
        self._recover()
        self._tail = self._read_tail()
        return self._tail

    def _read_tail(self) -> _Tail:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size == 0:
            return _Tail()
        line = self._last_line(size)
        try:
            entry = Entry.from_line(line)
        except NotCanonical as error:
            raise VerificationFailed(f"the last line of {self.path} was changed: {error}", _HINT) from error
        return _Tail(size, entry.index + 1, entry.hash)

    def _last_line(self, size: int) -> bytes:
        """The bytes between the last two newlines of a file that ends in one."""
        span = 4096
        with self.path.open("rb") as file:
            while True:
                start = max(0, size - span)
                file.seek(start)
                _, newline, line = file.read(size - start)[:-1].rpartition(b"\n")
                if newline or start == 0:
                    return line
                span *= 4

    def _recover(self) -> str | None:
        if not self.path.exists():
            return None
        with self.path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            torn = _after_last_newline(file, size)
            if not torn:
                return None
            if _is_entry(torn):
                file.write(b"\n")
                message = f"the last line of {self.path} was cut short and was completed"
            else:
                with open(f"{self.path}.torn", "ab") as kept:
                    kept.write(torn + b"\n")
                file.truncate(size - len(torn))
                message = f"the last line of {self.path} was torn by a crash and was moved to {kept.name}"
            os.fsync(file.fileno())
        _log.warning(message)
        return message

    def _write(self, data: bytes, size: int) -> None:
        created = not self.path.exists()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            written = 0
            while written < len(data):
                written += os.write(descriptor, data[written:])
            os.fsync(descriptor)
            if created:
                sync_path(self.path.parent)
        except OSError as error:
            os.ftruncate(descriptor, size)
            raise StorageError(
                f"{self.path} cannot be written: {error.strerror}", "Free some space, then predict again."
            ) from error
        finally:
            os.close(descriptor)

    def _lines(self, size: int) -> Iterator[bytes]:
        if size == 0:
            return
        with self.path.open("rb") as file:
            while file.tell() < size:
                yield file.readline()

    def _checked(self, line: bytes, number: int, previous: Digest) -> Entry:
        try:
            entry = Entry.from_line(line.removesuffix(b"\n"))
        except NotCanonical as error:
            raise VerificationFailed(
                f"line {number + 1} of {self.path} was changed: {error}", _HINT
            ) from error
        if entry.index != number or entry.previous != previous:
            raise VerificationFailed(
                f"line {number + 1} of {self.path} does not follow from the line before: "
                "a line was changed, removed or put in",
                _HINT,
            )
        return entry


def _salt(key: bytes, index: int) -> bytes:
    return hmac.digest(key, index.to_bytes(8, "big"), hashlib.sha256)


def _after_last_newline(file: BinaryIO, size: int) -> bytes:
    span = 4096
    while True:
        start = max(0, size - span)
        file.seek(start)
        _, newline, rest = file.read(size - start).rpartition(b"\n")
        if newline or start == 0:
            return bytes(rest)
        span *= 4


def _is_entry(line: bytes) -> bool:
    try:
        Entry.from_line(line)
    except NotCanonical:
        return False
    return True
