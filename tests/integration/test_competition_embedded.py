"""A competition on the embedded chain: needs nothing but Python."""

from pathlib import Path

import pytest

from orchestrator.config import Settings, load_settings
from tests.integration.competing import CompetitionScenarios


@pytest.fixture
def node(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", environ={})


class TestEmbedded(CompetitionScenarios):
    pass
