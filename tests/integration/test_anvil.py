"""A real Anvil, started the way `diln node` starts it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.chain import Accounts, Deployments, connect, load_artifact, migrate, migrations, start_node
from orchestrator.chain import deployments as records
from orchestrator.config import Settings, load_settings
from orchestrator.errors import ChainError, NodeUnavailable
from tests.evm import MOCKS
from tests.integration.nodes import ROOT, NodeScenarios, settings_for
from tests.ports import free_port
from tests.unit.chain.probe import deploy_probe

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("anvil_installed")]


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where node_modules is


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def node(anvil: Settings) -> Settings:
    return anvil


class TestAnvil(NodeScenarios):
    pass


def test_start_node__ended_and_started__knows_its_chain(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, free_port())
    process = start_node(settings)
    chain = connect(settings)
    probe = deploy_probe(chain, Accounts(settings).get("alice"))
    genesis = chain.genesis_hash
    stop(process)
    with pytest.raises(NodeUnavailable, match="cannot be reached"):
        chain.head()
    process = start_node(settings)
    try:
        again = connect(settings)
        assert again.genesis_hash == genesis
        assert again.code(probe.address)
    finally:
        stop(process)


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_node__told_to_end__says_how_it_is_reached_and_keeps_its_state(
    tmp_path: Path, wish: signal.Signals
) -> None:
    """As systemd, Docker and CI end it: what was deployed is there when it starts again."""
    settings = settings_for(tmp_path, free_port())
    port = str(settings.network.url).rpartition(":")[2].strip("/")
    words = ["node", "--port", port, "--home", str(settings.home)]
    command = [sys.executable, "-c", "from orchestrator.cli import main; main()", *words]
    ended = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = ended.stdout.readline() if ended.stdout else ""
        assert f"--rpc-url http://127.0.0.1:{port}" in said
        probe = deploy_probe(connect(settings), Accounts(settings).get("alice"))
        ended.send_signal(wish)
        _, trouble = ended.communicate(timeout=60)
        assert "Traceback" not in trouble
    finally:
        if ended.poll() is None:
            ended.terminate()
            ended.communicate(timeout=60)
    with pytest.raises(NodeUnavailable):
        connect(settings).head()
    process = start_node(settings)
    try:
        assert connect(settings).code(probe.address)
    finally:
        stop(process)


def test_start_node__port_is_taken__says_so(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, free_port())
    process = start_node(settings)
    try:
        with pytest.raises(NodeUnavailable, match="is taken"):
            start_node(replace(settings, home=tmp_path / "other"))
    finally:
        stop(process)


def test_migrate_record__shipped_for_a_chain__is_used_from_another_folder(
    node: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person deploys and writes the record; another, in a folder of their own, has it in the package."""
    at, shipped = {"DILN_NETWORK": node.network.url}, tmp_path / "deployments"
    shipped.mkdir()

    def diln(home: str, *words: object) -> subprocess.CompletedProcess[str]:
        start = "from orchestrator.cli import script; script()"
        command = [sys.executable, "-c", start, *words, "--home", tmp_path / home]
        return subprocess.run(
            list(map(str, command)), env={**os.environ, **at}, capture_output=True, text=True, check=True
        )

    chain = connect(node)
    file = shipped / f"{chain.chain_id}.json"
    said = diln("alice", "migrate", "registry", "--record", file, "--from", "alice")
    assert json.loads(file.read_text())["name"] is None, "a URL may hold a key"
    assert f"wrote {file}: 1 contracts" in " ".join(said.stdout.split())
    monkeypatch.setattr(records, "PUBLIC", shipped)
    monkeypatch.setattr(Deployments, "_first_block", lambda *_: pytest.fail("old blocks were searched"))
    bob = load_settings(home=tmp_path / "bob", network=node.network.url, environ={})
    found = Deployments(bob, connect(bob)).entry("ModelRegistry")
    assert vars(found) == json.loads(file.read_text())["contracts"]["ModelRegistry"]


def test_get__node_restarted_without_its_state__says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "load_artifact", lambda name: load_artifact(name, MOCKS))
    settings = settings_for(tmp_path, free_port())
    (tmp_path / "m001_probe.py").write_text("def migrate(deploy):\n    deploy('ChainProbe', 5)\n")
    alice = Accounts(settings).get("alice")
    process = start_node(settings)
    migrate(settings, connect(settings), alice, folder=tmp_path)
    stop(process)
    (tmp_path / "anvil.json").unlink()
    process = start_node(settings)
    try:
        chain = connect(settings)
        with pytest.raises(ChainError) as caught:
            Deployments(settings, chain).get("ChainProbe")
        assert "diln migrate" in caught.value.hint
        migrate(settings, chain, alice, folder=tmp_path)
        assert Deployments(settings, chain).get("ChainProbe")
    finally:
        stop(process)
