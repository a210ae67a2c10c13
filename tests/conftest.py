"""Fixtures that every folder of tests uses."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.evm import Evm

SNAPSHOTS = Path(__file__).parent / "gas" / "snapshots.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-gas", action="store_true", help="write tests/gas/snapshots.json anew")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With DILN_REQUIRE_ALL set, a test that was skipped because something is not installed is a failure."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("DILN_REQUIRE_ALL") or reporter is None:
        return
    missing = [report for report in reporter.stats.get("skipped", ()) if "needs " in str(report.longrepr)]
    if missing and session.exitstatus == 0:
        reporter.write_line(
            f"{len(missing)} tests lack what they need: a failure, since all is required", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
