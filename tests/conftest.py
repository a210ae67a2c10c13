"""Fixtures that every folder of tests uses."""

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import solcx
from filelock import FileLock
from hypothesis import settings

from orchestrator.chain.compiler import solc_binary
from orchestrator.cli import dispatch
from orchestrator.config import load_settings
from orchestrator.console import printing, results
from tests import schemas
from tests.evm import Evm

SNAPSHOTS = Path(__file__).parent / "gas" / "snapshots.json"
LONG = Path(__file__).parent / "long.txt"
ROOT = Path(__file__).parents[1]
COMPILER = load_settings(folder=ROOT, environ={}).compiler

# No test is wrong for being slow: whatever else the machine does would decide.
settings.register_profile("patient", settings(), deadline=None, print_blob=True)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-gas", action="store_true", help="write tests/gas/snapshots.json again")
    parser.addoption("--update-long", type=float, metavar="SECONDS", help="write tests/long.txt again")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what took long, if asked. With DILN_REQUIRE_ALL set, a test without what it needs is a failure."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and (least := session.config.getoption("--update-long")):
        every = [each for each in chain(*reporter.stats.values()) if isinstance(each, pytest.TestReport)]
        long = {each.nodeid for each in every if each.when == "call" and each.duration > least}
        LONG.write_text("".join(f"{name}\n" for name in sorted(long)), encoding="utf-8")
    if not os.environ.get("DILN_REQUIRE_ALL") or reporter is None:
        return
    missing = [report for report in reporter.stats.get("skipped", ()) if "needs " in str(report.longrepr)]
    if missing and session.exitstatus == 0:
        reporter.write_line(
            f"{len(missing)} tests do not have what they need: a failure, since all is required", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what long.txt names. Begin with the files that take long: no core waits for one at the end."""
    named = set(LONG.read_text(encoding="utf-8").splitlines())
    for item in items:
        if item.nodeid in named:
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay to the end: no collection of garbage looks at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def solc_installed() -> None:
    """A compiler that is here; tests download none."""
    installed = COMPILER.version in map(str, solcx.get_installed_solc_versions())
    npm = (ROOT / "node_modules" / "solc").is_dir() and shutil.which("node")
    if not (installed or npm):
        pytest.skip(f"needs solc {COMPILER.version}: npm ci")
    if not (ROOT / "node_modules" / "@openzeppelin").is_dir():
        pytest.skip("needs OpenZeppelin's contracts: npm ci")
    if not installed:  # npm's is wrapped once for all, where py-solc-x looks
        with FileLock(Path(tempfile.gettempdir()) / "diln-tests-solc.lock"):
            solc_binary(ROOT, COMPILER.version)


@pytest.fixture(scope="session", autouse=True)
def held_against_schemas() -> Iterator[None]:
    """Whatever a command prints for machines in this process is compared with its schema."""
    running: ContextVar[str | None] = ContextVar("running", default=None)
    run, whole, line = dispatch._run, results.print_json, results.print_line

    def observed(arguments: Sequence[str]) -> int:
        running.set(schemas.command_of(list(arguments)))
        try:
            return run(arguments)
        finally:
            running.set(None)

    def checked(print_: Callable[[Any], None]) -> Callable[[Any], None]:
        def check(value: Any) -> None:
            if command := running.get():
                schemas.check(command, json.loads(printing.printed(value)))
            print_(value)

        return check

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "_run", observed)
        patch.setattr(results, "print_json", checked(whole))
        patch.setattr(results, "print_line", checked(line))
        yield


@pytest.fixture
def evm() -> Evm:
    return Evm()


@pytest.fixture
def gas_snapshot(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compare `gas` with the committed snapshot of `key`, and with what it may cost at most.

    `bound` is the least that the operation can cost (base transaction, calldata, cold slots, signature
    recoveries); the snapshot keeps it beside the figure, with the ratio of the two.
    """

    def check(key: str, gas: int, *, at_most: int | None = None, bound: int | None = None) -> None:
        entry: dict[str, float] = {"gas": gas}
        if at_most is not None:
            entry["at most"] = at_most
        if bound is not None:
            entry |= {"bound": bound, "ratio": round(gas / bound, 2)}
        if request.config.getoption("--update-gas"):
            with FileLock(SNAPSHOTS.with_suffix(".lock")):
                snapshots = json.loads(SNAPSHOTS.read_text()) if SNAPSHOTS.is_file() else {}
                snapshots[key] = entry
                SNAPSHOTS.write_text(json.dumps(dict(sorted(snapshots.items())), indent=2) + "\n")
        assert json.loads(SNAPSHOTS.read_text())[key] == entry, "gas drifted: look why, then --update-gas"
        if at_most is not None:
            assert gas <= at_most

    return check
