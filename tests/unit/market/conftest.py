"""A chain with a market on it that takes contributions, and people by role."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import Plan
from orchestrator.systems.market.opening import open_market
from tests.unit.market.stage import Fair, open_fair
from tests.unit.sum.conftest import planned, template, village

__all__ = ["planned", "template", "village"]


@pytest.fixture(scope="session")
def fair_template(template: Path, planned: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose chain has a market that takes contributions, to be copied."""
    home = tmp_path_factory.mktemp("market") / "home"
    shutil.copytree(template, home)
    with Session(load_settings(home=home, environ={})) as session:
        open_fair(session, planned.converted)
    return home


@pytest.fixture
def fair(fair_template: Path, tmp_path: Path) -> Iterator[Fair]:
    shutil.copytree(fair_template, tmp_path / "home")
    with Session(load_settings(home=tmp_path / "home", environ={})) as session:
        yield Fair(session, open_market(session, "fair"))
