"""The whole job through real nodes: Anvil and Ganache."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.chain import Account, migrate
from orchestrator.config import Settings
from orchestrator.pipeline.projects import create_project
from orchestrator.pipeline.publishing import Published, publish
from orchestrator.pipeline.training import train
from orchestrator.pipeline.workspace import Workspace
from tests.integration.jobs import do_the_whole_job, publish_together
from tests.unit.pipeline.desk import write_spec

pytestmark = pytest.mark.integration


def test_job__through_anvil__from_training_to_proof(anvil: Settings, tmp_path: Path) -> None:
    do_the_whole_job(anvil, tmp_path)


def test_job__through_ganache__from_training_to_proof(ganache: Settings, tmp_path: Path) -> None:
    do_the_whole_job(ganache, tmp_path)


def test_publish__signed_for_anvil_first__goes_through_ganache_too(
    anvil: Settings, ganache: Settings, tmp_path: Path
) -> None:
    settings = replace(anvil, home=tmp_path / ".diln")
    run, _ = train(settings, write_spec(tmp_path, name="travellers"))
    for chosen in (anvil, ganache):
        with Workspace(replace(settings, network=chosen.network)) as workspace:
            publish_together(workspace, run, "travellers")


class Killed(BaseException):
    """Like SIGKILL, nothing catches it."""


def test_publish__killed_while_its_transaction_waits_to_be_mined__sends_no_other(
    anvil: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(anvil, home=tmp_path / ".diln")
    run, _ = train(settings, write_spec(tmp_path, name="waiting"))
    with Workspace(settings) as workspace:
        alice = workspace.account("alice")
        migrate(settings, workspace.chain, alice)
        create_project(workspace, "waiting", alice)
        ask = workspace.chain.web3.provider.make_request
        ask("evm_setAutomine", [False])  # type: ignore[arg-type]
        monkeypatch.setattr("orchestrator.chain.delivery.Delivery.complete", die)
        begun = sent_by(workspace, alice)
        with pytest.raises(Killed):
            publish(workspace, run, alice)
        monkeypatch.undo()
        miner = threading.Timer(1.0, lambda: ask("evm_setAutomine", [True]) and workspace.chain.mine())  # type: ignore[arg-type]
        miner.start()
        published = publish(workspace, run, alice)
        miner.join()
        assert isinstance(published, Published)
        assert sent_by(workspace, alice) == begun + 1
        [version] = workspace.registry.versions(published.project.id)
        assert version.id == published.version.id


def die(*_: object) -> None:
    raise Killed


def sent_by(workspace: Workspace, account: Account) -> int:
    return workspace.chain.web3.eth.get_transaction_count(account.address)  # type: ignore[arg-type]
