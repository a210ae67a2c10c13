"""
Chain.send
├── simulated first: a refusal is a sentence with values, and nothing is sent
├── money: InsufficientFunds before anything is sent; EIP-1559 fees
├── dry run: estimated, nothing sent
├── nonces: safe over threads and processes, and beside other programs
├── lost answers: the same bytes again, and only if the chain does not know them
├── confirmations: waited for
└── failure after all: ContractReverted with the reason
"""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, delivery, pricing
from orchestrator.chain.development import ADDRESSES
from orchestrator.config import Settings
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    NodeUnavailable,
    NotDeployed,
)
from orchestrator.text import coins
from tests.unit.chain.faults import Line, chain_behind, refusal
from tests.unit.chain.probe import bind_probe, deploy_probe

SEND = "eth_sendRawTransaction"


def test_send__a_call__is_mined(chain: Chain, alice: Account, probe: Contract) -> None:
    before = chain.balance(alice.address)
    receipt = chain.send(probe.functions.set(5), alice, value=7)
    assert chain.call(probe.functions.value()) == 5
    assert chain.balance(probe.address) == 7
    assert chain.balance(alice.address) == before - receipt.fee - 7
    assert receipt.block_number == chain.head().number
    assert receipt.contract_address is None
    (event,) = probe.events.ValueSet().process_receipt({"logs": receipt.logs})
    assert event["args"] == {"by": alice.address, "round": 1, "value": 5}


def test_send__its_transaction__is_eip_1559(chain: Chain, alice: Account, probe: Contract) -> None:
    receipt = chain.send(probe.functions.set(5), alice)
    transaction: Any = chain.web3.eth.get_transaction(receipt.tx_hash)  # type: ignore[arg-type]
    assert transaction["type"] == 2
    assert transaction["maxPriorityFeePerGas"] == 10**9
    assert transaction["maxFeePerGas"] > 2 * transaction["maxPriorityFeePerGas"]
    assert receipt.gas_used < transaction["gas"] < 2 * receipt.gas_used


def test_send__more_gas_than_a_margin_may_add__stays_below_the_cap(
    chain: Chain, alice: Account, probe: Contract
) -> None:
    receipt = chain.send(probe.functions.fill(725), alice)
    transaction: Any = chain.web3.eth.get_transaction(receipt.tx_hash)  # type: ignore[arg-type]
    assert transaction["gas"] <= 2**24


@pytest.mark.parametrize("gas", [None, 200_000])
def test_send__refused__says_why_and_sends_nothing(
    chain: Chain, alice: Account, probe: Contract, gas: int | None
) -> None:
    before = chain.head().number
    with pytest.raises(ContractReverted) as caught:
        chain.send(probe.functions.refuse(3), alice, gas=gas)
    assert caught.value.error == "NotAllowed"
    assert caught.value.values == {"who": alice.address, "limit": 3}
    assert caught.value.message == f"the contract refused: not allowed (who {alice.address}, limit 3)"
    assert chain.head().number == before


def test_send__to_where_no_contract_is__not_deployed(chain: Chain, alice: Account, bob: Account) -> None:
    with pytest.raises(NotDeployed, match="no contract at"):
        chain.send(bind_probe(chain, bob.address).functions.set(1), alice)


def test_call__where_no_contract_is__not_deployed(chain: Chain, bob: Account) -> None:
    with pytest.raises(NotDeployed):
        chain.call(bind_probe(chain, bob.address).functions.value())


def test_call__refused__says_why(chain: Chain, alice: Account, probe: Contract) -> None:
    with pytest.raises(ContractReverted, match="a division by zero"):
        chain.call(probe.functions.divide(0))
    with pytest.raises(ContractReverted, match="not allowed") as caught:
        chain.call(probe.functions.refuse(1), sender=alice.address)
    assert caught.value.values["who"] == alice.address


@pytest.mark.parametrize("dry_run", [True, False])
def test_send__too_little_money__says_how_much(
    chain: Chain, alice: Account, probe: Contract, dry_run: bool
) -> None:
    with pytest.raises(InsufficientFunds, match=r"alice \(0x.*\) has 9999\.9\d* ether, but needs 20000") as e:
        chain.send(probe.functions.set(1), alice, value=20_000 * 10**18, dry_run=dry_run)
    assert "--from" in e.value.hint


def test_send__too_little_for_the_fee__says_how_much(chain: Chain, alice: Account, probe: Contract) -> None:
    everything = chain.balance(alice.address)
    with pytest.raises(InsufficientFunds, match="for value and fee"):
        chain.send(probe.functions.set(1), alice, value=everything)
    assert chain.balance(alice.address) == everything


def test_send__development_account_on_a_real_chain__is_refused(
    line: Line, settings: Settings, alice: Account
) -> None:
    def mainnet(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        return {**answer, "result": "Geth/v1.17.0"} if method == "web3_clientVersion" else answer

    line.fault = mainnet
    chain = chain_behind(line, settings.home)
    with pytest.raises(AccountError, match="everybody knows the key of alice"):
        deploy_probe(chain, alice)
    with pytest.raises(ChainError, match="cannot be moved"):
        chain.advance(1)
    with pytest.raises(ChainError, match="cannot be moved"):
        chain.mine()


def test_send__dry_run__estimates_and_sends_nothing(chain: Chain, alice: Account, probe: Contract) -> None:
    before = chain.head()
    planned = chain.send(probe.functions.set(5), alice, dry_run=True)
    assert chain.head() == before
    assert planned.tx_hash == ""
    sent = chain.send(probe.functions.set(5), alice)
    assert sent.gas_used <= planned.gas_used <= sent.gas_used * 1.1
    assert planned.block_number == sent.block_number
    assert abs(planned.fee - sent.fee) < sent.fee // 5


def test_send__dry_run_of_a_deployment__knows_the_address(chain: Chain, alice: Account) -> None:
    from tests.evm import artifact

    factory = chain.web3.eth.contract(
        abi=artifact("ChainProbe")["abi"], bytecode=artifact("ChainProbe")["bytecode"]
    )
    planned = chain.send(factory.constructor(1), alice, dry_run=True)
    assert planned.contract_address == chain.send(factory.constructor(1), alice).contract_address


def test_send__many_threads__every_transaction_is_mined_once(
    chain: Chain, alice: Account, probe: Contract
) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(3):
                chain.send(probe.functions.set(1), alice)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert chain.call(probe.functions.round()) == 24


def test_send__three_processes__every_transaction_is_mined_once(
    chain: Chain, settings: Settings, probe: Contract
) -> None:
    code = (
        "from orchestrator.chain import Accounts, connect\n"
        "from orchestrator.config import load_settings\n"
        "from tests.unit.chain.probe import bind_probe\n"
        f"settings = load_settings(home={str(settings.home)!r}, environ={{}})\n"
        "chain, alice = connect(settings), Accounts(settings).get('alice')\n"
        f"probe = bind_probe(chain, {probe.address!r})\n"
        "for _ in range(6): chain.send(probe.functions.set(1), alice)\n"
        "chain.close()"
    )
    root = Path(__file__).parents[3]
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=root) for _ in range(3)]
    assert [process.wait(timeout=180) for process in processes] == [0, 0, 0]
    assert chain.call(probe.functions.round()) == 18


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)


def rival(chain: Chain, sender: Account, to: str, nonce: int) -> str:
    """A transfer of one wei, as another program signs it."""
    call = {"chainId": chain.chain_id, "gas": 21_000, "to": to, "value": 1, "data": "0x"}
    return "0x" + pricing.signed_by(sender, call, nonce, pricing.fees_now(chain)).raw.hex()


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture
def remote_probe(remote: Chain, alice: Account, line: Line) -> Contract:
    probe = deploy_probe(remote, alice)
    line.asked.clear()
    return probe


def test_send__answer_is_lost__is_not_sent_twice(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    def lose_the_answer(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == SEND:
            raise NodeUnavailable("the line is down")
        return answer

    line.fault = lose_the_answer
    receipt = remote.send(remote_probe.functions.set(1), alice)
    assert line.asked.count(SEND) == 1
    assert receipt.gas_used
    assert remote.call(remote_probe.functions.round()) == 1


def test_send__request_is_lost__the_same_bytes_are_sent_again(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    sent: list[Any] = []

    def lose_the_request(ask: Any, method: str, params: Any) -> Any:
        if method == SEND:
            sent.append(params)
            if len(sent) < 3:
                raise NodeUnavailable("the line is down")
        return ask(method, params)

    line.fault = lose_the_request
    remote.send(remote_probe.functions.set(1), alice)
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]
    assert remote.call(remote_probe.functions.round()) == 1


def test_send__answer_and_line_are_lost__says_what_is_not_known(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    hashes: list[str] = []
    down = False

    def cut(ask: Any, method: str, params: Any) -> Any:
        nonlocal down
        if not down:
            answer = ask(method, params)
            down = method == SEND
            if not down:
                return answer
        raise NodeUnavailable("the line is down")

    line.fault = cut
    with pytest.raises(NodeUnavailable, match=r"it is not known whether transaction 0x\w+ arrived"):
        remote.send(remote_probe.functions.set(1), alice, before_send=hashes.append)
    line.fault = None
    (tx_hash,) = hashes
    found = remote.receipt(tx_hash)
    assert found
    assert found.tx_hash == tx_hash


def test_send__node_knows_it_already__is_fine(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    def twice(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        return refusal("already known") if method == SEND else answer

    line.fault = twice
    remote.send(remote_probe.functions.set(1), alice)
    assert line.asked.count(SEND) == 1


def test_send__another_program_took_the_nonce__takes_the_next(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract, bob: Account
) -> None:
    raced = False

    def race(ask: Any, method: str, params: Any) -> Any:
        nonlocal raced
        if method == SEND and not raced:
            raced = True
            assert "error" not in ask(SEND, [rival(remote, alice, bob.address, remote.count(alice.address))])
        return ask(method, params)

    line.fault = race
    hashes: list[str] = []
    remote.send(remote_probe.functions.set(1), alice, before_send=hashes.append)
    assert len(hashes) == 2
    assert remote.call(remote_probe.functions.round()) == 1


def test_send__nonce_too_low_without_a_rival__the_same_bytes_are_sent_again(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    refused = False

    def deny(ask: Any, method: str, params: Any) -> Any:
        nonlocal refused
        if method == SEND and not refused:
            refused = True
            return refusal("nonce too low: next nonce 7, tx nonce 6")
        return ask(method, params)

    line.fault = deny
    hashes: list[str] = []
    remote.send(remote_probe.functions.set(1), alice, before_send=hashes.append)
    assert len(hashes) == 1
    assert remote.call(remote_probe.functions.round()) == 1


def test_send__another_program_is_always_faster__gives_up(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract, bob: Account
) -> None:
    def always(ask: Any, method: str, params: Any) -> Any:
        if method == SEND:
            ask(SEND, [rival(remote, alice, bob.address, remote.count(alice.address))])
        return ask(method, params)

    line.fault = always
    with pytest.raises(ChainError, match="another program is sending from alice"):
        remote.send(remote_probe.functions.set(1), alice)


def test_send__node_refuses__the_same_bytes_are_tried_a_few_times(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    line.fault = lambda ask, method, params: (
        refusal("transaction type not supported") if method == SEND else ask(method, params)
    )
    with pytest.raises(ChainError, match="the node refused: transaction type not supported"):
        remote.send(remote_probe.functions.set(1), alice)
    assert line.asked.count(SEND) == delivery.ATTEMPTS
    assert [len(each.tries) for each in remote.outbox.entries()] == [1]


def test_send__node_says_insufficient_funds__is_that(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    line.fault = lambda ask, method, params: (
        refusal("insufficient funds for gas * price + value") if method == SEND else ask(method, params)
    )
    with pytest.raises(InsufficientFunds):
        remote.send(remote_probe.functions.set(1), alice)


def test_send__estimate_gives_no_reason__the_call_gives_it(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    line.fault = lambda ask, method, params: (
        refusal("gas required exceeds allowance") if method == "eth_estimateGas" else ask(method, params)
    )
    with pytest.raises(ContractReverted, match="not allowed"):
        remote.send(remote_probe.functions.refuse(1), alice)


def test_send__confirmations__are_waited_for(line: Line, settings: Settings, alice: Account) -> None:
    chain = chain_behind(line, settings.home, confirmations=2)
    polls = 0

    def time_passes(ask: Any, method: str, params: Any) -> Any:
        nonlocal polls
        if method == "eth_getTransactionReceipt":
            polls += 1
            ask("evm_mine", [])
        return ask(method, params)

    line.fault = time_passes
    probe = deploy_probe(chain, alice)
    assert polls == 2
    assert chain.call(probe.functions.round()) == 0


def test_send__never_mined__says_so(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.1)

    def lose(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        return {**answer, "result": None} if method == "eth_getTransactionReceipt" else answer

    line.fault = lose
    with pytest.raises(ChainError, match=r"transaction 0x\w+ \(nonce 1\) was sent, but is not confirmed"):
        remote.send(remote_probe.functions.set(1), alice)


def test_send__out_of_gas_after_all__says_so(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    line.fault = lambda ask, method, params: (
        {"jsonrpc": "2.0", "id": 0, "result": "0x"} if method == "eth_call" else ask(method, params)
    )
    with pytest.raises(ContractReverted, match="used up its gas limit of 60000") as caught:
        remote.send(remote_probe.functions.fill(50), alice, gas=60_000)
    assert "failed; only its fee was taken" in caught.value.hint


def test_send__refused_after_all__says_why(
    remote: Chain, line: Line, alice: Account, remote_probe: Contract
) -> None:
    calls = 0

    def blind_at_first(ask: Any, method: str, params: Any) -> Any:
        nonlocal calls
        calls += method == "eth_call"
        if method == "eth_call" and calls == 1:
            return {"jsonrpc": "2.0", "id": 0, "result": "0x"}
        return ask(method, params)

    line.fault = blind_at_first
    with pytest.raises(ContractReverted, match="not allowed") as caught:
        remote.send(remote_probe.functions.refuse(4), alice, gas=100_000)
    assert caught.value.values["limit"] == 4
    assert "failed; only its fee was taken" in caught.value.hint


def test_receipt__never_sent__is_none(chain: Chain) -> None:
    assert chain.receipt("0x" + "ab" * 32) is None


def test_send__before_send__knows_the_hash_first(chain: Chain, alice: Account, probe: Contract) -> None:
    before = chain.head().number
    seen: list[tuple[str, int]] = []
    receipt = chain.send(
        probe.functions.set(1), alice, before_send=lambda tx: seen.append((tx, chain.head().number))
    )
    assert seen == [(receipt.tx_hash, before)]
    assert chain.receipt(receipt.tx_hash) == receipt


def test_send__queue_is_too_long__says_so(
    chain: Chain, settings: Settings, alice: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing, "LONGEST_QUEUE", 0.1)
    holding, over = threading.Event(), threading.Event()

    def hold() -> None:
        with pricing.account_lock(chain, alice):
            holding.set()
            over.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    try:
        with pytest.raises(ChainError, match="other commands send from alice, for 0 s"):
            chain.send(probe.functions.set(1), alice)
    finally:
        over.set()
        holder.join()


@pytest.mark.parametrize(
    ("wei", "shown"),
    [(0, "0"), (10**18, "1"), (15 * 10**17, "1.5"), (1, "0." + "0" * 17 + "1"), (10**22, "10000")],
)
def test_coins__wei__are_exact(wei: int, shown: str) -> None:
    assert coins(wei) == shown


def test_addresses__all_ten__can_send(chain: Chain) -> None:
    assert len(set(ADDRESSES)) == 10
