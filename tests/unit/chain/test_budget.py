"""
What may be spent, where the node is not believed
├── a node that says a transaction did cost nothing: what it can cost stays counted
└── a rollup that takes a fee for data: counted before it is signed, and by the receipt if that is more
"""

from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain
from orchestrator.chain.budget import Budget, spending
from orchestrator.config import Settings
from orchestrator.errors import OverBudget
from orchestrator.types import ZERO_ADDRESS
from tests.unit.chain.faults import SEND, Line, chain_behind
from tests.unit.chain.probe import deploy_probe

ETHER = 10**18
ORACLE = "0x420000000000000000000000000000000000000F"


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture
def probe(remote: Chain, alice: Account) -> Contract:
    return deploy_probe(remote, alice)


def test_send__node_says_that_it_did_cost_nothing__it_stays_counted(
    remote: Chain, line: Line, alice: Account, probe: Contract
) -> None:
    def lie(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == "eth_getTransactionReceipt" and answer["result"]:
            answer["result"] = {**answer["result"], "effectiveGasPrice": "0x0", "gasUsed": "0x0"}
        return answer

    line.fault = lie
    before = remote.balance(alice.address)
    with spending(Budget({ZERO_ADDRESS: ETHER})) as budget:
        for value in (1, 2):
            remote.send(probe.functions.set(value), alice, value=9)
        assert ETHER - budget.left() >= before - remote.balance(alice.address) > 18


def rollup(asked: int, taken: int) -> Any:
    """A chain whose oracle says `asked` for a transaction's data, and which takes `taken`."""

    def answered(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getCode" and params[0] == ORACLE:
            return {"jsonrpc": "2.0", "id": 0, "result": "0x60"}
        if method == "eth_call" and params[0]["to"] == ORACLE:
            return {"jsonrpc": "2.0", "id": 0, "result": f"0x{asked:064x}"}
        answer = ask(method, params)
        if method == "eth_getTransactionReceipt" and answer["result"]:
            answer["result"] = {**answer["result"], "l1Fee": hex(taken)}
        return answer

    return answered


def test_send__rollup__its_fee_for_data_is_counted_before(
    remote: Chain, line: Line, alice: Account, probe: Contract
) -> None:
    line.fault = rollup(ETHER, ETHER)
    line.asked.clear()
    with spending(Budget({ZERO_ADDRESS: 2 * ETHER})), pytest.raises(OverBudget):
        remote.send(probe.functions.set(1), alice)
    assert SEND not in line.asked
    with spending(Budget({ZERO_ADDRESS: 3 * ETHER})) as budget:
        receipt = remote.send(probe.functions.set(1), alice)
        assert budget.left() < ETHER < receipt.fee
    line.fault = rollup(0, 5 * ETHER)
    with spending(Budget({ZERO_ADDRESS: ETHER})) as budget:
        remote.send(probe.functions.set(2), alice)
        assert budget.left() < -4 * ETHER
        with pytest.raises(OverBudget):
            remote.send(probe.functions.set(3), alice)
