"""Flower's own server and nodes, each a process: a lying node is left out and fined, the others go on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from orchestrator.bindings.federation import Finalized
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import open_federation
from tests.integration.flowerapps import write_app
from tests.integration.nodes import ROOT
from tests.ports import free_port
from tests.unit.systems.federation.flower.onchain import federation

pytestmark = pytest.mark.integration
PARTIES = ("alice", "bob", "carol")
LIAR = PARTIES[2]
CODE = """
from orchestrator.systems.federation.envelopes import Place
from tests.integration.flowerapps import make_client, make_server

server = make_server()
client = make_client(Place({chain_id}, "{contract}"), {nodes})
"""


class Flower:
    """Flower's commands, with a home of their own, and without reports to Flower's makers."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        home.mkdir()
        address = f'address = "127.0.0.1:{self.port}"\ninsecure = true\n'
        (home / "config.toml").write_text(f'[superlink]\ndefault = "here"\n\n[superlink.here]\n{address}')

    def command(self, name: str, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name(name)), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        modules = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {"FLWR_HOME": str(self.home), "FLWR_TELEMETRY_ENABLED": "0"}
        own |= {"PYTHONPATH": modules, "PATH": commands}
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return os.environ | own | threads

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    @contextmanager
    def running(self, log: str, name: str, *arguments: str) -> Iterator[None]:
        with (self.home / f"{log}.log").open("wb") as output:
            process = subprocess.Popen(
                self.command(name, *arguments), env=self.environment, stdout=output, stderr=output
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def superlink(self) -> str:
        return f"127.0.0.1:{self.port}"


def test_a_lying_node_of_a_superlink_is_fined_and_the_round_goes_on(tmp_path: Path) -> None:
    flower, report = Flower(tmp_path / "flower"), tmp_path / "report.json"
    with Session(load_settings(home=tmp_path / "home", environ={})) as session:
        migrate(session.settings, session.chain, session.account("judy"), ["federation"])
        found = federation(session, 1, PARTIES, quorum=2)
        deposit = found.party_of(session.account(LIAR).address).deposit
        code = CODE.format(chain_id=session.chain.chain_id, contract=found.address, nodes=len(PARTIES))
        config = {"home": str(session.settings.home), "federation": found.address}
        app = write_app(tmp_path / "app", code, **config, nodes=len(PARTIES), report=str(report))
    with ExitStack() as stack:
        start = ["--insecure", "--disable-runtime-dependency-installation", "--port", str(flower.port)]
        stack.enter_context(flower.running("superlink", "flower-superlink", *start))
        for place, name in enumerate(PARTIES):
            node = f'partition-id={place} diln-home="{config["home"]}" diln-account="{name}"'
            own = ["--superlink", flower.superlink(), "--port", str(free_port()), "--node-config", node]
            stack.enter_context(flower.running(name, "flower-supernode", "--insecure", *own))
        ended = time.monotonic() + 60
        while True:
            run = subprocess.run(
                flower.command("flwr", "run", str(app), "here"),
                env=flower.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode == 0:
                break
            assert time.monotonic() < ended, run.stdout + run.stderr
            time.sleep(1)
        ended = time.monotonic() + 300
        while not report.exists():
            assert time.monotonic() < ended, "\n".join(flower.log(each) for each in ("superlink", *PARTIES))
            time.sleep(1)
    assert ["opened something else" in reason for reason in json.loads(report.read_text())] == [True]
    with Session(load_settings(home=tmp_path / "home", environ={})) as session:
        found = open_federation(session, found.address)
        [finalized] = found.events(Finalized)
        assert finalized.accepted == 0b011
        assert found.party_of(session.account(LIAR).address).deposit < deposit
