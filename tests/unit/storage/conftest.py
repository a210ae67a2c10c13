from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrator.storage.kubo  # noqa: F401 - before its client, which it tells not to patch `requests`
from orchestrator.storage.local import LocalStore


@pytest.fixture
def store(tmp_path) -> Iterator[LocalStore]:
    with LocalStore(tmp_path / "store") as store:
        yield store


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with files below and above a chunk, and a folder in it."""
    folder = tmp_path / "model"
    (folder / "report").mkdir(parents=True)
    (folder / "model.skops").write_bytes(bytes(range(256)) * 5000)
    (folder / "report" / "roc.png").write_bytes(b"picture")
    return folder
