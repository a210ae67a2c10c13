"""Files that are replaced as a whole or not at all, and stay so when the power fails."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import StorageError

_ABANDONED = 600  # seconds


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `path`. Raises StorageError, and leaves what was there, if that cannot be done.

    What commands that were killed have left beside it is removed.
    """
    try:
        _sweep(path)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        sync_path(path.parent)
    except OSError as error:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise _refusal(path, error) from error


def _sweep(path: Path) -> None:
    """Remove what was begun beside `path` so long ago that nobody goes on with it."""
    for rest in path.parent.glob(f".{path.name}.????????"):
        if time.time() - rest.stat().st_mtime > _ABANDONED:
            rest.unlink(missing_ok=True)


def sync_path(path: Path) -> None:
    """Make a file's content, or the names in a folder, last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written: {error.strerror}", "Free some space, then try again.")
