"""A competition on a real Anvil."""

import pytest

from orchestrator.config import Settings
from tests.integration.competing import CompetitionScenarios

pytestmark = pytest.mark.integration


@pytest.fixture
def node(anvil: Settings) -> Settings:
    return anvil


class TestAnvil(CompetitionScenarios):
    pass
