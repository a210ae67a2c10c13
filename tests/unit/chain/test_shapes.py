"""No answer of a node is a traceback: whatever it says, a sentence of DILN comes out."""

from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, delivery
from orchestrator.chain.shapes import check_answer
from orchestrator.config import Settings
from orchestrator.errors import ChainError, NodeUnavailable
from tests.unit.chain.faults import Line, chain_behind
from tests.unit.chain.probe import deploy_probe

NONSENSE: list[Any] = [
    None,
    "lots",
    7,
    -1,
    1.5,
    True,
    "",
    "0x",
    "0xzz",
    [],
    [None],
    {},
    {"status": None},
    "0x" + "f" * 65,
]
METHODS = [
    "eth_call",
    "eth_estimateGas",
    "eth_getBalance",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getLogs",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_maxPriorityFeePerGas",
    "eth_sendRawTransaction",
    "web3_clientVersion",
]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.0001)
    monkeypatch.setattr(delivery, "RESEND", 0.01)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.6)


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture
def probe(remote: Chain, alice: Account) -> Contract:
    return deploy_probe(remote, alice)


@pytest.mark.parametrize("method", METHODS)
def test_everything__nonsense_from_the_node__is_a_chain_error_or_fine(
    remote: Chain, line: Line, alice: Account, probe: Contract, method: str
) -> None:
    done = remote.send(probe.functions.set(1), alice, once="earlier")

    def everything() -> None:
        assert Chain(remote.network, line, remote._home).development
        remote.balance(alice.address)
        remote.code(probe.address)
        remote.count(alice.address)
        remote.transaction(done.tx_hash)
        remote.receipt(done.tx_hash)
        list(remote.events(probe.events.ValueSet))
        remote.call(probe.functions.value())
        remote.send(probe.functions.set(2), alice, once="later")

    refused = 0
    for said in NONSENSE:
        line.fault = lambda ask, asked, params, said=said: (
            {"jsonrpc": "2.0", "id": 0, "result": said} if asked == method else ask(asked, params)
        )
        try:
            everything()
        except (ChainError, AssertionError):
            refused += 1
    assert refused >= (len(NONSENSE) - 6 if method == "web3_clientVersion" else len(NONSENSE) - 2)
    line.fault = None
    remote.send(probe.functions.set(2), alice, once="later")
    assert remote.call(probe.functions.round()) == 2


@pytest.mark.parametrize("missing", ["status", "blockNumber", "gasUsed", "logs", "transactionHash"])
def test_send__receipt_lacks_something__is_a_sentence(
    remote: Chain, line: Line, alice: Account, probe: Contract, missing: str
) -> None:
    def cut(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == "eth_getTransactionReceipt" and answer["result"]:
            answer["result"].pop(missing)
        return answer

    line.fault = cut
    with pytest.raises(NodeUnavailable, match="eth_getTransactionReceipt makes no sense"):
        remote.send(probe.functions.set(1), alice, once="pay")
    line.fault = None
    remote.send(probe.functions.set(1), alice, once="pay")
    assert remote.call(probe.functions.round()) == 1


@pytest.mark.parametrize(
    "answer", [None, [], "0x1", {}, {"error": "no"}, {"error": {"code": 3}}, {"error": None}]
)
def test_check_answer__no_answer_of_json_rpc__says_so(answer: Any) -> None:
    with pytest.raises(NodeUnavailable, match="answer to eth_chainId makes no sense"):
        check_answer("eth_chainId", answer)


def test_check_answer__escape_sequences__are_shown_escaped() -> None:
    with pytest.raises(NodeUnavailable) as caught:
        check_answer("eth_getBalance", {"result": "\x1b[2J" + "x" * 10_000})
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 200
