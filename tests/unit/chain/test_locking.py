"""
exclusive
├── held by another: waited for, then said
├── its process dies: let go
└── folder cannot be used: said
"""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.chain.locking import exclusive
from orchestrator.errors import ChainError


def test_exclusive__held_by_another__is_said(tmp_path: Path) -> None:
    path, said = tmp_path / "deep" / "x.lock", []

    def intrude() -> None:
        try:
            with exclusive(path, 0.1, "they work"):
                said.append("two hold it")
        except ChainError as error:
            said.append(error.message)

    with exclusive(path, 1, "they work"):
        other = threading.Thread(target=intrude)
        other.start()
        other.join()
    assert said == ["they work, for 0 s by now"]
    with exclusive(path, 0.1, "they work"):
        pass


def test_exclusive__held_by_this_thread__is_taken_again_and_let_go_once(tmp_path: Path) -> None:
    path, got = tmp_path / "x.lock", []

    def intrude() -> None:
        try:
            with exclusive(path, 0.1, "they work"):
                got.append(True)
        except ChainError:
            got.append(False)

    def look() -> None:
        other = threading.Thread(target=intrude)
        other.start()
        other.join()

    with exclusive(path, 1, "they work"):
        with exclusive(path, 1, "they work"):
            look()
        look()
    look()
    assert got == [False, False, True]


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
