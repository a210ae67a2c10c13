"""From bytes, streams, files and folders to blocks; the SHA-256 of a file is taken on the way."""

import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import StorageError
from orchestrator.storage.cid import Cid
from orchestrator.storage.reading import MAX_DEPTH
from orchestrator.storage.unixfs import (
    DEFAULT_PROFILE,
    Profile,
    Readable,
    Sink,
    Tree,
    build_file,
    build_folder,
    check_name,
    find_profile,
    hash_alongside,
    read_chunks,
)
from orchestrator.types import Digest, Report

Source = Path | str | bytes | BinaryIO
"""What can be added: a path (as text too) of a file or folder, bytes, or a stream."""


@dataclass(frozen=True)
class PutResult:
    """What was added: `size` in bytes of content, `sha256` (hex) of a file's bytes, None for a folder.

    `queued` says why a remote store does not have it yet; it is empty if that is not so.
    """

    cid: str
    size: int
    profile: str
    sha256: str | None
    queued: str = ""

    @property
    def digest(self) -> Digest:
        """What the content is known by: a file's SHA-256, the digest in a folder's CID."""
        return Digest(bytes.fromhex(self.sha256) if self.sha256 else Cid.parse(self.cid).digest)


def digest_file(
    path: Path | str, profile: str = DEFAULT_PROFILE, progress: Report | None = None
) -> PutResult:
    """Hash a file (or folder) as `put` would, and store nothing: one pass, constant memory.

    Raises StorageError for what cannot be read or added.
    """
    return add(Path(path), find_profile(profile), _forget, progress)


def digest_bytes(data: bytes, profile: str = DEFAULT_PROFILE) -> PutResult:
    """Hash bytes as `put` would, and store nothing."""
    return add(data, find_profile(profile), _forget)


def add(source: Source, profile: Profile, sink: Sink, progress: Report | None = None) -> PutResult:
    """Hand every block of `source` to `sink`, children first.

    Raises StorageError for what cannot be added.
    """
    if isinstance(source, bytes):
        return _add_stream(io.BytesIO(source), profile, sink, progress, len(source))
    if isinstance(source, str | Path):
        return _add_path(Path(source), profile, sink, progress)
    return _add_stream(source, profile, sink, progress, 0)


def _add_path(path: Path, profile: Profile, sink: Sink, progress: Report | None) -> PutResult:
    try:
        if path.is_dir():
            total = _weigh(path) if progress else 0
            tree = _Folders(profile, sink, progress, total).add(path)
            return PutResult(str(tree.cid), tree.size, profile.name, None)
        _refuse_special(path, path.stat())
        with path.open("rb", buffering=0) as file:
            return _add_stream(file, profile, sink, progress, path.stat().st_size)
    except FileNotFoundError as error:
        raise StorageError(f"{error.filename} does not exist", "Check the path.") from error
    except PermissionError as error:
        raise StorageError(f"{error.filename} may not be read", "Check its permissions.") from error


def _add_stream(
    file: Readable, profile: Profile, sink: Sink, progress: Report | None, total: int
) -> PutResult:
    digest = hashlib.sha256()
    report = None if progress is None else (lambda done: progress(done, total))
    chunks = hash_alongside(read_chunks(file, profile, report), digest.update, profile.chunk)
    tree = build_file(chunks, profile, sink)
    return PutResult(str(tree.cid), tree.size, profile.name, digest.hexdigest())


class _Folders:
    """Adds a folder and all below it, hidden files too; symbolic links are refused, not followed."""

    def __init__(self, profile: Profile, sink: Sink, progress: Report | None, total: int) -> None:
        self._profile = profile
        self._sink = sink
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, folder: Path, depth: int = 0) -> Tree:
        if depth > MAX_DEPTH:
            raise StorageError(f"{folder} is nested too deeply", f"At most {MAX_DEPTH} levels are added.")
        entries: dict[str, Tree] = {}
        for path in sorted(folder.iterdir()):
            check_name(path.name)  # before any of its blocks are made
            _refuse_special(path, path.lstat())
            entries[path.name] = self.add(path, depth + 1) if path.is_dir() else self._add_file(path)
        return build_folder(entries, self._profile, self._sink)

    def _add_file(self, path: Path) -> Tree:
        with path.open("rb", buffering=0) as file:
            tree = build_file(read_chunks(file, self._profile), self._profile, self._sink)
        self._done += tree.size
        if self._progress:
            self._progress(self._done, self._total)
        return tree


def _weigh(folder: Path) -> int:
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in files)


def _refuse_special(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise StorageError(
            f"{path} is neither a file nor a folder", "Links, pipes and devices are not added."
        )


def _forget(cid: Cid, block: bytes) -> None:
    """Store nothing."""


__all__ = ["PutResult", "Source", "add", "digest_bytes", "digest_file"]
