"""
Topics of many logs are kept in the state folder, and only newer blocks are asked for
├── kept: the second reading begins behind them, and says the same
├── few: nothing is kept
├── damaged, or of a block that the chain does not have: all is read again
└── a look at a block before the last that is kept: all is read again
"""

from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, events

MANY = 4


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WORTH_KEEPING", MANY)


@pytest.fixture
def asked(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From which blocks on logs are asked for."""
    found: list[int] = []
    real = chain.web3.eth.get_logs

    def get_logs(wanted: Any) -> Any:
        found.append(int(str(wanted["fromBlock"]), 0))
        return real(wanted)

    monkeypatch.setattr(chain.web3.eth, "get_logs", get_logs)
    return found


def grow(chain: Chain, probe: Contract, alice: Account, count: int) -> None:
    for value in range(count):
        chain.send(probe.functions.set(value), alice)


def topics(chain: Chain, probe: Contract, **blocks: int) -> list[tuple[bytes, ...]]:
    found = chain.topics(probe.events.ValueSet(), **blocks)
    logs = chain.logs(probe.events.ValueSet(), **blocks)
    assert found == [tuple(map(bytes, log["topics"])) for log in logs]
    return found


def kept(chain: Chain) -> list[Path]:
    return list(chain._reader._folder.glob("*.topics"))


def test_topics__many__asks_for_new_blocks_only(
    chain: Chain, probe: Contract, alice: Account, asked: list[int]
) -> None:
    grow(chain, probe, alice, MANY)
    topics(chain, probe)
    last = chain.head().number
    grow(chain, probe, alice, 1)
    asked.clear()
    assert len(topics(chain, probe)) == MANY + 1
    assert asked[0] == last + 1


def test_topics__few__are_not_kept(chain: Chain, probe: Contract, alice: Account) -> None:
    grow(chain, probe, alice, MANY - 1)
    topics(chain, probe)
    assert not kept(chain)


@pytest.mark.parametrize("rest", [b"", b"{}\n", b"[]", b'{"first": 0}\nx', b"\xff"])
def test_topics__damaged__are_read_again(chain: Chain, probe: Contract, alice: Account, rest: bytes) -> None:
    grow(chain, probe, alice, MANY)
    topics(chain, probe)
    [file] = kept(chain)
    file.write_bytes(rest)
    assert len(topics(chain, probe)) == MANY
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert len(topics(chain, probe)) == MANY


def test_topics__block_that_was_dropped__are_read_again(
    chain: Chain, probe: Contract, alice: Account, asked: list[int]
) -> None:
    grow(chain, probe, alice, MANY)
    topics(chain, probe)
    [file] = kept(chain)
    file.write_bytes(
        file.read_bytes().replace(chain.block_hash(chain.head().number).hex().encode(), b"0" * 64)
    )
    asked.clear()
    assert len(topics(chain, probe)) == MANY
    assert asked[0] == 0


def test_topics__earlier_look__shows_no_later_logs(chain: Chain, probe: Contract, alice: Account) -> None:
    grow(chain, probe, alice, MANY)
    topics(chain, probe)
    assert len(topics(chain, probe, to_block=chain.head().number - 1)) == MANY - 1
