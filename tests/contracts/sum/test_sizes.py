"""EIP-170: every composition can be deployed."""

import pytest

from orchestrator.chain.compiler import ARTIFACTS
from tests.evm import artifact

PARTS = ("Stake", "Game", "Market", "Measurer")
COMPOSITIONS = sorted(path.stem for path in ARTIFACTS.glob("*.json") if path.stem.endswith(PARTS))


@pytest.mark.parametrize("name", [*COMPOSITIONS, "SumFactory"])
def test_size__below_the_limit(name: str) -> None:
    assert len(artifact(name)["deployedBytecode"]) // 2 - 1 < 24_576
