"""The experiment `flower`: what a strategy gives alone, what it gives over the contract, and at what gas."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAdam, FedAvg, FedMedian, FedTrimmedAvg, Krum, Strategy

from orchestrator.bindings.federation import Federation
from orchestrator.chain.development import NAMES
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.envelopes import Place
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted
from orchestrator.systems.federation.experiments.onchain import begin, gas_since, session
from orchestrator.systems.federation.flower.chain import ContractLedger
from orchestrator.systems.federation.flower.grid import EmbeddedGrid
from orchestrator.systems.federation.flower.mod import Seal
from orchestrator.systems.federation.flower.strategy import Chained
from orchestrator.systems.federation.rounds import finished
from orchestrator.systems.federation.simulation.datasets import digits
from orchestrator.systems.federation.simulation.networks import Network, Training, train
from orchestrator.types import Report

NODES, ROUNDS = 6, 3
NETWORK, TRAINING = Network(inputs=64, classes=10), Training(epochs=2)


@dataclass(frozen=True)
class _Case:
    make: Callable[[], Strategy]
    terms: dict[str, Any] = field(default_factory=dict)


CASES = {
    "FedAvg": _Case(lambda: FedAvg(fraction_evaluate=0.0)),
    "FedMedian": _Case(lambda: FedMedian(fraction_evaluate=0.0), {"rule": "median"}),
    "FedTrimmedAvg": _Case(
        lambda: FedTrimmedAvg(fraction_evaluate=0.0, beta=0.2), {"rule": "trimmed-mean", "trim": 1}
    ),
    "Krum": _Case(
        lambda: Krum(fraction_evaluate=0.0, num_malicious_nodes=1),
        {"rule": "multi-krum", "faulty": 1, "keep": 1},
    ),
    "FedAdam": _Case(lambda: FedAdam(fraction_evaluate=0.0, eta=0.05)),
}


def compare(progress: Report | None = None) -> Outcome:
    """Each strategy alone and over a federation of its rule; seeds are fixed."""
    logging.getLogger("flwr").setLevel(logging.WARNING)
    rows: list[Row] = []
    with session() as opened:
        for name, case in counted(CASES.items(), progress):
            rows.append({"strategy": name} | _compared(opened, case))
    apart = [abs(row["chained"] - row["alone"]) for row in rows]
    checks = [
        Check.at_most("the contract changes nothing of the accuracy", apart, 0.001),
        Check.at_most(
            "its whole numbers are within a unit and a half of Flower's floats",
            [row["units"] for row in rows if row["units"] is not None],
            1.5,
        ),
        Check(
            "every round is finalized, and no node left out",
            all(row["rounds"] == ROUNDS and row["left_out"] == 0 for row in rows),
            ", ".join(str(row["rounds"]) for row in rows),
        ),
    ]
    picture = Picture("strategy", ("alone", "chained"), bars=True)
    return Outcome(rows, checks, picture)


def _compared(opened: Session, case: _Case) -> Row:
    alone = case.make().start(EmbeddedGrid(_app(), NODES), _record(np.zeros(NETWORK.size)), num_rounds=ROUNDS)
    names = NAMES[:NODES]
    terms = {
        "features": tuple(f"pixel {number}" for number in range(NETWORK.inputs)),
        "classes": tuple(str(number) for number in range(NETWORK.classes)),
        "rounds": ROUNDS,
        "quorum": NODES,
        "width": 4,
        "max_weight": 65_535,
    }
    stage = begin(opened, names, **terms | case.terms)
    found: Federation = stage.federation
    ledger = ContractLedger(opened, found, opened.account(names[0]), opened.chain.advance)
    place = Place(opened.chain.chain_id, found.address)
    seal = Seal(place, lambda context: opened.account(names[int(context.node_config["partition-id"])]))
    chained, head = Chained(case.make(), ledger), opened.chain.head().number
    together = chained.start(
        EmbeddedGrid(_app(seal), NODES), _record(np.zeros(NETWORK.size)), num_rounds=ROUNDS
    )
    return {
        "alone": round(_accuracy(alone.arrays), 4),
        "chained": round(_accuracy(together.arrays), 4),
        "units": round(max(chained.differences), 2) if chained.differences else None,
        "gas_a_round": round(gas_since(opened, head) // ROUNDS, -4),
        "rounds": len(finished(found)),
        "left_out": len(chained.rejected),
    }


def _app(seal: Seal | None = None) -> ClientApp:
    """A node trains on its share of the digits, in the same order however it is run."""
    app, data = ClientApp(mods=[seal] if seal else []), digits(0)

    def on_train(message: Message, context: Context) -> Message:
        node = int(context.node_config["partition-id"])
        rows, labels = data.features[node::NODES], data.labels[node::NODES]
        rng = np.random.default_rng([node, int(message.content["config"]["server-round"])])
        after = train(NETWORK, _weights(message.content["arrays"]), rows, labels, rng, TRAINING)
        content = {"arrays": _record(after), "metrics": MetricRecord({"num-examples": len(labels)})}
        return Message(RecordDict(content), reply_to=message)

    app.train()(on_train)
    if seal:
        seal.register(app)
    return app


def _record(weights: np.ndarray[Any, np.dtype[np.float64]]) -> ArrayRecord:
    names = ("weights", "bias")
    arrays = [np.ascontiguousarray(each, np.float32) for each in NETWORK.layers(weights)]
    return ArrayRecord({name: Array(each) for name, each in zip(names, arrays, strict=True)})


def _weights(record: ArrayRecord) -> Any:
    return np.concatenate([each.numpy().astype(np.float64).ravel() for each in record.values()])


def _accuracy(record: ArrayRecord) -> float:
    data = digits(0)
    return NETWORK.accuracy(_weights(record), data.test_features, data.test_labels)
