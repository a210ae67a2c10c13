"""A competition on a real Ganache, whose rules are those of Shanghai."""

import pytest

from orchestrator.config import Settings
from tests.integration.competing import CompetitionScenarios

pytestmark = pytest.mark.integration


@pytest.fixture
def node(ganache: Settings) -> Settings:
    return ganache


class TestGanache(CompetitionScenarios):
    test_competition__optimistic_and_a_cheat__the_cheat_is_refuted = (
        None  # Ganache takes long; once is enough
    )
