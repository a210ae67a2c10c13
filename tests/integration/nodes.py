"""What every real node must do for DILN. test_anvil.py and test_ganache.py run it."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import (
    Account,
    Accounts,
    Chain,
    Deployments,
    connect,
    load_artifact,
    migrate,
    migrations,
)
from orchestrator.config import Network, Settings, load_settings
from orchestrator.errors import ContractReverted, InsufficientFunds, NodeUnavailable, WrongChain
from tests.evm import MOCKS
from tests.unit.chain.probe import bind_probe, deploy_probe

ROOT = Path(__file__).parents[2]


def settings_for(home: Path, port: int, chain_id: int | None = None) -> Settings:
    network = Network("development", f"http://127.0.0.1:{port}", chain_id=chain_id, timeout=10.0)
    return replace(load_settings(home=home, environ={}), network=network)


def wait_for(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    """Until the node answers, for half a minute."""
    for _ in range(300):
        try:
            connect(settings).close()
        except NodeUnavailable:
            assert process.poll() is None, "the node ended at once"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the node does not answer")


class NodeScenarios:
    """Needs the fixture `node`: settings of a running node."""

    @pytest.fixture
    def chain(self, node: Settings) -> Chain:
        return connect(node)

    @pytest.fixture
    def alice(self, node: Settings) -> Account:
        return Accounts(node).get("alice")

    @pytest.fixture
    def bob(self, node: Settings) -> Account:
        return Accounts(node).get("bob")

    @pytest.fixture
    def probe(self, chain: Chain, alice: Account) -> Contract:
        return deploy_probe(chain, alice)

    def test_connect__development_accounts__are_funded(self, chain: Chain, bob: Account) -> None:
        assert chain.development
        assert 9_000 * 10**18 < chain.balance(bob.address) <= 10_000 * 10**18
        assert len(bytes.fromhex(chain.genesis_hash[2:])) == 32

    def test_connect__another_chain_id__wrong_chain(self, node: Settings) -> None:
        expecting = replace(node, network=replace(node.network, chain_id=11155111))
        with pytest.raises(WrongChain, match="not 11155111"):
            connect(expecting)

    def test_send__a_call__is_mined(self, chain: Chain, alice: Account, probe: Contract) -> None:
        receipt = chain.send(probe.functions.set(5), alice, value=7)
        transaction: Any = chain.web3.eth.get_transaction(receipt.tx_hash)  # type: ignore[arg-type]
        assert transaction["type"] == 2
        assert receipt.fee == receipt.gas_used * transaction["gasPrice"]
        assert chain.call(probe.functions.value()) == 5
        assert chain.balance(probe.address) == 7
        assert chain.receipt(receipt.tx_hash) == receipt
        assert chain.receipt("0x" + "ab" * 32) is None

    def test_send__dry_run__sends_nothing(self, chain: Chain, alice: Account, probe: Contract) -> None:
        head = chain.head().number
        assert chain.send(probe.functions.set(5), alice, dry_run=True).gas_used > 21_000
        assert chain.head().number == head

    @pytest.mark.parametrize("gas", [None, 200_000])
    @pytest.mark.parametrize(
        ("function", "values", "error", "sentence"),
        [
            ("refuse", [3], "NotAllowed", "not allowed"),
            ("refuseFromElsewhere", [], "FromElsewhere", "from elsewhere"),
            ("refuseWithText", [], "", "the text says why"),
            ("refuseSilently", [], "", "gave no reason"),
            ("divide", [0], "Panic", "a division by zero"),
        ],
    )
    def test_send__refused__is_a_sentence(
        self,
        chain: Chain,
        alice: Account,
        probe: Contract,
        function: str,
        values: list[int],
        error: str,
        sentence: str,
        gas: int | None,
    ) -> None:
        call = probe.functions[function](*values)
        with pytest.raises(ContractReverted, match=sentence) as caught:
            chain.send(call, alice, gas=gas)
        assert caught.value.error == error
        if function == "refuse":
            assert caught.value.values == {"who": alice.address, "limit": 3}
        with pytest.raises(ContractReverted, match=sentence):
            chain.call(call)

    def test_send__too_little_money__says_so(self, chain: Chain, alice: Account, probe: Contract) -> None:
        with pytest.raises(InsufficientFunds, match="ether, but needs"):
            chain.send(probe.functions.set(1), alice, value=10**24)

    def test_send__sixteen_million_gas__is_mined(self, chain: Chain, alice: Account, probe: Contract) -> None:
        assert chain.send(probe.functions.fill(725), alice).gas_used > 16_000_000

    def test_send__nested_calls__estimate_is_enough(
        self, chain: Chain, alice: Account, probe: Contract
    ) -> None:
        chain.send(probe.functions.nest(20), alice)
        assert chain.call(probe.functions.round()) == 1

    def test_advance__a_week__opens_what_waits(self, chain: Chain, alice: Account) -> None:
        week = 7 * 24 * 3600
        probe = deploy_probe(chain, alice, opens_at=chain.now() + week)
        with pytest.raises(ContractReverted, match="too early"):
            chain.send(probe.functions.open(), alice)
        chain.advance(week)
        assert chain.call(probe.functions.isOpen()) is True
        chain.send(probe.functions.open(), alice)
        before = chain.head().number
        chain.mine(3)
        assert chain.head().number == before + 3

    def test_call__idle_chain__time_goes_on(self, chain: Chain, alice: Account) -> None:
        probe = deploy_probe(chain, alice, opens_at=chain.now() + 2)
        assert chain.call(probe.functions.isOpen()) is False
        time.sleep(4)
        assert chain.call(probe.functions.isOpen()) is True
        chain.send(probe.functions.open(), alice)

    def test_send__many_threads_and_processes__each_is_mined_once(
        self, node: Settings, chain: Chain, alice: Account, probe: Contract
    ) -> None:
        code = (
            "from pathlib import Path\n"
            "from orchestrator.chain import Accounts, connect\n"
            "from tests.integration.nodes import settings_for\n"
            "from tests.unit.chain.probe import bind_probe\n"
            f"node = settings_for(Path({str(node.home)!r}), {(node.network.url or '').split(':')[-1]})\n"
            "chain, alice = connect(node), Accounts(node).get('alice')\n"
            f"probe = bind_probe(chain, {probe.address!r})\n"
            "for _ in range(8): chain.send(probe.functions.set(1), alice)\n"
        )
        failures: list[Exception] = []

        def work() -> None:
            try:
                for _ in range(3):
                    chain.send(probe.functions.set(1), alice)
            except Exception as error:
                failures.append(error)

        processes = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
        assert failures == []
        assert chain.call(probe.functions.round()) == 2 * 8 + 6 * 3

    def test_events__all__oldest_first(self, chain: Chain, alice: Account, bob: Account) -> None:
        probe = deploy_probe(chain, alice)
        for number in range(4):
            chain.send(probe.functions.set(number), (alice, bob)[number % 2])
        event = bind_probe(chain, probe.address).events.ValueSet
        assert [each["args"]["value"] for each in chain.events(event)] == [0, 1, 2, 3]
        mine = chain.events(event, filters={"by": bob.address})
        assert [each["args"]["value"] for each in mine] == [1, 3]

    def test_migrate__then_doctor__all_is_well(
        self,
        node: Settings,
        chain: Chain,
        alice: Account,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(migrations, "load_artifact", lambda name: load_artifact(name, MOCKS))
        settings = replace(node, home=tmp_path)
        (tmp_path / "m001_probe.py").write_text("def migrate(deploy):\n    deploy('ChainProbe', 5)\n")
        (deployed,) = migrate(settings, chain, alice, folder=tmp_path)
        assert Deployments(settings, chain).get("ChainProbe") == deployed.address
        assert load_artifact("ChainProbe", MOCKS).matches(chain.code(deployed.address))
        head = chain.head().number
        assert migrate(settings, chain, alice, folder=tmp_path) == [deployed]
        assert chain.head().number == head
