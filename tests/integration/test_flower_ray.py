"""Flower's own simulation on Ray: actors train and seal, a lying node is left out, the others go on."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")
pytest.importorskip("ray", reason="Ray is not installed: pip install 'diln[ray]'")

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from orchestrator.systems.federation.flower.strategy import Chained
from tests.unit.systems.federation.flower.memory import (
    LyingSeal,
    MemoryLedger,
    accuracy,
    initial,
    make_app,
    sealed,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # those of Ray and Flower are theirs
]
NODES = 4


@pytest.fixture
def ray() -> Iterator[None]:
    yield
    import ray

    ray.shutdown()


@pytest.mark.usefixtures("ray")
def test_a_lying_node_is_left_out_and_the_others_go_on() -> None:
    ledger, found = MemoryLedger(), {}
    server, chained = ServerApp(), Chained(FedAvg(min_available_nodes=NODES, min_train_nodes=NODES), ledger)

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        found["arrays"] = chained.start(grid, initial(), num_rounds=2).arrays

    settings: dict[str, Any] = {
        "client_resources": {"num_cpus": 1},
        "init_args": {"num_cpus": 2, "include_dashboard": False, "object_store_memory": 100 << 20},
    }
    app = make_app(sealed(LyingSeal), NODES)
    run_simulation(server, app, num_supernodes=NODES, backend_config=settings)
    assert ledger.claims == [(0, 1, 3)] * 2
    assert ["opened something else" in each.reason for each in chained.rejected] == [True] * 2
    assert accuracy(found["arrays"]) > 0.7
