"""
Nodes that are not as Ethereum's own
├── chains of known signers: long extra data
├── no base fee: one price of gas, raised alike, found again in the journal
├── methods and tags that are missing: priority fee, finalized, pending, client version
└── rules from before Shanghai: named before anything is paid
"""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.chain import Account, Chain, delivery, migrate, speed_up
from orchestrator.chain.deterministic import PROXY
from orchestrator.chain.outbox import Fees, Signed
from orchestrator.chain.pricing import fees_now, signed_by
from orchestrator.config import Settings
from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.types import Wei
from tests.unit.chain.faults import SEND, Line, chain_behind, refusal, signers_chain
from tests.unit.chain.probe import deploy_probe

Fault = Callable[[Any, str, Any], Any]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture(autouse=True)
def own_key(alice: Account) -> None:
    """On such a chain nobody sends with a key that all know."""
    alice.known_to_all = False


def test_head__long_extra_data__is_read(remote: Chain, line: Line) -> None:
    line.fault = signers_chain
    assert remote.head().number == 0
    assert len(remote.genesis_hash) == 66
    assert remote.time_of(0) > 0


@pytest.mark.parametrize("nonsense", ["0xzz", "lots", 7, []])
def test_head__extra_data_is_none__the_node_makes_no_sense(remote: Chain, line: Line, nonsense: Any) -> None:
    def fault(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        answer["result"] = {**answer["result"], "extraData": nonsense}
        return answer

    line.fault = fault
    with pytest.raises(NodeUnavailable, match="makes no sense"):
        remote.head()


def test_send__chain_of_known_signers__one_price_is_paid(
    remote: Chain, line: Line, alice: Account, bob: Account
) -> None:
    line.fault = signers_chain
    probe = deploy_probe(remote, alice)
    before = remote.balance(alice.address)
    receipt = remote.send(probe.functions.set(5), alice, value=3, once="five")
    assert remote.send(probe.functions.set(5), alice, value=3, once="five") == receipt
    assert remote.call(probe.functions.value()) == 5
    assert remote.balance(alice.address) == before - receipt.fee - 3
    assert receipt.fee > 0
    transaction: Any = remote.transaction(receipt.tx_hash)
    assert transaction["type"] == 0
    assert receipt.fee == receipt.gas_used * transaction["gasPrice"]
    assert [event["args"]["value"] for event in remote.events(probe.events.ValueSet)] == [5]
    planned = remote.send(probe.functions.set(6), alice, dry_run=True)
    assert planned.fee == planned.gas_used * fees_now(remote).most


def test_migrate__chain_of_known_signers__stands(
    remote: Chain, line: Line, settings: Settings, alice: Account
) -> None:
    line.fault = signers_chain
    (registry,) = migrate(settings, remote, alice, ["registry"])
    assert remote.code(registry.address)


def test_speed_up__chain_without_base_fee__offers_an_eighth_more(
    remote: Chain, line: Line, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.fault = signers_chain
    probe = deploy_probe(remote, alice)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.1)
    swallowed: list[bytes] = []

    def swallow(ask: Any, method: str, params: Any) -> Any:
        if method == SEND and not swallowed:
            swallowed.append(bytes.fromhex(params[0][2:]))
            return {"jsonrpc": "2.0", "id": 0, "result": Signed(swallowed[0]).hash}
        return signers_chain(ask, method, params)

    line.fault = swallow
    with pytest.raises(ChainError, match="was sent, but is not mined"):
        remote.send(probe.functions.set(1), alice)
    speed_up(remote, alice)
    assert remote.call(probe.functions.round()) == 1
    mined: Any = remote.web3.eth.get_block("latest", True)["transactions"][0]
    offered = Signed(swallowed[0]).fees
    assert offered.priority is None
    assert mined["gasPrice"] == max(-(-offered.most * 9 // 8), fees_now(remote).most)


@pytest.mark.parametrize("fees", [Fees(Wei(7), None), Fees(Wei(7), Wei(2)), Fees(Wei(0), None)])
def test_signed__either_form__says_what_was_signed(
    chain: Chain, alice: Account, bob: Account, fees: Fees
) -> None:
    call = {"chainId": chain.chain_id, "gas": 50_000, "to": bob.address, "value": 9, "data": "0x0102"}
    signed = signed_by(alice, call, 300, fees)
    assert (signed.call, signed.fees, signed.nonce) == (call, fees, 300)
    creation = {**call, "to": ""}
    assert signed_by(alice, {k: v for k, v in creation.items() if v}, 0, fees).call.keys() == call.keys() - {
        "to"
    }
    nothing = {**call, "to": alice.address, "value": 0, "data": "0x"}
    assert signed_by(alice, nothing, 1, fees).cancels(alice.address)


def test_fees__no_priority_fee_method__follow_the_price_of_gas(remote: Chain, line: Line) -> None:
    base = int(remote.web3.eth.get_block("latest")["baseFeePerGas"])

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_maxPriorityFeePerGas":
            return refusal("Method not found", -32601)
        found = {"jsonrpc": "2.0", "id": 0, "result": hex(base + 5)}
        return found if method == "eth_gasPrice" else ask(method, params)

    line.fault = fault
    assert fees_now(remote) == Fees(Wei(2 * base + 5), Wei(5))


def test_fees__price_of_gas_says_no_more_than_the_base_fee__a_tenth_of_it(remote: Chain, line: Line) -> None:
    base = int(remote.web3.eth.get_block("latest")["baseFeePerGas"])

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_maxPriorityFeePerGas":
            return refusal("unsupported")
        return (
            {"jsonrpc": "2.0", "id": 0, "result": hex(base)}
            if method == "eth_gasPrice"
            else ask(method, params)
        )

    line.fault = fault
    assert fees_now(remote) == Fees(Wei(2 * base + base // 10), Wei(base // 10))


def test_development__client_says_nothing__is_a_real_chain(remote: Chain, line: Line) -> None:
    line.fault = lambda ask, method, params: (
        refusal("method not allowed", -32601) if method == "web3_clientVersion" else ask(method, params)
    )
    assert not remote.development


def before_shanghai(ask: Any, method: str, params: Any) -> Any:
    """Code that begins with PUSH0 is refused, in any of the ways that nodes have for it."""
    if method in ("eth_call", "eth_estimateGas"):
        to, data = params[0].get("to"), str(params[0].get("data"))
        if to is None and data.startswith("0x5f"):
            return refusal("invalid opcode: PUSH0")
        if to == PROXY:
            return refusal("execution reverted", 3)
    return ask(method, params)


def test_migrate__chain_from_before_shanghai__says_so_and_pays_nothing(
    remote: Chain, line: Line, settings: Settings, alice: Account
) -> None:
    line.fault = before_shanghai
    with pytest.raises(ChainError, match="rules from before Shanghai") as caught:
        migrate(settings, remote, alice, ["registry"])
    assert "PUSH0" in caught.value.message
    assert remote.count(alice.address) == 0


def test_migrate__node_calls_nothing_without_an_address__is_tried_all_the_same(
    remote: Chain, line: Line, settings: Settings, alice: Account
) -> None:
    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_call" and not params[0].get("to"):
            return refusal("missing `to`")
        return ask(method, params)

    line.fault = fault
    assert migrate(settings, remote, alice, ["registry"])
