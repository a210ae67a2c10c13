"""How often a node is asked: on a live one, each request is a round trip."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

import diln
from orchestrator.chain import Account, Chain
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.errors import ChainError, UsageError
from tests.unit.chain.wire import Wire

MOST_TO_PUBLISH = 20
MOST_TO_LOG = 8
MOST_TO_EXAMINE = 4


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


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """All HTTP of this process ends at a node that takes several questions at once."""
    made = Wire(EmbeddedProvider(tmp_path / "node.sqlite"))
    monkeypatch.setattr(HTTPAdapter, "send", lambda _, request, **options: made.send(request, **options))
    return made


def test_commands__of_a_project__ask_for_nothing_twice(tmp_path: Path, asked: Counter[str]) -> None:
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
    assert asked.total() <= MOST_TO_LOG, asked
    others = [asked[each] for each in asked if each != "eth_call"]
    assert max(others) == 2, asked  # the first block, and the latest


def test_publish__the_first_time_with_its_project__takes_few_requests(tmp_path: Path, wire: Wire) -> None:
    (tmp_path / "0.bin").write_bytes(b"0")
    with diln.open(tmp_path, network="development") as session:
        session.migrate()
    wire.forget()
    with diln.open(tmp_path, network="development") as session:
        session.publish("0.bin", name="thing")
    assert wire.methods["eth_sendRawTransaction"] == 2  # the project, and the version
    assert wire.asked.total() <= MOST_TO_PUBLISH, wire.asked
    wire.forget()
    with diln.open(tmp_path, network="development") as session:
        session.run("log", project="thing")
    assert wire.asked.total() <= MOST_TO_LOG - 2, wire.asked
    wire.forget()
    with diln.open(tmp_path, network="development") as session:
        session.run("doctor")
    assert wire.asked.total() <= MOST_TO_EXAMINE, wire.asked


def test_session__used_after_it_was_closed__says_so(tmp_path: Path) -> None:
    with diln.open(tmp_path) as session:
        session.run("chain show")
        chain = session.kernel.chain
    for command in ("chain show", "project list", "runs list"):
        with pytest.raises(UsageError, match="this session is closed"):
            session.run(command)
    with pytest.raises(ChainError, match="is closed"):
        chain.head()
    session.close()


def test_publish__a_node_that_takes_one_question__works(tmp_path: Path, wire: Wire) -> None:
    wire.refuse = lambda _: (400, b"one at a time")
    (tmp_path / "0.bin").write_bytes(b"0")
    with diln.open(tmp_path, network="development") as session:
        session.migrate()
    wire.forget()
    with diln.open(tmp_path, network="development") as session:
        session.publish("0.bin", name="thing")
        verdict = session.verify("0.bin")
    assert verdict
    assert wire.asked["batch"] <= 3  # of three, then of five; later none is tried


def test_look__the_same_read_twice__is_asked_once(asked: Counter[str], chain: Chain, alice: Account) -> None:
    def read() -> tuple[int, int, int]:
        return chain.balance(alice.address), chain.balance(alice.address), chain.count(alice.address)

    chain.look(read)
    assert asked["eth_getBalance"] == 1
    chain.look(read)
    assert asked["eth_getBalance"] == 2
    read()
    assert asked["eth_getBalance"] == 4
