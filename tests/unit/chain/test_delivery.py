"""
What was signed reaches the chain once
├── lost answers and forgetful nodes: the same bytes again, never another nonce
├── killed while it was on its way: whoever comes back sends the same bytes
├── a rival that has the nonce: only a block that stays proves it
├── reorganizations: what they took away is sent again
├── the same purpose at once: sent once
└── damaged notes: refused, not ignored
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from web3.contract import Contract

from orchestrator.chain import Account, Chain, connection, delivery, finality
from orchestrator.chain.deterministic import RawCall
from orchestrator.chain.development import private_key
from orchestrator.chain.sending import earlier
from orchestrator.config import Settings
from orchestrator.errors import ChainError, ContractReverted, NodeUnavailable, SentBefore
from tests.unit.chain.faults import Line, chain_behind, refusal
from tests.unit.chain.probe import deploy_probe
from tests.unit.chain.test_sending import rival

SEND, FIND = "eth_sendRawTransaction", "eth_getTransactionByHash"
RECEIPT = "eth_getTransactionReceipt"
NOTHING = {"jsonrpc": "2.0", "id": 0, "result": None}


class Killed(BaseException):
    """Like SIGKILL, nothing catches it."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)
    monkeypatch.setattr(delivery, "RESEND", 0.01)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 5.0)


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture
def probe(remote: Chain, alice: Account, line: Line) -> Contract:
    found = deploy_probe(remote, alice)
    line.asked.clear()
    return found


def rounds(chain: Chain, probe: Contract) -> int:
    """How often the probe was set."""
    return int(chain.call(probe.functions.round()))


def first(times: int, method: str, answer: Callable[[Any, str, Any], Any]) -> Callable[..., Any]:
    """A fault in the first `times` requests of `method`."""
    left = {"n": times}

    def fault(ask: Any, asked: str, params: Any) -> Any:
        if asked == method and left["n"]:
            left["n"] -= 1
            return answer(ask, asked, params)
        return ask(asked, params)

    return fault


def both(*faults: Callable[..., Any]) -> Callable[..., Any]:
    def fault(ask: Any, method: str, params: Any) -> Any:
        for each in faults:
            ask = (lambda inner, layer: lambda m, p: layer(inner, m, p))(ask, each)
        return ask(method, params)

    return fault


def lost(ask: Any, method: str, params: Any) -> Any:
    """The request arrives, its answer does not."""
    ask(method, params)
    raise NodeUnavailable("the line is down")


def killed(ask: Any, method: str, params: Any) -> Any:
    """The request arrives, and nobody is left to hear the answer."""
    ask(method, params)
    raise Killed


def down(ask: Any, method: str, params: Any) -> Any:
    raise NodeUnavailable("the line is down")


def nothing(ask: Any, method: str, params: Any) -> Any:
    return NOTHING


@pytest.mark.parametrize("lookup", [nothing, down])
@pytest.mark.parametrize("times", [1, 2, 4, 10])
def test_send__answer_lost_and_lookups_fail__sent_once(
    remote: Chain, line: Line, alice: Account, probe: Contract, lookup: Any, times: int
) -> None:
    line.fault = both(first(1, SEND, lost), first(times, FIND, lookup), first(min(times, 4), RECEIPT, lookup))
    remote.send(probe.functions.set(1), alice)
    assert rounds(remote, probe) == 1
    assert remote.count(alice.address) == 2


@pytest.mark.parametrize("words", ["internal error", "nonce too low", "already known", "insufficient funds"])
def test_send__arrived_but_the_node_says_otherwise__sent_once(
    remote: Chain, line: Line, alice: Account, probe: Contract, words: str
) -> None:
    def lie(ask: Any, method: str, params: Any) -> Any:
        ask(method, params)
        return refusal(words)

    line.fault = both(first(1, SEND, lie), first(2, FIND, nothing))
    try:
        remote.send(probe.functions.set(1), alice, once="set")
    except ChainError:
        assert words == "insufficient funds"
    assert rounds(remote, probe) == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_send__killed_on_its_way_and_the_node_forgets__the_same_bytes_again(
    remote: Chain, line: Line, alice: Account, probe: Contract, arrives: bool
) -> None:
    sent: list[str] = []

    def die(ask: Any, method: str, params: Any) -> Any:
        sent.append(params[0])
        if arrives:
            ask(method, params)
        raise Killed

    line.fault = first(1, SEND, die)
    with pytest.raises(Killed):
        remote.send(probe.functions.set(1), alice, once="pay")

    def record(ask: Any, method: str, params: Any) -> Any:
        sent.append(params[0]) if method == SEND else None
        return ask(method, params)

    line.fault = both(record, first(3, FIND, nothing), first(3, RECEIPT, nothing))
    remote.send(probe.functions.set(1), alice, once="pay")
    assert rounds(remote, probe) == 1
    assert len(set(sent)) == 1


def test_send__sent_before__returns_its_receipt(
    remote: Chain, line: Line, alice: Account, probe: Contract
) -> None:
    receipt = remote.send(probe.functions.set(1), alice, once="pay")
    line.asked.clear()
    assert remote.send(probe.functions.set(1), alice, once="pay") == receipt
    assert SEND not in line.asked
    assert earlier(remote, "pay", alice) == receipt
    assert earlier(remote, "another", alice) is None


def test_send__killed_before_it_left_and_another_was_sent_since__signed_anew_after_the_proof(
    remote: Chain, line: Line, alice: Account, bob: Account, probe: Contract
) -> None:
    def die(ask: Any, method: str, params: Any) -> Any:
        raise Killed

    line.fault = first(1, SEND, die)
    with pytest.raises(Killed):
        remote.send(probe.functions.set(1), alice, once="pay")
    line.fault = None
    remote.send(probe.functions.set(2), alice)  # takes the nonce that nobody used
    remote.send(probe.functions.set(1), alice, once="pay")
    assert rounds(remote, probe) == 2
    assert remote.count(alice.address) == 3


def test_send__nonce_used_and_the_node_hides_by_what__nothing_is_signed_anew(
    remote: Chain, line: Line, alice: Account, bob: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.3)
    raced: list[str] = []

    def race(ask: Any, method: str, params: Any) -> Any:
        if method == SEND and not raced:
            raced.append(rival(remote, alice, bob.address, 1))
            ask(SEND, raced)
        if method == "eth_getBlockByNumber" and params[1]:
            return refusal("missing trie node")
        return ask(method, params)

    line.fault = race
    hashes: list[str] = []
    with pytest.raises(ChainError, match=r"missing trie node|does not show by which transaction"):
        remote.send(probe.functions.set(1), alice, once="pay", before_send=hashes.append)
    assert len(hashes) == 1
    line.fault = None
    remote.send(probe.functions.set(1), alice, once="pay", before_send=hashes.append)
    assert len(hashes) == 2
    assert rounds(remote, probe) == 1


def test_send__failed_before__is_sent_anew(
    remote: Chain, line: Line, alice: Account, probe: Contract
) -> None:
    def blind(ask: Any, method: str, params: Any) -> Any:
        return {**NOTHING, "result": "0x"} if method == "eth_call" else ask(method, params)

    line.fault = blind
    with pytest.raises(ContractReverted):
        remote.send(probe.functions.refuse(4), alice, gas=100_000, once="pay")
    line.fault = None
    assert remote.send(probe.functions.set(1), alice, once="pay").gas_used
    assert rounds(remote, probe) == 1


# -- where blocks are taken back -------------------------------------------------------------------------


@pytest.fixture
def public(remote: Chain, probe: Contract, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """What is not taken for a development chain, behind a node that does not tell what is final."""
    vars(remote)["development"] = False
    monkeypatch.setattr(finality, "final_block", lambda chain: chain.head().number - finality.FINAL_DEPTH)
    monkeypatch.setattr(connection, "final_block", finality.final_block)
    return remote


@pytest.fixture
def own(alice: Account) -> Account:
    """An account whose key not everybody knows."""
    return Account("alice", alice.address, lambda: private_key("alice"), known_to_all=False)


def growing(line: Line, most: int) -> tuple[Callable[..., Any], dict[str, int]]:
    """A block more whenever the latest is asked for, `most` at most; and how many there were."""
    grown = {"blocks": 0}

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "latest" and grown["blocks"] < most:
            grown["blocks"] += 1
            ask("evm_mine", [])
        return ask(method, params)

    return fault, grown


def overtaken(chain: Chain, sender: Account, to: str) -> Callable[..., Any]:
    """Another program's transaction takes the nonce right before."""
    raced: list[str] = []

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == SEND and not raced:
            raced.append(rival(chain, sender, to, chain.count(sender.address)))
            ask(SEND, raced)
        return ask(method, params)

    return fault


def test_send__nonce_taken_by_a_rival__given_up_only_when_its_block_stays(
    public: Chain, line: Line, own: Account, bob: Account, probe: Contract
) -> None:
    grow, grown = growing(line, 1_000)
    signed: list[int] = []
    line.fault = both(grow, overtaken(public, own, bob.address))
    public.send(probe.functions.set(1), own, once="pay", before_send=lambda _: signed.append(grown["blocks"]))
    assert len(signed) == 2
    assert signed[1] - signed[0] >= delivery.GIVEN_UP
    assert rounds(public, probe) == 1


@pytest.mark.parametrize("once", ["pay", ""])
def test_send__rivals_block_is_taken_back__the_same_bytes_are_mined_and_no_others(
    public: Chain, line: Line, own: Account, bob: Account, probe: Contract, once: str
) -> None:
    """The node shows the rival at first; then the chain reorganizes, and it was never there."""
    nonce, shown = public.count(own.address), {"looks": 0}
    taken = rival(public, own, bob.address, nonce)

    def reorganized(ask: Any, method: str, params: Any) -> Any:
        if shown["looks"] > 6:
            return ask(method, params)
        if method == SEND:
            return refusal("nonce too low")
        if method == "eth_getTransactionCount" and params[1] != hex(0) and hashes:
            return {**NOTHING, "result": hex(nonce + 1)}
        if method == "eth_getBlockByNumber" and params[1]:
            shown["looks"] += 1
            answer = ask(method, params)
            sent = answer["result"]["transactions"][0]
            found = {"from": own.address, "nonce": hex(nonce), "hash": "0x" + keccak(hexstr=taken).hex()}
            return {**answer, "result": {**answer["result"], "transactions": [{**sent, **found}]}}
        return ask(method, params)

    hashes: list[str] = []
    line.fault = reorganized
    receipt = public.send(probe.functions.set(1), own, once=once, before_send=hashes.append)
    assert shown["looks"] > 6
    assert hashes == [receipt.tx_hash]
    assert rounds(public, probe) == 1


def test_send__failed_in_a_block_that_may_be_taken_back__not_sent_anew_before_it_stays(
    public: Chain, line: Line, own: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(ask: Any, method: str, params: Any) -> Any:
        return {**NOTHING, "result": "0x"} if method == "eth_call" else ask(method, params)

    line.fault = blind
    with pytest.raises(ContractReverted):
        public.send(probe.functions.refuse(4), own, gas=100_000, once="pay")
    line.fault = None
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.2)
    with pytest.raises(ChainError, match="in a block that may still be dropped"):
        public.send(probe.functions.set(1), own, once="pay")
    assert rounds(public, probe) == 0
    for _ in range(delivery.GIVEN_UP):
        line.chain.make_request("evm_mine", [])
    public.send(probe.functions.set(1), own, once="pay")
    assert rounds(public, probe) == 1


def test_send__another_act_for_the_same_purpose__told_of_the_first_once_it_arrived(
    remote: Chain, line: Line, alice: Account, probe: Contract
) -> None:
    line.fault = first(1, SEND, killed)
    with pytest.raises(Killed):
        remote.send(probe.functions.set(1), alice, once="pay")
    for _ in range(2):
        with pytest.raises(SentBefore, match="something else was sent for this before, by transaction 0x"):
            remote.send(probe.functions.set(2), alice, once="pay")
    assert rounds(remote, probe) == 1
    assert remote.send(probe.functions.set(2), alice, once="pay", at_any_price=True).block_number
    assert remote.send(probe.functions.set(1), alice, once="pay").block_number
    assert rounds(remote, probe) == 1


def test_send__another_value_for_the_same_purpose__told(remote: Chain, alice: Account, bob: Account) -> None:
    def call(to: Account) -> Any:
        return RawCall(to.address)

    remote.send(call(bob), alice, value=3, once="gift")
    remote.send(call(bob), alice, value=3, once="gift")
    for other, value in ((bob, 4), (alice, 3)):
        with pytest.raises(SentBefore):
            remote.send(call(other), alice, value=value, once="gift")


def test_send__eight_times_at_once_for_one_purpose__sent_once(
    remote: Chain, alice: Account, probe: Contract
) -> None:
    receipts: list[Any] = []

    def work() -> None:
        receipts.append(remote.send(probe.functions.set(1), alice, once="pay"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 8
    assert len({receipt.tx_hash for receipt in receipts}) == 1
    assert rounds(remote, probe) == 1


def test_send__note_is_damaged__refuses(
    remote: Chain, alice: Account, probe: Contract, settings: Settings
) -> None:
    remote.send(probe.functions.set(1), alice, once="pay")
    [note] = list((settings.home / "journal").rglob("pay.json"))
    good = note.read_text()
    for bad in (
        "",
        "{",
        "[]",
        "{}",
        good.replace("02f8", "02f9", 1),
        good.replace('"nonce": 1', '"nonce": 2'),
    ):
        assert bad != good
        note.write_text(bad)
        with pytest.raises(ChainError, match="is damaged: what was sent for this purpose is not known"):
            remote.send(probe.functions.set(1), alice, once="pay")
    note.write_text(good)
    remote.send(probe.functions.set(1), alice, once="pay")
    assert rounds(remote, probe) == 1


def test_send__disk_refuses_the_note__nothing_leaves(
    remote: Chain, line: Line, alice: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.chain.outbox.os.fsync", full)
    with pytest.raises(ChainError, match="so nothing was sent: No space left"):
        remote.send(probe.functions.set(1), alice, once="pay")
    assert SEND not in line.asked
    assert not list(Path(remote._home).rglob("*.part"))
