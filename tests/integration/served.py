"""`diln chain serve` and `diln page` in a process of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
DILN = (sys.executable, "-c", "from orchestrator.cli import main; main()")


@contextmanager
def serving(*arguments: str | Path) -> Iterator[str]:
    """The URL of a running server on a free port."""
    with serving_process(*arguments) as (url, _):
        yield url


@contextmanager
def serving_process(*arguments: str | Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The same, and its process."""
    command = [*DILN, *map(str, arguments), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _url(process), process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _url(process: "subprocess.Popen[str]") -> str:
    for line in process.stdout or ():
        if found := re.search(r" is at (http://[^ ;]*)", line):
            return found[1]
    raise AssertionError("the server ended before it listened")


def patience() -> float:
    """How much longer than alone things take on a machine that does other work as well."""
    return max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))
