"""The command line in this process, and in processes of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from tests.unit.pipeline.desk import Desk

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Diln = Callable[..., Said]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DILN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def diln(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Diln:
    """Run a command in the desk's folder."""
    monkeypatch.chdir(desk.folder)

    def run(*arguments: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


def start(folder: Path, *arguments: str | Path) -> "subprocess.Popen[str]":
    """A `diln` process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from orchestrator.cli import main; main()", *map(str, arguments)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
