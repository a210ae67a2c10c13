"""
deployments and migrations
├── a migration: runs once, in order, tells its progress
├── killed: before sending, after sending, after mining: nothing is deployed twice
├── a restarted or reset chain: WrongChain or NotDeployed with what to do; migrating starts anew
└── records and migrations that are damaged: said plainly
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import (
    Account,
    Chain,
    Deployer,
    Deployments,
    connect,
    load_artifact,
    migrate,
    migrations,
)
from orchestrator.chain import artifact as artifacts
from orchestrator.chain.migrations import find_migrations, migrations_folder
from orchestrator.config import Settings
from orchestrator.errors import ChainError, NotDeployed, WrongChain
from tests.evm import MOCKS
from tests.unit.chain.faults import Line, chain_behind

FIRST = "def migrate(deploy):\n    deploy('ChainProbe', 5)\n"
SECOND = "def migrate(deploy):\n    assert deploy.address('ChainProbe')\n    deploy('ChainInner')\n"

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def mocks_are_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "load_artifact", lambda name: load_artifact(name, MOCKS))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    folder = tmp_path / "migrations"
    folder.mkdir()

    def write(**files: str) -> Path:
        for name, content in files.items():
            (folder / f"{name}.py").write_text(content)
        return folder

    return write


def test_migrate__two_migrations__run_in_order(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    seen: list[tuple[int, int]] = []
    folder = write(m002_inner=SECOND, m001_probe=FIRST, notes="raise AssertionError")
    deployed = migrate(settings, chain, alice, lambda done, total: seen.append((done, total)), folder)
    assert [each.name for each in deployed] == ["ChainInner", "ChainProbe"]
    probe = deployed[1]
    assert probe.arguments == (5,)
    assert probe.sender == alice.address
    assert probe.block == 1
    assert probe.migration == "m001_probe"
    assert chain.receipt(probe.transaction)
    assert load_artifact("ChainProbe", MOCKS).matches(chain.code(probe.address))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert Deployments(settings, chain).get("ChainProbe") == probe.address


def test_migrate__again__does_nothing(settings: Settings, chain: Chain, alice: Account, write: Write) -> None:
    folder = write(m001_probe=FIRST)
    first = migrate(settings, chain, alice, folder=folder)
    block = chain.head().number
    assert migrate(settings, chain, alice, folder=folder) == first
    assert chain.head().number == block


def test_migrate__a_later_migration__is_run_alone(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    migrate(settings, chain, alice, folder=write(m001_probe=FIRST))
    migrate(settings, chain, alice, folder=write(m002_inner=SECOND))
    assert Deployments(settings, chain).migrated() == ("m001_probe", "m002_inner")
    assert chain.head().number == 2


def test_migrate__a_later_migration_replaces__the_new_one_counts(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    (old,) = migrate(settings, chain, alice, folder=write(m001_probe=FIRST))
    (new,) = migrate(settings, chain, alice, folder=write(m002_probe=FIRST))
    assert old.address != new.address
    assert Deployments(settings, chain).get("ChainProbe") == new.address


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def kill(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("moment", ["record_sent", "record", "record_migrated"])
def test_migrate__killed__goes_on_and_deploys_once(
    settings: Settings,
    chain: Chain,
    alice: Account,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    folder = write(m001_probe=FIRST)
    with monkeypatch.context() as patched:
        patched.setattr(Deployments, moment, kill)
        with pytest.raises(Killed):
            migrate(settings, chain, alice, folder=folder)
    (deployed,) = migrate(settings, chain, alice, folder=folder)
    assert chain.head().number == 1  # one block: one transaction, whatever the moment
    assert deployed.block == 1


def test_migrate__killed_before_the_node_got_it__is_sent_again(
    settings: Settings, line: Line, alice: Account, write: Write
) -> None:
    chain = chain_behind(line, settings.home)

    def die(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            raise Killed
        return ask(method, params)

    line.fault = die
    folder = write(m001_probe=FIRST)
    with pytest.raises(Killed):
        migrate(settings, chain, alice, folder=folder)
    assert Deployments(settings, chain).sent("ChainProbe")
    line.fault = None
    migrate(settings, chain, alice, folder=folder)
    assert chain.head().number == 1
    assert Deployments(settings, chain).sent("ChainProbe") is None


def test_migrate__killed_in_the_second_deployment__keeps_the_first(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    broken = FIRST + "    raise KeyboardInterrupt\n"
    with pytest.raises(KeyboardInterrupt):
        migrate(settings, chain, alice, folder=write(m001_both=broken))
    migrate(settings, chain, alice, folder=write(m001_both=FIRST + "    deploy('ChainInner')\n"))
    assert chain.head().number == 2


def restart(settings: Settings) -> None:
    """What happens to a development node that forgets its state."""
    for path in settings.home.glob("chain.sqlite*"):
        path.unlink()


def test_get__restarted_chain__wrong_chain_says_what_to_do(
    settings: Settings, alice: Account, write: Write
) -> None:
    folder = write(m001_probe=FIRST)
    with connect(settings) as chain:
        migrate(settings, chain, alice, folder=folder)
    restart(settings)
    with connect(settings) as chain:
        with pytest.raises(WrongChain, match="first block differs") as caught:
            Deployments(settings, chain).get("ChainProbe")
        assert "diln migrate" in caught.value.hint
        migrate(settings, chain, alice, folder=folder)
        assert Deployments(settings, chain).get("ChainProbe")
    kept = list(settings.deployments_dir.glob(f"{chain.chain_id}.until-*.json"))
    assert len(kept) == 1


def test_get__same_first_block_but_no_code__not_deployed_says_what_to_do(
    settings: Settings, alice: Account, write: Write, tmp_path: Path
) -> None:
    folder = write(m001_probe=FIRST)
    connect(settings).close()
    shutil.copy(settings.chain_file, tmp_path / "empty")
    with connect(settings) as chain:
        migrate(settings, chain, alice, folder=folder)
    restart(settings)
    shutil.copy(tmp_path / "empty", settings.chain_file)
    with connect(settings) as chain:
        with pytest.raises(NotDeployed, match="restarted or reset") as caught:
            Deployments(settings, chain).get("ChainProbe")
        assert "diln migrate" in caught.value.hint
        migrate(settings, chain, alice, folder=folder)
        assert Deployments(settings, chain).get("ChainProbe")


def test_migrate__public_chain_differs__keeps_the_record(
    settings: Settings, line: Line, alice: Account, write: Write
) -> None:
    chain = chain_behind(line, settings.home)
    folder = write(m001_probe=FIRST)
    migrate(settings, chain, alice, folder=folder)
    other = chain_behind(line, settings.home)
    other.__dict__["development"] = False
    other.__dict__["genesis_hash"] = "0x" + "00" * 32
    with pytest.raises(WrongChain) as caught:
        migrate(settings, other, alice, folder=folder)
    assert "url" in caught.value.hint
    assert Deployments(settings, chain).get("ChainProbe")


def test_get__never_deployed__says_what_to_do(settings: Settings, chain: Chain) -> None:
    with pytest.raises(NotDeployed, match="ChainProbe is not deployed on network `embedded`") as caught:
        Deployments(settings, chain).get("ChainProbe")
    assert "diln migrate" in caught.value.hint


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"contracts": []}', '{"genesis": ""}', "\xff"])
def test_get__damaged_record__is_named(settings: Settings, chain: Chain, content: str) -> None:
    deployments = Deployments(settings, chain)
    deployments.path.parent.mkdir(parents=True)
    deployments.path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ChainError, match=r"\.json is damaged"):
        deployments.get("ChainProbe")


def test_record__arguments_of_each_kind__are_json(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    folder = write(m001_probe="def migrate(deploy):\n    deploy('ChainProbe', 2**200)\n")
    migrate(settings, chain, alice, folder=folder)
    content = json.loads(Deployments(settings, chain).path.read_text())
    assert content["contracts"]["ChainProbe"]["arguments"] == [str(2**200)]
    assert content["chainId"] == chain.chain_id
    assert content["genesis"] == chain.genesis_hash


def test_record__disk_fails__keeps_the_old_record(
    settings: Settings, chain: Chain, alice: Account, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    migrate(settings, chain, alice, folder=write(m001_probe=FIRST))
    before = Deployments(settings, chain).path.read_text()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(ChainError, match="No space left on device"):
            migrate(settings, chain, alice, folder=write(m002_inner=SECOND))
    assert Deployments(settings, chain).path.read_text() == before
    assert [path.suffix for path in settings.deployments_dir.iterdir() if "part" in path.name] == []


def test_find_migrations__shipped__are_well_formed() -> None:
    for name, run in find_migrations(migrations_folder()):
        assert name.startswith("m")
        assert callable(run)


def test_find_migrations__number_twice__is_refused(write: Write) -> None:
    with pytest.raises(ChainError, match="two migrations have the number m001"):
        find_migrations(write(m001_a=FIRST, m001_b=FIRST))


def test_find_migrations__no_function__is_refused(write: Write) -> None:
    with pytest.raises(ChainError, match="has no function `migrate`"):
        find_migrations(write(m001_a="x = 1\n"))


def test_deploy__unknown_contract__is_refused(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    folder = write(m001_a="def migrate(deploy):\n    deploy('Nonsense')\n")
    with pytest.raises(ChainError, match="no contract named Nonsense"):
        migrate(settings, chain, alice, folder=folder)


def test_deployer__a_migration__can_reach_chain_and_sender(
    settings: Settings, chain: Chain, alice: Account
) -> None:
    deployer = Deployer(Deployments(settings, chain), alice, "m001_x")
    assert deployer.chain is chain
    assert deployer.sender is alice


def test_load_artifact__each_shipped__is_whole() -> None:
    for name in artifacts.artifact_names():
        found = load_artifact(name)
        assert found.name == name
        assert found.bytecode
        assert found.matches(found.deployed_bytecode)
        assert not found.matches(found.deployed_bytecode + b"\0")


def test_load_artifact__unknown__lists_what_there_is() -> None:
    with pytest.raises(ChainError) as caught:
        load_artifact("Nonsense", MOCKS)
    assert "ChainProbe" in caught.value.hint


def test_matches__immutables__do_not_count() -> None:
    found = load_artifact("ChainProbe", MOCKS)
    assert found.immutables
    (start, length), *_ = found.immutables
    code = bytearray(found.deployed_bytecode)
    code[start : start + length] = b"\xaa" * length
    assert found.matches(bytes(code))
    code[0] ^= 1
    assert not found.matches(bytes(code))


def test_migrate__as_shipped__runs_and_matches_the_artifacts(
    settings: Settings, chain: Chain, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "load_artifact", load_artifact)
    for deployed in migrate(settings, chain, alice):
        assert load_artifact(deployed.name).matches(chain.code(deployed.address))
