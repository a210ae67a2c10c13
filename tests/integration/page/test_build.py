"""The committed page is what its sources build to, small, and free of what it must not hold."""

import gzip
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.page.app import STATIC
from tests.integration.page.conftest import PAGE
from tests.integration.served import ROOT

pytestmark = pytest.mark.integration

FIRST_USE, A_VIEW, ON_DISK = 60_000, 8_000, 400_000
LINES_OF_A_VIEW = 400


def npm(*arguments: str) -> None:
    done = subprocess.run(
        ["npx", "--no-install", *arguments],
        cwd=PAGE,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def zipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def test_build__from_its_sources__is_byte_for_byte_what_is_committed(
    node_installed: None, tmp_path: Path
) -> None:
    npm("vite", "build", "--outDir", str(tmp_path / "built"), "--logLevel", "warn")
    assert files(tmp_path / "built") == files(STATIC)


def test_types__of_all_sources__are_right(node_installed: None) -> None:
    npm("tsc", "--noEmit")


def test_units__in_node__pass(node_installed: None) -> None:
    npm("vite", "build", "--config", "vite.test.mjs", "--logLevel", "warn")
    done = subprocess.run(
        ["node", "--test", ".build/"],
        cwd=PAGE,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[0]) >= 12


def test_generated__from_the_package__is_what_is_committed(solc_installed: None, tmp_path: Path) -> None:
    subprocess.run([sys.executable, PAGE / "generate.py", tmp_path], check=True, cwd=ROOT)
    assert files(tmp_path) == files(PAGE / "src" / "generated")


def test_sizes__before_first_use_and_of_each_view__are_within_the_budget() -> None:
    assets = {path.name: path for path in (STATIC / "assets").glob("*.js")}
    views = {name: zipped(path) for name, path in assets.items() if name.startswith("view-")}
    first = reached("index.html", assets) | reached(named("view-verify-", assets), assets)
    assert sum(zipped(assets[name]) for name in first) <= FIRST_USE
    assert {name: size for name, size in views.items() if size > A_VIEW} == {}
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) <= ON_DISK


def named(start: str, assets: dict[str, Path]) -> str:
    [found] = [name for name in assets if name.startswith(start)]
    return found


def reached(start: str, assets: dict[str, Path]) -> set[str]:
    """The scripts that load at once: `start`, or those that it names as a page, and what they import."""
    page = start.endswith(".html")
    wanted = set(re.findall(r"assets/([\w-]+\.js)", (STATIC / start).read_text())) if page else {start}
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        found.add(name)
        imported = re.findall(r'from"\./([\w-]+\.js)"|import"\./([\w-]+\.js)"', assets[name].read_text())
        wanted |= {one or other for one, other in imported} - found
    return found


def test_views__each_folder__is_short() -> None:
    for folder in (PAGE / "src" / "views").iterdir():
        if folder.is_dir():
            assert sum(len(file.read_text().splitlines()) for file in folder.iterdir()) <= LINES_OF_A_VIEW


def test_views__none__knows_another() -> None:
    for file in (PAGE / "src" / "views").rglob("*.ts*"):
        assert not re.search(r'from "\.\./(?!\.\./)', file.read_text()), file


def test_bundle__holds_no_address_that_it_could_ask() -> None:
    """Whatever a script could ask by itself stands in a call of fetch, import or Worker, and is relative."""
    for path in (STATIC / "assets").glob("*.js"):
        text = path.read_text()
        assert not re.search(
            r"(fetch|import|Worker|WebSocket|EventSource|sendBeacon)\(\s*[\"'`]https?:", text
        )
        assert "eval(" not in text


def test_sources__write_no_html_and_keep_no_key() -> None:
    for file in (PAGE / "src").rglob("*.ts*"):
        assert not re.search(
            r"innerHTML|InnerHTML|document\.write|eth_sign\"|personal_sign", file.read_text()
        )


def test_notices__of_all_that_is_bundled__are_there() -> None:
    text = (STATIC / "licenses.md").read_text()
    for name in ("preact", "viem", "hash-wasm", "@preact/signals"):
        assert name in text


def test_lock__names_no_registry() -> None:
    assert '"resolved"' not in (PAGE / "package-lock.json").read_text()
