"""A state folder with deployed contracts, and a quick competition on the embedded chain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.competition.stage import Stage
from tests.world import copied, template

deployed = template()


@pytest.fixture
def stage(deployed: Path, tmp_path: Path) -> Iterator[Stage]:
    with copied(deployed, tmp_path) as session:
        yield Stage(session, tmp_path)
