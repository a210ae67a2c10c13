"""How often a node is asked: on a live one, each request is a round trip."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import diln
from orchestrator.chain.embedded import EmbeddedProvider

MOST_TO_PUBLISH = 20


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests there were of each method."""
    found: Counter[str] = Counter()
    answer = EmbeddedProvider.make_request

    def counted(self: EmbeddedProvider, method: Any, params: Any) -> Any:
        found[method] += 1
        return answer(self, method, params)

    monkeypatch.setattr(EmbeddedProvider, "make_request", counted)
    return found


def test_commands__of_a_project__ask_for_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Counter[str]
) -> None:
    for name in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    with diln.open(tmp_path) as session:
        session.migrate()
        for number in range(2):
            (tmp_path / f"{number}.bin").write_bytes(bytes([number]))
        session.publish("0.bin", name="thing")
    asked.clear()
    with diln.open(tmp_path) as session:
        session.publish("1.bin", name="thing")
    assert asked.total() <= MOST_TO_PUBLISH, asked
    assert asked["eth_chainId"] == asked["web3_clientVersion"] == asked["eth_sendRawTransaction"] == 1
    asked.clear()
    with diln.open(tmp_path) as session:
        session.run("log", project="thing")
    assert asked.total() <= 8, asked
    assert max(asked[each] for each in asked if each != "eth_call") == 2, (
        asked
    )  # the first block, and the latest
