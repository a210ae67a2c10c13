"""The whole job through real nodes: Anvil and Ganache."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.chain import Account, migrate
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.publishing import Published, publish
from orchestrator.systems.prove.training import train
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
        with Session(replace(settings, network=chosen.network)) as session:
            publish_together(session, run, "travellers")


class Killed(BaseException):
    """Like SIGKILL, nothing catches it."""


def test_publish__killed_while_its_transaction_waits_to_be_mined__sends_no_other(
    anvil: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(anvil, home=tmp_path / ".diln")
    run, _ = train(settings, write_spec(tmp_path, name="waiting"))
    with Session(settings) as session:
        alice = session.account("alice")
        migrate(settings, session.chain, alice)
        create_project(session, "waiting", alice)
        ask = session.chain.web3.provider.make_request
        ask("evm_setAutomine", [False])  # type: ignore[arg-type]
        monkeypatch.setattr("orchestrator.chain.delivery.Delivery.complete", die)
        begun = sent_by(session, alice)
        with pytest.raises(Killed):
            publish(session, run, alice)
        monkeypatch.undo()
        miner = threading.Timer(1.0, lambda: ask("evm_setAutomine", [True]) and session.chain.mine())  # type: ignore[arg-type]
        miner.start()
        published = publish(session, run, alice)
        miner.join()
        assert isinstance(published, Published)
        assert sent_by(session, alice) == begun + 1
        [version] = session.registry.versions(published.project.id)
        assert version.id == published.version.id


def die(*_: object) -> None:
    raise Killed


def sent_by(session: Session, account: Account) -> int:
    return session.chain.web3.eth.get_transaction_count(account.address)  # type: ignore[arg-type]
