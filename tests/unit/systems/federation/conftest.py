"""What tests of federations begin with."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose chain has the factory."""
    folder = tmp_path_factory.mktemp("federation") / "home"
    with Session(load_settings(home=folder, environ={})) as opened:
        migrate(opened.settings, opened.chain, opened.account("judy"), ["federation"])
    return folder


@pytest.fixture
def session(migrated: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(migrated, tmp_path / "home")
    with Session(load_settings(home=tmp_path / "home", environ={})) as opened:
        yield opened
