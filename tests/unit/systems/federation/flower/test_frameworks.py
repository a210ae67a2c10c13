"""Whatever gives arrays can be trained together: a model of PyTorch, one of Keras, by names and shapes.

PyTorch's wheels for Linux bring gigabytes for graphics cards, and Keras computes by another library: both are
extras, and tried where they are.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Template
from orchestrator.systems.federation.flower.grid import EmbeddedGrid
from orchestrator.systems.federation.flower.records import from_units, template_of, to_units
from orchestrator.systems.federation.flower.strategy import Chained
from tests.unit.systems.federation.flower.memory import DATA, MemoryLedger, sealed

NODES = 3
Arrays = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("flwr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def record(arrays: Arrays) -> ArrayRecord:
    return ArrayRecord({name: Array(np.ascontiguousarray(each)) for name, each in arrays.items()})


def trained(begin: Arrays, train: Callable[[Arrays, np.ndarray, np.ndarray], Arrays]) -> Arrays:
    """The model after two rounds of three nodes, each of which trains on its share of the digits."""
    app = ClientApp(mods=[seal := sealed()])

    @app.train()
    def on_train(message: Message, context: Context) -> Message:
        node = int(context.node_config["partition-id"])
        rows, labels = DATA.features[node::NODES], DATA.labels[node::NODES]
        given = {name: each.numpy() for name, each in message.content["arrays"].items()}
        content = {
            "arrays": record(train(given, rows.astype(np.float32), labels)),
            "metrics": MetricRecord({"num-examples": len(labels)}),
        }
        return Message(RecordDict(content), reply_to=message)

    seal.register(app)
    template = template_of(record(begin))
    start = to_units(template, record(begin))
    ledger = MemoryLedger(model=start)
    strategy = FedAvg(fraction_evaluate=0.0)
    chained = Chained(strategy, ledger)
    found = chained.start(EmbeddedGrid(app, NODES), from_units(template, start), num_rounds=2)
    assert chained.rejected == []
    assert ledger.claims == [(0, 1, 2)] * 2
    return {name: each.numpy() for name, each in found.arrays.items()}


@pytest.mark.filterwarnings("ignore")  # those of the framework are its own
def test_a_model_of_pytorch_is_trained_together() -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'diln[torch]'")
    torch.manual_seed(0)
    torch.set_num_threads(1)

    def fresh() -> Any:
        return torch.nn.Sequential(torch.nn.Linear(64, 10))

    def train(given: Arrays, rows: np.ndarray, labels: np.ndarray) -> Arrays:
        model = fresh()
        model.load_state_dict({name: torch.from_numpy(each.copy()) for name, each in given.items()})
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        for _ in range(60):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(
                model(torch.from_numpy(rows)), torch.from_numpy(labels)
            ).backward()
            optimizer.step()
        return {name: each.numpy() for name, each in model.state_dict().items()}

    begin = {name: each.numpy() for name, each in fresh().state_dict().items()}
    found = trained(begin, train)
    assert list(found) == ["0.weight", "0.bias"]
    guesses = (DATA.test_features @ found["0.weight"].T + found["0.bias"]).argmax(axis=1)
    assert (guesses == DATA.test_labels).mean() > 0.85


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_keras_is_trained_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "KERAS_BACKEND", "jax"
    )  # which the extra brings; without it, Keras looks for TensorFlow
    keras: Any = pytest.importorskip("keras", reason="Keras is not installed: pip install 'diln[keras]'")
    keras.utils.set_random_seed(0)

    def fresh() -> Any:
        return keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])

    def train(given: Arrays, rows: np.ndarray, labels: np.ndarray) -> Arrays:
        model = fresh()
        model.set_weights(list(given.values()))
        model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
        model.fit(rows, labels, epochs=5, batch_size=32, verbose=0)
        return dict(zip(given, model.get_weights(), strict=True))

    begin = dict(zip(("kernel", "bias"), fresh().get_weights(), strict=True))
    found = trained(begin, train)
    guesses = (DATA.test_features @ found["kernel"] + found["bias"]).argmax(axis=1)
    assert (guesses == DATA.test_labels).mean() > 0.85


def test_arrays_that_cannot_be_averaged_are_refused_by_name() -> None:
    """Such as the counter of batches in PyTorch's normalization."""
    with pytest.raises(DataError, match="num_batches_tracked is of type int64, which cannot be averaged"):
        template_of(
            record({"0.weight": np.zeros(3, np.float32), "num_batches_tracked": np.zeros(1, np.int64)})
        )


def test_templates_differ_by_name_shape_order_and_type() -> None:
    model = {"W": np.zeros((2, 3), np.float32), "b": np.zeros(3, np.float32)}
    others = [
        {"V": model["W"], "b": model["b"]},
        {"W": model["W"].T, "b": model["b"]},
        {"b": model["b"], "W": model["W"]},
        {"W": model["W"].astype(np.float64), "b": model["b"]},
    ]
    digests = {Template.of(each).digest for each in [model, *others]}
    assert len(digests) == 5
