"""What the tests of the workflows and of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.bindings.registry import VersionPublished
from orchestrator.provenance import Version
from tests.unit.pipeline.desk import Desk, copy, open_desk, set_up


@pytest.fixture(scope="session")
def desk_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run and a migrated chain, to be copied."""
    folder = tmp_path_factory.mktemp("desk") / "template"
    set_up(folder)
    return folder


@pytest.fixture(scope="session")
def published_template(desk_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after `diln publish`, with a row to predict."""
    folder = copy(desk_template, tmp_path_factory.mktemp("desk") / "published")
    desk = open_desk(folder)
    with desk.session:
        desk.publish()
    (folder / "row.csv").write_text("length,width,spots,kind\n1.0,5.0,2,lily\n")
    return folder


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A copy to work at; for tests that also use `published`, of the folder in which the run is published."""
    published = "published" in request.fixturenames
    template = request.getfixturevalue("published_template" if published else "desk_template")
    desk = open_desk(copy(template, tmp_path / "desk"))
    with desk.session:
        yield desk


@pytest.fixture
def published(desk: Desk) -> Version:
    """The run's version, published before the test began."""
    [event] = desk.session.registry.contract.events(VersionPublished)
    version = desk.session.registry.version(event.project_id, event.artifact_hash)
    assert version
    return version
