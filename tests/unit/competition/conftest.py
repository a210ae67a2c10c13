"""A state folder with deployed contracts, and a quick competition on the embedded chain."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import Accounts, connect, migrate
from orchestrator.config import load_settings
from tests.unit.competition.stage import Stage


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: Any) -> Path:
    """A state folder whose chain has all contracts, to be copied."""
    home = tmp_path_factory.mktemp("deployed") / "home"
    settings = load_settings(home=home, environ={})
    with connect(settings) as chain:
        migrate(settings, chain, Accounts(settings).get("judy"))
    return home


@pytest.fixture
def stage(deployed: Path, tmp_path: Path) -> Iterator[Stage]:
    shutil.copytree(deployed, tmp_path / "home")
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        yield stage
