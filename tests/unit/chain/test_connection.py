"""
Chain
├── connect: WrongChain, NodeUnavailable
├── networks: public chains need no configuration
├── events: ranges that shrink on a provider's limits, filters, oldest first
├── node: the command line, where Anvil is looked for
└── health: one finding for each thing that can be wrong
"""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import (
    Account,
    Accounts,
    Chain,
    Finding,
    connect,
    deployments,
    examine,
    health,
    keystore,
    migrate,
    migrations,
    node,
    ranges,
)
from orchestrator.chain.artifact import load_artifact
from orchestrator.config import Network, Settings, load_settings
from orchestrator.errors import ChainError, ConfigError, NodeUnavailable, WrongChain
from tests.evm import MOCKS
from tests.unit.chain.faults import Line, chain_behind, refusal
from tests.unit.chain.probe import bind_probe


def test_connect__chain_id_of_another__wrong_chain(line: Line, settings: Settings) -> None:
    with pytest.raises(WrongChain, match="serves chain 1145654350, not 11155111") as caught:
        chain_behind(line, settings.home, chain_id=11155111)
    assert "brownie-config.yaml" in caught.value.hint


def test_connect__genesis_of_another__wrong_chain(line: Line, settings: Settings) -> None:
    right = chain_behind(line, settings.home).genesis_hash
    assert chain_behind(line, settings.home, genesis=right).genesis_hash == right
    with pytest.raises(WrongChain, match="another chain with the id 1145654350") as caught:
        chain_behind(line, settings.home, genesis="0x" + "ab" * 32)
    assert "--rpc-url" in caught.value.hint


def test_connect__first_block_without_a_hash__is_said(line: Line, settings: Settings) -> None:
    def hidden(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == "eth_getBlockByNumber":
            answer["result"] = {**answer["result"], "hash": None}
        return answer

    line.fault = hidden
    with pytest.raises(ChainError, match="does not tell the hash of the first block"):
        chain_behind(line, settings.home, genesis="0x" + "ab" * 32)


SEPOLIA = Network(
    name="sepolia",
    url="https://ethereum-sepolia-rpc.publicnode.com",
    chain_id=11155111,
    genesis="0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9",
    confirmations=2,
)


@pytest.mark.parametrize(
    ("config", "name", "network"),
    [
        (None, "sepolia", SEPOLIA),
        (None, "11155111", SEPOLIA),
        ("diln: {}", "sepolia", replace(SEPOLIA, confirmations=0)),
        ("diln: {networks: {sepolia: }}", "sepolia", replace(SEPOLIA, confirmations=0)),
        (
            "diln: {networks: {sepolia: {timeout: 3}}}",
            "11155111",
            replace(SEPOLIA, confirmations=0, timeout=3.0),
        ),
        (
            "diln: {networks: {sepolia: {url: 'http://a.example'}}}",
            "sepolia",
            replace(SEPOLIA, url="http://a.example", confirmations=0),  # it must be that chain all the same
        ),
        (
            "diln: {networks: {11155111: {url: 'http://a.example'}}}",
            "11155111",
            replace(SEPOLIA, url="http://a.example", confirmations=0),
        ),
        (
            "diln: {networks: {sepolia: {url: 'http://a.example', chain_id: '31337'}}}",
            "sepolia",
            Network("sepolia", "http://a.example", chain_id=31337),  # a fork with another id
        ),
        (
            "diln: {networks: {ours: {url: 'http://a.example'}}}",
            "ours",
            Network("ours", "http://a.example"),
        ),
    ],
)
def test_load_settings__public_chain__needs_no_configuration_which_comes_first(
    tmp_path: Path, config: str | None, name: str, network: Network
) -> None:
    if config:
        (tmp_path / "brownie-config.yaml").write_text(config)
    assert load_settings(folder=tmp_path, network=name, environ={}).network == network


@pytest.mark.parametrize("odd", ["chain_id: one", "confirmations: 1e999", "timeout: [1]"])
def test_load_settings__no_number__is_refused(tmp_path: Path, odd: str) -> None:
    (tmp_path / "brownie-config.yaml").write_text(f"diln: {{networks: {{sepolia: {{{odd}}}}}}}")
    with pytest.raises(ConfigError, match=f"has no number as its `{odd.partition(':')[0]}`"):
        load_settings(folder=tmp_path, network="sepolia", environ={})


def test_load_settings__no_such_network__lists_public_chains_too(tmp_path: Path) -> None:
    (tmp_path / "brownie-config.yaml").write_text("diln: {networks: {ours: {url: 'http://a.example'}}}")
    with pytest.raises(ConfigError, match="there is no network `nonsense`") as caught:
        load_settings(folder=tmp_path, network="nonsense", environ={})
    for name in ("embedded", "ours", "mainnet", "optimism", "base", "arbitrum", "base-sepolia", "hoodi"):
        assert name in caught.value.hint


def test_load_settings__variable_of_a_url_is_not_set__is_no_reason_to_ask_a_public_node(
    tmp_path: Path,
) -> None:
    (tmp_path / "brownie-config.yaml").write_text("diln: {networks: {sepolia: {url: '${OUR_NODE}'}}}")
    with pytest.raises(ConfigError, match="needs the environment variable OUR_NODE"):
        load_settings(folder=tmp_path, network="sepolia", environ={})


def test_connect__nobody_there__says_how_to_start_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    def refuse(*_: object, **__: object) -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(requests.Session, "post", refuse)
    down = replace(settings, network=Network("development", "http://127.0.0.1:8545"))
    with pytest.raises(NodeUnavailable, match="cannot be reached") as caught:
        connect(down)
    assert "diln node" in caught.value.hint


def test_close__used_afterwards__says_so(settings: Settings) -> None:
    chain = connect(settings)
    chain.close()
    chain.close()
    with pytest.raises(ChainError):
        chain.head()


def test_contract__shipped__is_bound(chain: Chain, alice: Account) -> None:
    from orchestrator.chain import artifact_names

    for name in artifact_names():
        assert chain.contract(name, alice.address).address == alice.address


@pytest.fixture
def busy_probe(chain: Chain, alice: Account, bob: Account, probe: Contract) -> Contract:
    for number in range(6):
        chain.send(probe.functions.set(number), (alice, bob)[number % 2])
    return probe


def values(found: Any) -> list[int]:
    return [event["args"]["value"] for event in found]


def test_events__all__oldest_first(chain: Chain, busy_probe: Contract) -> None:
    assert values(chain.events(busy_probe.events.ValueSet)) == [0, 1, 2, 3, 4, 5]
    assert values(chain.events(busy_probe.events.ValueSet())) == [0, 1, 2, 3, 4, 5]


def test_events__filters_and_range__select(chain: Chain, busy_probe: Contract, bob: Account) -> None:
    event = busy_probe.events.ValueSet
    assert values(chain.events(event, filters={"by": bob.address})) == [1, 3, 5]
    assert values(chain.events(event, filters={"round": [1, 6]})) == [0, 5]
    assert values(chain.events(event, filters={"value": 4})) == [4]
    first = next(iter(chain.events(event)))["blockNumber"]
    assert values(chain.events(event, from_block=first + 1, to_block=first + 2)) == [1, 2]
    assert values(chain.events(event, from_block=99)) == []


def limited(longest: int, message: str) -> Callable[[Any, str, Any], Any]:
    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getLogs":
            first, last = (int(str(params[0][key]), 0) for key in ("fromBlock", "toBlock"))
            if last - first + 1 > longest:
                return refusal(message)
        return ask(method, params)

    return fault


@pytest.mark.parametrize("longest", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "message",
    [
        "query returned more than 10000 results",
        "eth_getLogs is limited to a 10,000 range",
        "block range too large",
        "query timeout exceeded",
        "Log response size exceeded",
    ],
)
def test_events__provider_has_limits__are_complete(
    line: Line, settings: Settings, busy_probe: Contract, longest: int, message: str
) -> None:
    remote = chain_behind(line, settings.home)
    line.fault = limited(longest, message)
    assert values(remote.events(bind_probe(remote, busy_probe.address).events.ValueSet)) == [0, 1, 2, 3, 4, 5]


def test_events__a_block_is_too_much__says_so(line: Line, settings: Settings, busy_probe: Contract) -> None:
    remote = chain_behind(line, settings.home)
    line.fault = limited(0, "response size exceeded")
    with pytest.raises(ChainError, match="response size exceeded"):
        list(remote.events(bind_probe(remote, busy_probe.address).events.ValueSet))


def test_events__another_refusal__is_not_repeated(
    line: Line, settings: Settings, busy_probe: Contract
) -> None:
    remote = chain_behind(line, settings.home)
    line.fault = limited(0, "not today")
    with pytest.raises(ChainError, match="the node refused: not today"):
        list(remote.events(bind_probe(remote, busy_probe.address).events.ValueSet))
    assert line.asked.count("eth_getLogs") == 1


def test_events__long_history__is_asked_in_pieces(
    line: Line, settings: Settings, busy_probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "LONGEST_RANGE", 2)
    remote = chain_behind(line, settings.home)
    assert values(remote.events(bind_probe(remote, busy_probe.address).events.ValueSet)) == [0, 1, 2, 3, 4, 5]
    assert line.asked.count("eth_getLogs") == 4


@pytest.fixture
def anvil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project" / "node_modules" / ".bin"
    folder.mkdir(parents=True)
    program = folder / "anvil"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (tmp_path / "project" / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "project" / "deep")
    monkeypatch.setattr(node, "_CLONE", tmp_path / "clone")
    return program


def test_find_anvil__in_node_modules_above__is_found(anvil: Path) -> None:
    assert node.find_anvil() == anvil


def test_find_anvil__on_path__comes_first(anvil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(anvil.parent))
    assert node.find_anvil() == anvil


def test_find_anvil__working_folder_is_elsewhere__is_found_in_the_clone(
    anvil: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node, "_CLONE", tmp_path / "project")
    assert node.find_anvil() == anvil


def test_find_anvil__nowhere__says_how_to_get_it(anvil: Path) -> None:
    anvil.unlink()
    with pytest.raises(NodeUnavailable, match="Anvil is not installed") as caught:
        node.find_anvil()
    assert "npm install" in caught.value.hint


def test_node_command__a_port__funds_the_ten_accounts(anvil: Path, tmp_path: Path) -> None:
    command = " ".join(node.node_command(tmp_path, 1234))
    assert "--host 127.0.0.1 --port 1234" in command
    assert f"--state {tmp_path}/anvil.json" in command
    assert "--accounts 10 --balance 10000" in command


def test_start_node__ends_at_once__says_so(
    anvil: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_require_free", lambda _: None)  # no sockets here
    with pytest.raises(NodeUnavailable, match=r"ended at once \(exit code 7\)") as caught:
        node.start_node(settings)
    assert "--port 8545" in caught.value.hint


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings)}


@pytest.fixture
def migrated(settings: Settings, alice: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for module in (migrations, deployments, health):
        monkeypatch.setattr(module, "load_artifact", lambda name: load_artifact(name, MOCKS))
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "m001_probe.py").write_text("def migrate(deploy):\n    deploy('ChainProbe', 5)\n")
    with connect(settings) as chain:
        migrate(settings, chain, alice, folder=folder)
    return settings


def test_examine__all_is_well__finds_no_fault(migrated: Settings) -> None:
    found = findings(migrated)
    assert all(finding.ok for finding in found.values())
    assert found["ChainProbe"].message.endswith("as compiled in this package")
    assert "id 1145654350, block 3" in found["chain"].message
    assert "py-evm" in found["versions"].message


def test_examine__nothing_deployed__says_what_to_do(settings: Settings) -> None:
    found = findings(settings)["deployments"]
    assert not found.ok
    assert "diln migrate" in found.hint


def test_examine__another_version__is_a_fault(migrated: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "load_artifact", lambda _: load_artifact("ChainInner", MOCKS))
    found = findings(migrated)["ChainProbe"]
    assert not found.ok
    assert "another version" in found.message


def test_examine__restarted_chain__is_a_fault(migrated: Settings) -> None:
    for path in migrated.home.glob("chain.sqlite*"):
        path.unlink()
    found = findings(migrated)["deployments"]
    assert not found.ok
    assert "nothing is deployed" in found.message


def test_examine__damaged_chain__is_a_fault(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    settings.chain_file.write_bytes(b"rubbish" * 1000)
    found = findings(settings)["chain"]
    assert not found.ok
    assert found.hint


def test_examine__keystores__are_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_ROUNDS", 2)
    assert findings(settings)["keystores"].message == "none yet"
    Accounts(settings).new("lab", "right")
    assert findings(settings)["keystores"].message == "1 kept, closed to others"
    path = settings.keystore_dir / "lab.json"
    path.chmod(path.stat().st_mode | stat.S_IRGRP)
    found = findings(settings)["keystores"]
    assert not found.ok
    assert found.hint == f"Run: chmod go= {path}"
    path.chmod(0o600)
    path.write_text("{}")
    assert "damaged" in findings(settings)["keystores"].message


def test_examine__no_anvil__is_no_fault(settings: Settings, anvil: Path) -> None:
    assert findings(settings)["anvil"].message == f"installed: {anvil}"
    anvil.unlink()
    found = findings(settings)["anvil"]
    assert found.ok
    assert "npm install" in found.hint
