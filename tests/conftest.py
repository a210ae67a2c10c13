"""Fixtures that every folder of tests uses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.evm import Evm

SNAPSHOTS = Path(__file__).parent / "gas" / "snapshots.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-gas", action="store_true", help="write tests/gas/snapshots.json anew")


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
