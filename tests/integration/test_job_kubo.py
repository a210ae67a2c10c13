"""The whole job with a real Kubo: what is published there is fetched and verified from there."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.prove.loading import load_published
from tests.integration.daemons import Kubo
from tests.integration.jobs import ROW, do_the_whole_job, publish_together
from tests.unit.pipeline.desk import PROJECT, write_spec

pytestmark = pytest.mark.integration


def test_job__with_kubo__from_training_to_proof(kubo_daemon: Kubo, tmp_path: Path) -> None:
    settings = replace(load_settings(home=tmp_path, environ={}), storage=kubo_daemon.config)
    do_the_whole_job(settings, tmp_path)


def test_load_published__from_another_machine__comes_from_kubo(kubo_daemon: Kubo, tmp_path: Path) -> None:
    from orchestrator.systems.prove.predicting import predict
    from orchestrator.systems.prove.training import train

    here = replace(load_settings(home=tmp_path / "here", environ={}), storage=kubo_daemon.config)
    run, _ = train(here, write_spec(tmp_path, seed=4))
    with Session(here) as session:
        published = publish_together(session, run, on_chain=False)
        pinned = kubo_daemon.ipfs("pin", "ls", "--type=recursive", "--quiet").decode().split()
        assert {published.version.artifact_cid, published.version.manifest_cid} <= set(pinned)
    there = replace(here, home=tmp_path / "there")
    shutil.copytree(here.home, there.home, ignore=shutil.ignore_patterns("store", "models", "cache"))
    with Session(there) as session:
        model = load_published(session, f"{PROJECT}@1", session.account("alice").address)
        assert model.path.read_bytes() == run.model.read_bytes()
        assert predict(session, model, [ROW])[0].output["label"] == "lily"
