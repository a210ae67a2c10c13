"""A Flower app, unchanged, without any server: two parties, each with a Kubo of its own, and a chain."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from orchestrator.bindings.federation import Finalized, Phase
from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.template import write_arrays
from orchestrator.systems.federation import creating, verifying
from orchestrator.systems.federation.finding import open_federation
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.offer import Offer
from orchestrator.systems.federation.rounds import phase_of
from tests.integration.daemons import Kubo
from tests.integration.flowerapps import write_app
from tests.integration.nodes import ROOT
from tests.unit.systems.federation.flower.memory import initial

pytestmark = pytest.mark.integration
PARTIES, ROUNDS = ("alice", "bob"), 2
CODE = """
from tests.integration.flowerapps import make_plain_server
from tests.unit.systems.federation.flower.memory import make_app

server = make_plain_server()
client = make_app(None, 2)
"""


@pytest.fixture
def kubos(kubo_installed: None, tmp_path: Path) -> Iterator[dict[str, Kubo]]:
    """Two daemons that know of each other, and of nobody else."""
    made = {}
    for name in PARTIES:
        (tmp_path / name).mkdir()
        made[name] = Kubo(tmp_path / name)
    try:
        for daemon in made.values():
            daemon.start(offline=False)
        made["bob"].connect(made["alice"])
        yield made
    finally:
        for daemon in made.values():
            daemon.stop()


def run(app: Path, settings: Settings, name: str, address: str, report: Path) -> subprocess.Popen[str]:
    """`diln federation flower` of one party."""
    place = PARTIES.index(name)
    start = "from orchestrator.cli import script; script()"
    command = [sys.executable, "-c", start, "federation", "flower", str(app), "--json", "--yes"]
    command += ["--from", name, "--federation", address, "--interval", "1"]
    command += ["--node-config", f"partition-id={place} num-partitions=2"]
    command += ["--run-config", f'report="{report}"']
    environ = {
        "DILN_HOME": str(settings.home),
        "DILN_NETWORK": str(settings.network.url),
        "DILN_STORAGE": "kubo",
        "DILN_KUBO": settings.storage.kubo,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_parties_with_a_kubo_each_train_together(
    anvil: Settings, kubos: dict[str, Kubo], tmp_path: Path
) -> None:
    settings = {
        name: replace(anvil, home=tmp_path / f"home-{name}", storage=kubos[name].config) for name in PARTIES
    }
    app = write_app(tmp_path / "app", CODE, rounds=ROUNDS, report="")
    first = tmp_path / "first.npz"
    write_arrays(first, {name: each.numpy() for name, each in initial().items()})
    offer = Offer(
        name="digits",
        arrays=str(first),
        reward="0.1",
        deposit="0.1",
        rounds=ROUNDS,
        seats=2,
        quorum=2,
        rule="mean",
        width=2,
        max_weight=1000,
    )
    with Session(settings["alice"]) as alice, Session(settings["bob"]) as bob:
        migrate(alice.settings, alice.chain, alice.account("judy"), ["federation"])
        organizer = alice.account("alice")
        made = creating.create(alice, creating.plan(alice, offer, organizer), organizer)
        join(alice, made, organizer, None)
        join(bob, open_federation(bob, made.address), bob.account("bob"), None)
        reports = {name: tmp_path / f"{name}.json" for name in PARTIES}
        running = {name: run(app, settings[name], name, made.address, reports[name]) for name in PARTIES}
        ended = time.monotonic() + 300
        while any(each.poll() is None for each in running.values()) and time.monotonic() < ended:
            left = made.clock().ends_at - int(alice.chain.now())
            if phase_of(made) is Phase.CHALLENGING and left > 0:
                alice.chain.advance(left)
            time.sleep(1)
        for each in running.values():
            each.kill()
        said = {name: each.communicate() for name, each in running.items()}
        assert [each.returncode for each in running.values()] == [0, 0], said
        heard = [json.loads(out) for out, _ in said.values()]
        assert heard[0] == heard[1]
        assert [(each["round"], each["updates"], each["included"]) for each in heard[0]] == [
            (1, 2, True),
            (2, 2, True),
        ]
        finalized = list(made.events(Finalized))
        assert [each["model"] for each in heard[0]] == [each.model_root.hex() for each in finalized]
        accuracies = [json.loads(report.read_text()) for report in reports.values()]
        assert min(accuracies) > 0.8
        assert [each.fault for each in verifying.verify(bob, made)] == ["", ""]
