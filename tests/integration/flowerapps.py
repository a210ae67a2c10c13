"""A Flower app in a folder, as `flwr run` and `diln federation flower` take it: digits, by a linear model.

The server and the nodes are processes of their own: what they need is in the configuration of the run and
of the node.
"""

import json
from pathlib import Path

from flwr.app import Context
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from orchestrator.bindings.federation import Federation
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.envelopes import Place
from orchestrator.systems.federation.flower.chain import ContractLedger
from orchestrator.systems.federation.flower.strategy import Chained
from tests.unit.systems.federation.flower.memory import LyingSeal, accuracy, initial, make_app

_PROJECT = """
[project]
name = "digits"
version = "1.0.0"
description = "Digits of the parties of a federation"
license = "MIT"
dependencies = []

[tool.flwr.app]
publisher = "diln"

[tool.flwr.app.components]
serverapp = "digits_app:server"
clientapp = "digits_app:client"

[tool.flwr.app.config]
"""


def write_app(folder: Path, code: str, **config: str | int) -> Path:
    """Write an app whose module has `code`; the configuration of its runs is `config`."""
    folder.mkdir()
    lines = [f"{name} = {json.dumps(value)}" for name, value in config.items()]
    (folder / "pyproject.toml").write_text(_PROJECT + "\n".join(lines) + "\n")
    (folder / "digits_app.py").write_text(code)
    return folder


def make_server() -> ServerApp:
    """The server: alice's, who holds a seat. The run's configuration names its state folder, `home`, the
    `federation` that alice created, how many `nodes` there are, and the file for a `report`.
    """
    server = ServerApp()

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        config, nodes = context.run_config, int(context.run_config["nodes"])
        with Session(load_settings(home=Path(str(config["home"])), environ={})) as session:
            found = Federation(session.chain, str(config["federation"]), 0)
            ledger = ContractLedger(session, found, session.account("alice"), session.chain.advance)
            inner = FedAvg(min_available_nodes=nodes, min_train_nodes=nodes, fraction_evaluate=0.0)
            chained = Chained(inner, ledger)
            report = Path(str(config["report"]))
            try:
                chained.start(grid, initial(), num_rounds=1)
            except Exception as error:  # else the test would wait for the report
                report.write_text(json.dumps([repr(error)]))
                raise
            report.write_text(json.dumps([each.reason for each in chained.rejected]))

    return server


def make_client(place: Place, nodes: int) -> ClientApp:
    """The nodes, of which the third opens another update than it committed to."""
    return make_app(LyingSeal(place), nodes)


def make_plain_server() -> ServerApp:
    """An app's server as anybody would write it: `rounds` of FedAvg, whose accuracy goes into a `report`."""
    server = ServerApp()

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        rounds = int(context.run_config["rounds"])
        strategy = FedAvg(min_available_nodes=2, min_train_nodes=2, min_evaluate_nodes=2)
        result = strategy.start(grid, initial(), num_rounds=rounds)
        Path(str(context.run_config["report"])).write_text(json.dumps(accuracy(result.arrays)))

    return server
