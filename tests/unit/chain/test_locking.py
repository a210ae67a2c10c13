"""
exclusive
├── held by another: waited for, then said
├── its process dies: let go
└── folder cannot be used: said
"""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.chain.locking import exclusive
from orchestrator.errors import ChainError


def test_exclusive__held_by_another__is_said(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "deep" / "x.lock", 1, "they work"),
        pytest.raises(ChainError, match="they work, for 0 s by now"),
        exclusive(tmp_path / "deep" / "x.lock", 0.1, "they work"),
    ):
        pytest.fail("two hold it")
    with exclusive(tmp_path / "deep" / "x.lock", 0.1, "they work"):
        pass


def test_exclusive__its_process_is_killed__lets_go(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path\n"
        "from orchestrator.chain.locking import exclusive\n"
        f"with exclusive(Path({str(tmp_path / 'x.lock')!r}), 1, ''):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    with (
        pytest.raises(ChainError, match="somebody works"),
        exclusive(tmp_path / "x.lock", 0.1, "somebody works"),
    ):
        pytest.fail("two hold it")
    process.kill()
    process.communicate()
    with exclusive(tmp_path / "x.lock", 5, "somebody works"):
        pass


def test_exclusive__folder_is_a_file__is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChainError, match="cannot be locked"):
        exclusive(tmp_path / "file" / "x.lock", 1, "they work")
