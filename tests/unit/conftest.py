"""What the tests of the workflows and of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.pipeline.desk import Desk, copy, open_desk, set_up


@pytest.fixture(scope="session")
def desk_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run and a migrated chain, to be copied."""
    folder = tmp_path_factory.mktemp("desk") / "template"
    set_up(folder)
    return folder


@pytest.fixture
def desk(desk_template: Path, tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(copy(desk_template, tmp_path / "desk"))
    with desk.workspace:
        yield desk
