"""One at a time, over threads and processes. A process that dies lets go."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from orchestrator.errors import ChainError


def exclusive(path: Path, patience: float, others: str) -> AbstractContextManager[Any]:
    """Hold the lock file `path`, after waiting for `patience` seconds at most.

    A thread that holds it already may take it again.

    `others` says in an error what they do meanwhile, such as "another command migrates". Raises ChainError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path, is_singleton=True).acquire(timeout=patience, poll_interval=0.02)
    except Timeout as error:
        raise ChainError(
            f"{others}, for {patience:.0f} s by now",
            "Wait until that is done, or end it, then run this again.",
        ) from error
    except OSError as error:
        raise ChainError(
            f"{path} cannot be locked: {error.strerror}", "Check the folder's permissions, or set DILN_HOME."
        ) from error
