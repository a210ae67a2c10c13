"""A real Ganache 7.9, which users have."""

import pytest

from orchestrator.config import Settings
from tests.integration.nodes import NodeScenarios

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def node(ganache: Settings) -> Settings:
    return ganache


class TestGanache(NodeScenarios):
    pass
