"""A working folder on an embedded chain that has the factory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.kernel.session import Session
from tests.world import copied, template

migrated = template("federation")


@pytest.fixture
def session(migrated: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(migrated, tmp_path) as opened:
        yield opened
