"""Chromium, Node, and a world that the page is served from."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.page.world import World, in_world, settings_of
from tests.integration.served import ROOT, serving

PAGE = ROOT / "page"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
Run = Callable[..., Any]


@pytest.fixture(scope="session")
def node_installed() -> None:
    if not (shutil.which("node") and (PAGE / "node_modules" / "vite").is_dir()):
        pytest.skip("needs the page's tools: npm ci in page/")


@pytest.fixture(scope="session")
def browse(node_installed: None) -> Run:
    """Run a script of page/test/browser; what it printed, as JSON."""
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium: apt-get install chromium")

    def run(script: str, *arguments: str | Path) -> Any:
        done = subprocess.run(
            ["node", PAGE / "test" / "browser" / script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
            env={**os.environ, "CHROMIUM": CHROMIUM},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def world(browse: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with in_world(settings_of(folder / "state"), folder) as made:
        yield made


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    """Where the page of the world is."""
    with serving("page", "--home", world.settings.home) as served:
        yield served + "/"


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where screenshots go: DILN_SHOTS, or nowhere that lasts.

    With UPDATE_GOLDEN in the environment those that docs/page shows are taken again.
    """
    folder = Path(os.environ.get("DILN_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    if os.environ.get("UPDATE_GOLDEN"):
        for shown in (ROOT / "docs" / "page").glob("*.png"):
            if (folder / shown.name).exists():
                shutil.copy(folder / shown.name, shown)
