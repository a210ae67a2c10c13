"""
the embedded chain
├── kept in a file: survives, is refreshed, waits, is whole after a kill, refuses other files
├── real time: goes on by itself, jumps on advance, remembers the jump
├── calls: see the next block, write nothing, estimate enough gas
├── transactions: a receipt as a node gives it, refused when they are no good
├── logs: the whole history, by range, address and topic
└── room on the stack: no call maps memory
"""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from eth_account import Account as EthAccount
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3RPCError

from orchestrator.chain import Account, Chain, connect
from orchestrator.chain.development import ADDRESSES, BALANCE, private_key
from orchestrator.chain.embedded import CHAIN_ID, EmbeddedProvider, machine
from orchestrator.chain.embedded.database import ChainFile
from orchestrator.chain.embedded.machine import GAS_LIMIT, Machine
from orchestrator.chain.embedded.stack import with_room
from orchestrator.config import Network, Settings
from orchestrator.errors import ChainError
from tests.unit.chain.probe import deploy_probe

NOBODY = "0x" + "77" * 20


def run(code: str, settings: Settings) -> subprocess.Popen[str]:
    """Another process that works on the same chain."""
    opening = f"from pathlib import Path\nhome = Path({str(settings.home)!r})\n"
    return subprocess.Popen([sys.executable, "-c", opening + code], stdout=subprocess.PIPE, text=True)


def test_connect__new_chain__funds_ten_accounts(chain: Chain) -> None:
    assert chain.chain_id == CHAIN_ID == 1145654350
    assert chain.head().number == 0
    assert [chain.balance(address) for address in ADDRESSES] == [BALANCE] * 10


def test_connect__second_time__finds_the_same_chain(settings: Settings, alice: Account) -> None:
    with connect(settings) as chain:
        genesis = chain.genesis_hash
        chain.mine(3)
    with connect(settings) as chain:
        assert chain.genesis_hash == genesis
        assert chain.head().number == 3


def test_close__while_another_thread_reads__waits_for_it(tmp_path: Path) -> None:
    """Closed under a statement of another thread, SQLite ends the process."""
    file = ChainFile(tmp_path / "chain.sqlite")
    with file.reading():
        closer = threading.Thread(target=file.close)
        closer.start()
        closer.join(timeout=0.05)
        assert closer.is_alive()
        assert file.new
    closer.join()
    with pytest.raises(ChainError, match="closed"), file.reading():
        pytest.fail("it is closed")


def test_connect__two_chains__have_different_genesis_blocks(tmp_path: Path) -> None:
    hashes = {
        Web3(EmbeddedProvider(tmp_path / name)).eth.get_block(0)["hash"] for name in ("a.sqlite", "b.sqlite")
    }
    assert len(hashes) == 2


def test_connect__another_writer__is_seen_at_the_next_request(settings: Settings, probe: Contract) -> None:
    with connect(settings) as reader, connect(settings) as writer:
        before = reader.head().number
        writer.mine()
        assert reader.head().number == before + 1
        assert reader.now() > reader.head().timestamp - 1


def test_connect__two_processes_found_the_chain__it_is_one(settings: Settings) -> None:
    code = (
        "from web3 import Web3\nfrom orchestrator.chain.embedded import EmbeddedProvider\n"
        "print(Web3(EmbeddedProvider(home / 'chain.sqlite')).eth.get_block(0)['hash'].hex())"
    )
    processes = [run(code, settings) for _ in range(2)]
    hashes = {process.communicate(timeout=60)[0] for process in processes}
    assert len(hashes) == 1
    assert "" not in hashes


def test_mine__two_processes_at_once__wait_for_each_other(settings: Settings, chain: Chain) -> None:
    code = (
        "from web3 import Web3\nfrom orchestrator.chain.embedded import EmbeddedProvider\n"
        "provider = EmbeddedProvider(home / 'chain.sqlite')\n"
        "for _ in range(40): provider.make_request('evm_mine', [])"
    )
    processes = [run(code, settings) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0]
    assert chain.head().number == 80


def test_mine__killed_in_the_middle__leaves_the_block_before(
    settings: Settings, chain: Chain, alice: Account, probe: Contract
) -> None:
    code = (
        "import time\n"
        "from orchestrator.chain.embedded.machine import Machine\n"
        "from orchestrator.chain.embedded import EmbeddedProvider\n"
        "def stop(*_): print('written', flush=True); time.sleep(600)\n"
        "Machine._keep_logs = stop\n"  # the block is in the database, but not yet committed
        "EmbeddedProvider(home / 'chain.sqlite').make_request('evm_mine', [])"
    )
    before = chain.head()
    process = run(code, settings)
    assert process.stdout
    assert process.stdout.readline() == "written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert chain.head() == before
    chain.send(probe.functions.set(1), alice)
    assert chain.head().number == before.number + 1


def test_mine__failing_in_the_middle__leaves_the_block_before(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Machine, "_keep_logs", fail)
        with pytest.raises(MemoryError):
            chain.mine()
    assert chain.head().number == 0
    chain.mine()
    assert chain.head().number == 1


def test_mine__file_locked_for_too_long__says_so(settings: Settings, chain: Chain) -> None:
    impatient = EmbeddedProvider(settings.chain_file, timeout=0.1)
    blocker = sqlite3.connect(settings.chain_file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(ChainError, match="another command has been writing") as caught:
            impatient.make_request("evm_mine", [])
        assert "again" in caught.value.hint
        assert impatient.make_request("eth_blockNumber", [])["result"] == "0x0"  # readers need not wait
    finally:
        blocker.close()
        impatient.close()


def test_connect__file_that_is_no_chain__says_so(settings: Settings) -> None:
    settings.home.mkdir()
    settings.chain_file.write_bytes(b"this is something else entirely" * 100)
    with pytest.raises(ChainError, match="damaged or is not a chain"):
        connect(settings)


def test_connect__file_of_another_version__says_so(settings: Settings, chain: Chain) -> None:
    with sqlite3.connect(settings.chain_file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ChainError, match="another version of DILN"):
        connect(settings)


def test_connect__folder_is_a_file__says_so(settings: Settings) -> None:
    settings.home.write_text("")
    with pytest.raises(ChainError, match="cannot be used"):
        connect(settings)


def test_make_request__full_disk__says_so_and_keeps_the_chain(settings: Settings, chain: Chain) -> None:
    provider = chain.web3.provider
    assert isinstance(provider, EmbeddedProvider)
    connection = provider._file.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ChainError, match=r"cannot be used: database or disk is full"):
        chain.mine(50)
    connection.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    mined = chain.head().number
    chain.mine()
    assert chain.head().number == mined + 1


def test_make_request__many_threads__all_are_served(chain: Chain) -> None:
    threads = [threading.Thread(target=chain.mine, args=(5,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chain.head().number == 40


def test_now__idle_chain__real_time_goes_on(chain: Chain) -> None:
    assert abs(chain.now() - time.time()) < 5
    assert chain.now() > chain.head().timestamp


def test_advance__a_week__is_kept_between_processes(settings: Settings) -> None:
    with connect(settings) as chain:
        before = chain.now()
        chain.advance(7 * 24 * 3600)
        assert abs(chain.head().timestamp - before - 7 * 24 * 3600) < 5
    with connect(settings) as chain:
        chain.mine()
        assert chain.head().timestamp >= before + 7 * 24 * 3600 - 5


def test_advance__after_many_quick_blocks__is_from_the_latest(chain: Chain) -> None:
    chain.mine(20)
    before = chain.head().timestamp
    chain.advance(10)
    assert chain.head().timestamp >= before + 10
    end = chain.head().timestamp + 100
    chain.mine(5)
    chain.advance_to(end)
    assert end <= chain.now() <= end + 5
    head = chain.head().number
    chain.advance_to(end)
    assert chain.head().number == head


def test_advance__backwards__is_refused(chain: Chain) -> None:
    with pytest.raises(ChainError, match="backwards"):
        chain.advance(-1)


def test_mine__faster_than_a_second__timestamps_still_rise(chain: Chain) -> None:
    chain.mine(5)
    stamps = [chain.web3.eth.get_block(number)["timestamp"] for number in range(6)]
    assert stamps == sorted(set(stamps))


def test_call__after_time_has_passed__sees_the_next_block(chain: Chain, alice: Account) -> None:
    from tests.unit.chain.probe import deploy_probe

    probe = deploy_probe(chain, alice, opens_at=chain.now() + 2)
    assert chain.call(probe.functions.isOpen()) is False
    deadline = time.monotonic() + 20
    while not chain.call(probe.functions.isOpen()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert chain.call(probe.functions.isOpen()) is True
    assert chain.head().number == 1  # nothing was mined


def test_call__past_block__sees_its_state(chain: Chain, alice: Account, probe: Contract) -> None:
    first = chain.send(probe.functions.set(1), alice).block_number
    chain.send(probe.functions.set(2), alice)
    assert probe.functions.value().call(block_identifier=first) == 1
    assert probe.functions.value().call(block_identifier=first + 1) == 2
    assert chain.web3.eth.get_balance(alice.address, first) > chain.balance(alice.address)


def test_call__that_would_write__writes_nothing(chain: Chain, probe: Contract, settings: Settings) -> None:
    before = chain.web3.eth.get_block("latest")["stateRoot"]
    chain.call(probe.functions.set(5))
    assert chain.call(probe.functions.value()) == 0
    assert chain.web3.eth.get_block("latest")["stateRoot"] == before


def test_estimate_gas__plain_transfer__is_21000(chain: Chain, alice: Account) -> None:
    assert chain.web3.eth.estimate_gas({"from": alice.address, "to": NOBODY, "value": 1}) == 21_000


@pytest.mark.parametrize("depth", [0, 1, 20])
def test_estimate_gas__nested_calls__is_enough_and_not_much_more(
    chain: Chain, alice: Account, probe: Contract, depth: int
) -> None:
    function = probe.functions.nest(depth)
    estimate = function.estimate_gas({"from": alice.address})
    used = chain.send(function, alice, gas=estimate).gas_used
    assert used <= estimate <= used * (1.03 if depth == 0 else 1.7) + 2500


def test_send__sixteen_million_gas__fits_in_a_block(chain: Chain, alice: Account, probe: Contract) -> None:
    receipt = chain.send(probe.functions.fill(725), alice)
    assert 16_000_000 < receipt.gas_used < 16_700_000
    assert GAS_LIMIT >= 30_000_000


def signed(chain: Chain, **changes: object) -> bytes:
    transaction = {
        "to": NOBODY,
        "value": 1,
        "gas": 21_000,
        "nonce": 0,
        "maxFeePerGas": 3 * 10**9,
        "maxPriorityFeePerGas": 10**9,
        "chainId": CHAIN_ID,
        **changes,
    }
    kept = {key: value for key, value in transaction.items() if value is not None}
    return bytes(EthAccount.sign_transaction(kept, private_key("alice")).raw_transaction)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": 1}, "nonce"),
        ({"chainId": 1}, "chain 1"),
        ({"gas": 20_000}, "gas"),
        ({"gas": 30_000_001}, "gas"),
        ({"value": BALANCE}, "afford|funds|balance"),
        ({"maxFeePerGas": 1, "maxPriorityFeePerGas": 1}, "base fee"),
    ],
)
def test_send_raw_transaction__no_good__is_refused_and_no_block_is_mined(
    chain: Chain, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(Web3RPCError, match=reason):
        chain.web3.eth.send_raw_transaction(signed(chain, **changes))
    assert chain.head().number == 0


def test_send_raw_transaction__garbage__is_refused(chain: Chain) -> None:
    with pytest.raises(Web3RPCError):
        chain.web3.eth.send_raw_transaction(b"\x02\x00\x01")


@pytest.mark.parametrize(
    "fees",
    [
        {},
        {"maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": 3 * 10**9},
        {
            "maxFeePerGas": None,
            "maxPriorityFeePerGas": None,
            "gasPrice": 3 * 10**9,
            "accessList": [{"address": NOBODY, "storageKeys": ["0x" + "01" * 32]}],
            "gas": 30_000,
        },
    ],
    ids=["EIP-1559", "legacy", "access list"],
)
def test_send_raw_transaction__each_type__has_receipt_and_transaction(
    chain: Chain, fees: dict[str, object]
) -> None:
    tx_hash = chain.web3.eth.send_raw_transaction(signed(chain, **fees))
    receipt = chain.web3.eth.get_transaction_receipt(tx_hash)
    transaction = chain.web3.eth.get_transaction(tx_hash)
    block = chain.web3.eth.get_block(1, full_transactions=True)
    assert receipt["status"] == 1
    assert receipt["to"] == Web3.to_checksum_address(NOBODY)
    assert transaction["value"] == 1
    assert transaction["blockHash"] == receipt["blockHash"] == block["hash"]
    assert block["transactions"][0] == transaction
    paid = BALANCE - chain.balance(receipt["from"]) - 1
    assert paid == receipt["gasUsed"] * receipt["effectiveGasPrice"]


def test_get__what_is_not_there__is_none(chain: Chain) -> None:
    with pytest.raises(TransactionNotFound):
        chain.web3.eth.get_transaction(b"\x01" * 32)
    with pytest.raises(TransactionNotFound):
        chain.web3.eth.get_transaction_receipt(b"\x01" * 32)
    with pytest.raises(BlockNotFound):
        chain.web3.eth.get_block(1)
    with pytest.raises(BlockNotFound):
        chain.web3.eth.get_block(b"\x01" * 32)
    assert chain.code(Web3.to_checksum_address(NOBODY)) == b""
    assert chain.web3.eth.get_block(chain.web3.eth.get_block(0)["hash"])["number"] == 0


def test_make_request__unknown_method__is_refused(chain: Chain) -> None:
    with pytest.raises(Web3RPCError, match="has no method debug_traceTransaction"):
        chain.web3.manager.request_blocking("debug_traceTransaction", [])


def test_get_storage_at__a_value__is_there(chain: Chain, alice: Account, probe: Contract) -> None:
    chain.send(probe.functions.set(0x1234), alice)
    assert chain.web3.eth.get_storage_at(probe.address, 0) == (0x1234).to_bytes(32, "big")


def test_get_logs__after_reopening__are_the_whole_history(
    settings: Settings, chain: Chain, alice: Account, bob: Account, probe: Contract
) -> None:
    for number in range(3):
        chain.send(probe.functions.set(number), (alice, bob)[number % 2])
    with connect(settings) as again:
        logs = again.web3.eth.get_logs({"fromBlock": 0, "toBlock": "latest", "address": probe.address})
        receipt = again.web3.eth.get_transaction_receipt(logs[1]["transactionHash"])
    assert [int.from_bytes(log["data"], "big") for log in logs] == [0, 1, 2]
    assert [log["blockNumber"] for log in logs] == [2, 3, 4]
    assert receipt["logs"] == [logs[1]]
    assert receipt["from"] == bob.address
    assert logs[1]["blockHash"] == receipt["blockHash"]


def test_get_logs__filters__select(chain: Chain, alice: Account, bob: Account, probe: Contract) -> None:
    for sender in (alice, bob, alice):
        chain.send(probe.functions.set(1), sender)
    event = chain.web3.keccak(text="ValueSet(address,uint256,uint256)")
    by_alice, by_bob = ("0x" + person.address[2:].rjust(64, "0").lower() for person in (alice, bob))

    def count(**query: object) -> int:
        return len(chain.web3.eth.get_logs({"fromBlock": 0, **query}))  # type: ignore[typeddict-item]

    assert count() == 3
    assert count(address=NOBODY) == 0
    assert count(address=[NOBODY, probe.address]) == 3
    assert count(topics=[event]) == 3
    assert count(topics=[None, by_alice]) == 2
    assert count(topics=[event, [by_alice, by_bob]]) == 3
    assert count(topics=[by_alice]) == 0
    assert count(fromBlock=3, toBlock=3) == 1
    assert count(fromBlock=3) == 2
    assert len(chain.web3.eth.get_logs({"blockHash": chain.web3.eth.get_block(2)["hash"]})) == 1


def faults_of_calls(depth: int) -> int:
    """The pages that a thousand calls touch for the first time, from `depth` frames below here."""
    if depth:
        return faults_of_calls(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1000):
        nothing()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def nothing() -> None:
    pass


nothing.__code__ = nothing.__code__.replace(
    co_stacksize=100
)  # so large that some depth is too near to an end


def test_with_room__many_calls_at_any_depth__map_no_memory_each_time():
    assert max(with_room(faults_of_calls, depth) for depth in range(300)) < 500


def test_requests__any_value_of_the_state_is_lost__is_a_sentence(
    chain: Chain, alice: Account, settings: Settings, tmp_path: Path
) -> None:
    probe = deploy_probe(chain, alice)
    chain.send(probe.functions.set(1), alice)
    chain.close()
    good = settings.chain_file.read_bytes()
    with sqlite3.connect(settings.chain_file) as file:
        keys = [row[0] for row in file.execute("SELECT k FROM kv ORDER BY k")]
    file.close()
    complained = 0
    for key in keys[:: max(1, len(keys) // 25)]:
        path = tmp_path / "damaged.sqlite"
        path.write_bytes(good)
        with sqlite3.connect(path) as file:
            file.execute("UPDATE kv SET v = x'00' WHERE k = ?", (key,))
        file.close()
        try:
            with closing(Chain(Network("embedded"), EmbeddedProvider(path), tmp_path)) as damaged:
                damaged.balance(alice.address)
                damaged.code(probe.address)
                list(damaged.events(probe.events.ValueSet))
        except ChainError:
            complained += 1
    assert complained


def test_call__after_another_in_the_same_state__sees_its_own_time_and_nothing_written(chain: Chain) -> None:
    clock = {"data": "0x4260005260206000f3"}  # returns the time
    writes = {"data": "0x600054600052600160005560206000f3"}  # returns slot 0, having written 1 there
    before = chain.web3.eth.call(clock)
    for _ in range(3):
        assert int.from_bytes(chain.web3.eth.call(writes)) == 0
    chain.request("evm_increaseTime", 3600)
    assert int.from_bytes(chain.web3.eth.call(clock)) >= int.from_bytes(before) + 3600


def test_call__past_block_with_the_same_state__sees_its_own_number(chain: Chain) -> None:
    chain.mine(2)
    number = {"data": "0x4360005260206000f3"}
    found = [int.from_bytes(chain.web3.eth.call(number, at)) for at in ("pending", 1, "pending")]
    assert found == [3, 1, 3]


def test_call__many_in_one_state__what_they_read_is_not_kept_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "LONGEST_KEPT", 2)
    file = ChainFile(tmp_path / "chain.sqlite")
    with file.writing():
        (one := Machine(file)).found()
    with file.reading():
        states = [one._free_state(one.next_header()) for _ in range(4)]
    assert states[0] is states[1] is not states[2] is states[3]
    file.close()
