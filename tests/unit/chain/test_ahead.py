"""
Several questions in one request
├── a node that takes them: one request, each answer in its place, errors with their question
├── a node that does not: with a status, one error or one for each, no list, other numbers, fewer answers:
│   asked one by one
│   ├── it is asked for fewer at once next time, and at last for one
│   └── a limit that it said is not tried again
├── a line that fails: as ever, and no limit is learned for good
├── answers serve within the block only, and this thread only
├── nothing is sent in a batch
└── answers are bounded, and checked as others are
"""

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator.chain import Account, Accounts, Chain
from orchestrator.chain.ahead import MOST_AT_ONCE, Sizes
from orchestrator.chain.development import NAMES
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.config import Settings
from orchestrator.errors import ContractReverted, NodeUnavailable
from tests.unit.chain.probe import deploy_probe
from tests.unit.chain.wire import Refusal, Wire, over

ERROR = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batches are not supported"}}


@pytest.fixture
def people(settings: Settings) -> list[Account]:
    return [Accounts(settings).get(name) for name in NAMES]


def reached(tmp_path: Path, refuse: Refusal | None = None) -> tuple[Chain, Wire]:
    """A chain with nothing asked yet beyond what a connection asks."""
    wire = Wire(EmbeddedProvider(tmp_path / "chain.sqlite"))
    provider = over(wire)
    chain = Chain(provider._network, provider, tmp_path)
    wire.forget()
    wire.refuse = refuse
    return chain, wire


def test_connect__a_node_that_takes_several__is_asked_once(tmp_path: Path) -> None:
    wire = Wire(EmbeddedProvider(tmp_path / "chain.sqlite"))
    provider = over(wire)
    chain = Chain(provider._network, provider, tmp_path)
    assert (chain.development, len(chain.genesis_hash)) == (True, 66)
    assert wire.asked == {"batch": 1}


def test_balances__of_many__are_one_request(tmp_path: Path, people: list[Account]) -> None:
    chain, wire = reached(tmp_path)
    found = chain.balances([each.address for each in people])
    assert found == [chain.balance(each.address) for each in people]
    assert wire.asked == {"batch": 1, "eth_getBalance": len(people)}


def said_by_status(asked: list[Any]) -> tuple[int, Any]:
    return 400, b"a batch is not taken"


def said_as_json(asked: list[Any]) -> tuple[int, Any]:
    return 400, ERROR


def said_in_an_object(asked: list[Any]) -> tuple[int, Any]:
    return 200, ERROR


def said_for_each(asked: list[Any]) -> tuple[int, Any]:
    return 200, [ERROR] * len(asked)


def said_for_each_by_number(asked: list[Any]) -> tuple[int, Any]:
    return 200, [{**ERROR, "id": each["id"]} for each in asked]


def said_nothing(asked: list[Any]) -> tuple[int, Any]:
    return 200, []


def said_of_others(asked: list[Any]) -> tuple[int, Any]:
    return 200, [{"jsonrpc": "2.0", "id": 900, "result": "0x1"}]


def said_twice(asked: list[Any]) -> tuple[int, Any]:
    return 200, [{"jsonrpc": "2.0", "id": number, "result": "0x1"} for number in range(len(asked))] * 2


def said_without_sense(asked: list[Any]) -> tuple[int, Any]:
    return 200, b"[" * 100_000


REFUSALS = [
    said_by_status,
    said_as_json,
    said_in_an_object,
    said_for_each,
    said_for_each_by_number,
    said_nothing,
    said_of_others,
    said_twice,
    said_without_sense,
]


@pytest.mark.parametrize("refuse", REFUSALS)
def test_balances__a_node_that_takes_one__asks_one_by_one(
    tmp_path: Path, people: list[Account], refuse: Refusal
) -> None:
    chain, wire = reached(tmp_path, refuse)
    for _ in range(6):
        found = chain.balances([each.address for each in people[:4]])
        assert found == [10_000 * 10**18] * 4
    assert wire.asked["batch"] <= (6 if refuse is said_twice else 2)
    assert wire.asked["eth_getBalance"] == 24


def test_balances__a_node_that_takes_three__learns_it_once(tmp_path: Path, people: list[Account]) -> None:
    chain, wire = reached(tmp_path, lambda asked: (400, ERROR) if len(asked) > 3 else None)
    for _ in range(20):
        chain.balances([each.address for each in people])
    assert len([each for each in wire.batches if len(each) > 3]) <= 3
    assert max(map(len, wire.batches[-3:])) == 3


def test_balances__fewer_answers__the_others_are_asked_again(tmp_path: Path, people: list[Account]) -> None:
    limited = {"code": 429, "message": "compute units per second"}

    def some(asked: list[Any]) -> tuple[int, Any]:
        return 200, [
            {"jsonrpc": "2.0", "id": 1, "result": "0x7"},
            {"jsonrpc": "2.0", "id": 2, "error": limited},
            {"jsonrpc": "2.0", "id": "3", "result": "0x7"},
            {"jsonrpc": "2.0", "id": True, "result": "0x7"},
            "what",
        ]

    chain, wire = reached(tmp_path, some)
    found = chain.balances([each.address for each in people])
    assert found[1] == 7
    assert found.count(7) == 1
    assert wire.asked["eth_getBalance"] == len(people) - 1


@pytest.mark.parametrize("said", [{"error": {"code": -32000, "message": "no"}}, {"result": None}, {}])
def test_balances__some_without_a_result__those_are_asked_alone(
    tmp_path: Path, people: list[Account], said: dict[str, Any]
) -> None:
    def some(asked: list[Any]) -> tuple[int, Any]:
        found = [{"jsonrpc": "2.0", "id": each["id"], "result": "0x7"} for each in asked]
        return 200, [*found[:-1], {"jsonrpc": "2.0", "id": found[-1]["id"], **said}]

    chain, wire = reached(tmp_path, some)
    for _ in range(3):
        assert chain.balances([each.address for each in people[:3]]) == [7, 7, 10_000 * 10**18]
    assert wire.asked == {"batch": 3, "eth_getBalance": 3}


def test_call_many__all_fail__are_told_and_several_are_asked_at_once_again(
    tmp_path: Path, people: list[Account]
) -> None:
    chain, wire = reached(tmp_path)
    probe = deploy_probe(chain, people[0])
    wire.forget()
    for _ in range(3):
        with pytest.raises(ContractReverted, match="not allowed"):
            chain.call_many([probe.functions.refuse(1), probe.functions.refuse(2)])
    assert wire.asked["batch"] == 3


def test_ahead__an_answer_of_another_shape__makes_no_sense(tmp_path: Path, people: list[Account]) -> None:
    def nonsense(asked: list[Any]) -> tuple[int, Any]:
        return 200, [{"jsonrpc": "2.0", "id": each["id"], "result": {"a": [1]}} for each in asked]

    chain, _ = reached(tmp_path, nonsense)
    with pytest.raises(NodeUnavailable, match="makes no sense"):
        chain.balances([each.address for each in people])


def test_ahead__an_answer_without_end__is_asked_one_by_one(
    tmp_path: Path, people: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, wire = reached(tmp_path)
    monkeypatch.setattr("orchestrator.chain.transport.LARGEST_ANSWER", 300)
    chain.balances([each.address for each in people])
    assert wire.asked["eth_getBalance"] == len(people)


def test_ahead__nobody_there__is_told_at_once(tmp_path: Path) -> None:
    wire = Wire(EmbeddedProvider(tmp_path / "chain.sqlite"), lambda _: requests.ConnectionError("no"))
    provider = over(wire)
    with pytest.raises(NodeUnavailable, match="cannot be reached"):
        Chain(provider._network, provider, tmp_path)
    assert wire.asked.total() == 1


def test_ahead__the_line_fails_for_a_while__batches_come_back(tmp_path: Path, people: list[Account]) -> None:
    faults = [requests.Timeout(), requests.ConnectionError(), requests.Timeout()]
    addresses = [each.address for each in people[:4]]
    chain, wire = reached(tmp_path)
    wire.refuse = lambda _: faults.pop() if faults else None
    for _ in range(3):
        chain.balances(addresses)
    assert faults
    faults.clear()
    for _ in range(20):
        chain.balances(addresses)
    wire.forget()
    chain.balances([each.address for each in people])
    assert len(wire.batches) <= 4


def test_ahead__outside_of_its_block__answers_nothing(tmp_path: Path, people: list[Account]) -> None:
    chain, wire = reached(tmp_path)
    one, other = people[0].address, people[1].address
    found: list[int] = []
    with chain.ahead(partial(chain.balance, one), partial(chain.balance, other)) as complete:
        assert complete
        chain.balance(one)
        chain.balance(one)
        assert wire.asked == {"batch": 1}
        thread = threading.Thread(target=lambda: found.append(chain.balance(one)))
        thread.start()
        thread.join()
        assert wire.asked == {"batch": 1, "eth_getBalance": 1}
    chain.balance(one)
    assert wire.asked == {"batch": 1, "eth_getBalance": 2}


def test_ahead__what_asks_nothing_or_fails__is_left_out(tmp_path: Path, people: list[Account]) -> None:
    chain, wire = reached(tmp_path)
    asks = partial(chain.balance, people[0].address), partial(chain.balance, people[1].address)
    with chain.ahead(*asks, lambda: None, lambda: 1 // 0) as complete:
        assert not complete
        [each() for each in asks]
    assert wire.asked == {"batch": 1}


def test_send__over_a_batch__sends_alone(tmp_path: Path, people: list[Account]) -> None:
    from orchestrator.chain.deterministic import RawCall

    chain, wire = reached(tmp_path)
    chain.send(RawCall(people[1].address), people[0], value=5)  # type: ignore[arg-type]
    assert all("eth_sendRawTransaction" not in each for each in wire.batches)
    assert wire.asked["eth_sendRawTransaction"] == 1
    assert wire.asked["batch"] == 1


def test_sizes__refused_and_lost__find_what_is_taken() -> None:
    sizes = Sizes()
    sizes.failed(40, refused=False)
    assert sizes.most == 20
    for _ in range(100):
        sizes.answered()
    assert sizes.most == MOST_AT_ONCE
    sizes.failed(50, refused=True)
    for _ in range(100):
        sizes.answered()
    assert sizes.most == 49
    for asked in (25, 12, 6, 3):
        sizes.failed(asked, refused=True)
    for _ in range(5):
        sizes.answered()
    assert sizes.most == 2
    sizes.failed(2, refused=True)
    sizes.answered()
    assert sizes.most == 1
