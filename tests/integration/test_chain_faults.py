"""
Anvil, where transactions get stuck, lost and reorganized away
├── lost from the pool: the same bytes are handed over again
├── stuck: more is offered with the same nonce, up to a limit; speed-up and cancel
├── the base fee jumps before sending: signed again with the same nonce
├── a reorganization takes it: sent again, told by doctor
└── reorganized, or put back, between two reads of a look: read again; time goes on without blocks
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import (
    Account,
    Accounts,
    Chain,
    Receipt,
    cancel,
    connect,
    delivery,
    examine,
    sent,
    speed_up,
)
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from tests.unit.chain.probe import deploy_probe

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("anvil_installed")]


@pytest.fixture
def chain(anvil: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    monkeypatch.setattr(delivery, "RESEND", 0.2)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 20.0)
    chain = connect(anvil)
    yield chain
    chain.request("evm_setAutomine", True)
    chain.request("anvil_dropAllTransactions")
    chain.request("anvil_setNextBlockBaseFeePerGas", 10**9)
    chain.mine()


@pytest.fixture
def alice(anvil: Settings) -> Account:
    return Accounts(anvil).get("alice")


@pytest.fixture
def probe(chain: Chain, alice: Account) -> Contract:
    return deploy_probe(chain, alice)


@pytest.fixture
def held(chain: Chain, probe: Contract) -> Chain:
    """The chain, mining nothing by itself."""
    chain.request("evm_setAutomine", False)
    return chain


def rounds(chain: Chain, probe: Contract) -> int:
    return int(probe.functions.round().call())


def begun(action: Callable[[], Receipt]) -> "Future[Receipt]":
    """Run in a thread of its own."""
    return ThreadPoolExecutor(1).submit(action)


def until(condition: Callable[[], Any], patience: float = 15.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def pooled(chain: Chain) -> int:
    return int(chain.request("txpool_status")["pending"], 16)


def fees(chain: Chain) -> list[int]:
    return [each.fees.most for entry in chain.outbox.entries() for each in entry.tries if not entry.mined]


def test_send__lost_from_the_pool__is_handed_over_again(held: Chain, alice: Account, probe: Contract) -> None:
    nonce = held.count(alice.address)
    result = begun(lambda: held.send(probe.functions.set(1), alice, once=f"lost-{nonce}"))
    until(lambda: pooled(held))
    held.request("anvil_dropAllTransactions")
    until(lambda: pooled(held))
    held.mine()
    assert result.result(20).gas_used
    assert (rounds(held, probe), held.count(alice.address)) == (1, nonce + 1)


def test_send__stuck_below_the_base_fee__offers_more_at_the_same_nonce(
    held: Chain, alice: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "STUCK", 0.5)
    nonce = held.count(alice.address)
    result = begun(lambda: held.send(probe.functions.set(1), alice))
    until(lambda: pooled(held))
    first = fees(held)[0]
    held.request("anvil_setNextBlockBaseFeePerGas", first * 2)
    held.mine()
    assert rounds(held, probe) == 0
    until(lambda: len(fees(held)) > 1)
    time.sleep(0.3)
    held.mine()
    assert result.result(20).gas_used
    assert (rounds(held, probe), held.count(alice.address)) == (1, nonce + 1)


def test_send__base_fee_jumps_before_it_leaves__is_signed_again_at_the_same_nonce(
    chain: Chain, alice: Account, probe: Contract
) -> None:
    nonce, hashes = chain.count(alice.address), []

    def jump(tx_hash: str) -> None:
        hashes.append(tx_hash)
        chain.request("anvil_setNextBlockBaseFeePerGas", fees(chain)[0] * 3)
        chain.mine()

    receipt = chain.send(probe.functions.set(1), alice, before_send=jump)
    assert hashes
    assert receipt.tx_hash not in hashes
    assert (rounds(chain, probe), chain.count(alice.address)) == (1, nonce + 1)


def test_send__base_fee_jumps_beyond_the_limit__says_what_to_do_and_speed_up_does_it(
    chain: Chain, alice: Account, probe: Contract
) -> None:
    dear: list[int] = []

    def jump(_: str) -> None:
        dear.append(fees(chain)[0] * 50)
        chain.request("anvil_setNextBlockBaseFeePerGas", dear[0])
        chain.mine()

    nonce = chain.count(alice.address)
    with pytest.raises(ChainError, match=r"needs \S+ gwei for each gas by now") as caught:
        chain.send(probe.functions.set(1), alice, once=f"dear-{nonce}", before_send=jump)
    assert "speed-up --max-fee" in caught.value.hint
    assert rounds(chain, probe) == 0
    speed_up(chain, alice, most=dear[0] * 4)
    assert chain.send(probe.functions.set(1), alice, once=f"dear-{nonce}").gas_used
    assert (rounds(chain, probe), chain.count(alice.address)) == (1, nonce + 1)


def test_speed_up__stuck__replaces_at_the_same_nonce(held: Chain, alice: Account, probe: Contract) -> None:
    nonce = held.count(alice.address)
    waiting = begun(lambda: held.send(probe.functions.set(1), alice, once=f"slow-{nonce}"))
    until(lambda: pooled(held))
    faster = begun(lambda: speed_up(held, alice))
    until(lambda: len(fees(held)) == 2)
    low, high = fees(held)
    assert high >= low * 9 / 8
    time.sleep(0.3)
    held.mine()
    assert faster.result(20).tx_hash == waiting.result(20).tx_hash
    assert (rounds(held, probe), held.count(alice.address)) == (1, nonce + 1)


def test_cancel__stuck__moves_nothing_and_tells_the_waiting_command(
    held: Chain, alice: Account, probe: Contract
) -> None:
    nonce = held.count(alice.address)
    waiting = begun(lambda: held.send(probe.functions.set(1), alice, once=f"no-{nonce}"))
    until(lambda: pooled(held))
    taken_back = begun(lambda: cancel(held, alice, str(nonce)))  # type: ignore[arg-type,return-value]
    until(lambda: len(fees(held)) == 2)
    time.sleep(0.3)
    held.mine()
    assert taken_back.result(20) is None
    with pytest.raises(ChainError, match="was cancelled"):
        waiting.result(20)
    assert (rounds(held, probe), held.count(alice.address)) == (0, nonce + 1)
    held.request("evm_setAutomine", True)
    held.send(probe.functions.set(1), alice, once=f"no-{nonce}")
    assert rounds(held, probe) == 1


def test_cancel__nothing_waits__says_so(chain: Chain, alice: Account, probe: Contract) -> None:
    with pytest.raises(ChainError, match="no such pending transaction"):
        cancel(chain, alice)


def test_send__reorganized_away__is_sent_again_before_the_next(
    chain: Chain, alice: Account, probe: Contract, anvil: Settings
) -> None:
    nonce = chain.count(alice.address)
    chain.send(probe.functions.set(1), alice, once=f"first-{nonce}")
    chain.request("anvil_reorg", 1, [])
    assert rounds(chain, probe) == 0
    [lost] = [each for each in sent(chain) if each.vanished]
    told = [each for each in examine(anvil) if each.subject == "transactions"]
    assert [each.ok for each in told] == [False]
    assert "which the chain has dropped" in told[0].message
    chain.send(probe.functions.set(2), alice, once=f"second-{nonce}")
    assert (rounds(chain, probe), chain.count(alice.address)) == (2, nonce + 2)
    assert chain.send(probe.functions.set(1), alice, once=f"first-{nonce}").tx_hash == lost.entry.last.hash
    assert rounds(chain, probe) == 2
    assert not [each for each in sent(chain) if each.block is None]


@pytest.mark.parametrize("development", [True, False])
@pytest.mark.parametrize("how", ["anvil_reorg", "evm_revert", "a block"])
def test_look__chain_changes_between_two_reads__both_are_of_one(
    chain: Chain,
    alice: Account,
    probe: Contract,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    *,
    development: bool,
) -> None:
    change: dict[str, Callable[[], Any]] = {
        "anvil_reorg": lambda: chain.request("anvil_reorg", 1, []),
        "evm_revert": partial(chain.request, "evm_revert", chain.request("evm_snapshot")),
        "a block": partial(chain.request, "evm_mine"),
    }
    chain.send(probe.functions.set(1), alice)
    monkeypatch.setitem(vars(chain), "development", development)
    looks = []

    def read() -> tuple[int, int, list[Any]]:
        before = chain.call(probe.functions.value())
        if not looks:
            change[how]()
        looks.append(before)
        return before, chain.call(probe.functions.value()), list(chain.events(probe.events.ValueSet()))

    one, other, told = chain.look(read)
    monkeypatch.setitem(vars(chain), "development", True)
    left = int(how == "a block")
    assert (one, other, len(told)) == (left, left, left)
    assert len(looks) == (1 if how == "a block" and not development else 2)


def test_look__no_blocks_for_days__sees_the_time(chain: Chain, alice: Account) -> None:
    probe = deploy_probe(chain, alice, opens_at=chain.now() + 86_400)
    head = chain.head()
    chain.request("evm_increaseTime", 2 * 86_400)
    is_open, now, found = chain.look(
        lambda: (chain.call(probe.functions.isOpen()), chain.now(), chain.head())
    )
    assert (is_open, found) == (True, head)
    assert now >= head.timestamp + 86_400
    assert chain.look(lambda: chain.balance(alice.address)) == chain.balance(alice.address)


def test_send__eight_threads_at_once_for_one_purpose__sent_once(
    chain: Chain, alice: Account, probe: Contract
) -> None:
    nonce, hashes = chain.count(alice.address), []

    def work() -> None:
        hashes.append(chain.send(probe.functions.set(1), alice, once=f"once-{nonce}").tx_hash)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(hashes), len(set(hashes)), rounds(chain, probe)) == (8, 1, 1)
