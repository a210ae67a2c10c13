"""A chain with a market on it that takes contributions, and people by role."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.models.online.planning import Plan
from orchestrator.systems.market.opening import open_market
from tests.unit.market.stage import Fair, open_fair
from tests.unit.sum.conftest import planned, template, village
from tests.world import copied

__all__ = ["planned", "template", "village"]


@pytest.fixture(scope="session")
def fair_template(template: Path, planned: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose chain has a market that takes contributions, to be copied."""
    folder = tmp_path_factory.mktemp("market")
    with copied(template, folder) as session:
        open_fair(session, planned.converted)
    return folder


@pytest.fixture
def fair(fair_template: Path, tmp_path: Path) -> Iterator[Fair]:
    with copied(fair_template, tmp_path) as session:
        yield Fair(session, open_market(session, "fair"))
