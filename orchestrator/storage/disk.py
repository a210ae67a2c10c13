"""Writing to disk so that nothing half done is left, and saying clearly why it failed."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import StorageError
from orchestrator.files import sync_path


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn what the disk refuses into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError("the disk is full", "Make room: `diln pin rm CID` may help.") from error
        raise StorageError(f"the disk refused: {error}", "Check the path and its permissions.") from error


@contextlib.contextmanager
def part_file(dest: Path) -> Iterator[Path]:
    """Yield `dest`.part to write a file or folder to; at the end, flush it to disk and rename it to `dest`.

    On an error it is removed, and so is what an earlier command that was killed left there. A file replaces
    the one at `dest`.
    """
    part = dest.with_name(dest.name + ".part")
    with disk_errors():
        remove(part)
        dest.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            for path in (part, *part.rglob("*")):
                sync_path(path)
            os.replace(part, dest)
        except BaseException:
            remove(part)
            raise


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


__all__ = ["disk_errors", "part_file", "remove", "sync_path"]
