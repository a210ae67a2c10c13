"""Python and the EVM compute the same outputs, predictions and tallies, bit for bit.

networks
├── plain Solidity, lanes and dot kernel
│   ├── random, extreme weights and biases included
│   ├── narrow, with biases and shifts that lanes as narrow could not hold
│   ├── wide (several words a row, samples left over)
│   └── 784-32-10
└── scores from the runner, over samples kept as code
    ├── accuracy, macro-F1, mean absolute error
    └── one output and several
trees
├── random
└── malformed: refused
"""

from itertools import pairwise

import numpy as np
import pytest

from orchestrator.models.integer import (
    IntegerNetwork,
    Layer,
    encode_model,
    encode_samples,
    points,
    predict,
    tally,
)
from tests.evm import Evm, Reverted
from tests.parity.machine import fastest_machine
from tests.parity.random_models import random_network, random_samples, random_trees

METRICS = {"accuracy": 0, "macro-f1": 1, "mae": 2}


@pytest.fixture(scope="module")
def chain():
    evm = Evm()
    return evm, evm.deploy("CompetitionKernels"), evm.deploy("ModelRunner")


def assert_network_agrees(chain, network, samples):
    evm, kernels, _ = chain
    model = encode_model(network)
    rows = [bytes(sample.tolist()) for sample in samples]
    expected = network.run(samples).tolist()
    assert evm.call(kernels.functions.plain(model, rows[:1])) == expected[:1]
    assert evm.call(kernels.functions.dot(model, rows)) == expected
    stride = network.inputs + 1
    data = b"".join(row + b"\x5a" for row in rows)
    assert evm.call(kernels.functions.lanes(model, data, stride)) == expected


def keep(chain, data, function="store"):
    evm, kernels, _ = chain
    receipt = evm.send(kernels.functions[function](data))
    return evm.events(kernels, "Stored", receipt)[0]["head"]


def assert_tally_agrees(chain, model, features, labels, classes, metric):
    evm, _, runner = chain
    encoded = encode_model(model)
    evm.send(runner.functions.keep(encoded))
    data = keep(chain, encode_samples(features, labels, classes), "storeRaw")
    expected = predict(model, features, classes)
    head = evm.call(runner.functions.check(encoded, model.inputs, classes))
    for sample, prediction in zip(features[:2], expected, strict=False):
        found = evm.call(runner.functions.predict(head, bytes(sample.tolist()), classes))
        assert found == prediction
    job = (data, 1, len(features) - 1, model.inputs, classes, METRICS[metric])
    summed = tally(metric, classes, expected[1:], labels[1:])
    assert evm.call(runner.functions.tally(encoded, job)) == [head, summed]


@pytest.mark.parametrize("seed", range(25))
def test_kernels__random_network__equal_python(chain, seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    assert_network_agrees(chain, network, random_samples(rng, int(rng.integers(1, 31)), network.inputs))


@pytest.mark.parametrize(
    ("sizes", "extreme"), [((100, 33, 65, 7), 127), ((300, 3), -128), ((64, 16, 10), 127)]
)
def test_kernels__wide_extreme_network__equal_python(chain, sizes, extreme):
    layers = tuple(
        Layer(np.full((m, n), extreme, np.int64), np.full(m, (2**31 - 1) * (1 if extreme > 0 else -1)), 31)
        for n, m in pairwise(sizes)
    )
    network = IntegerNetwork(layers)
    assert_network_agrees(chain, network, np.full((15, sizes[0]), 255))


def narrow_network(rng, sizes, shift):
    """Weights of a few kinds; biases at the ends of int32, or where a neuron passes a multiple of 2^shift."""
    layers = []
    for n, m in pairwise(sizes):
        weights = rng.integers(-128, 128, (m, n)) if rng.random() < 0.8 else rng.choice([-128, 127], (m, n))
        near = rng.integers(-1, 258, m) * 2**shift + rng.integers(-140_000, 140_000, m)
        far = rng.integers(-(2**31), 2**31, m)
        ends = rng.choice([-(2**31), 2**31 - 1], m)
        biases = np.clip(np.choose(rng.integers(0, 3, m), [near, far, ends]), -(2**31), 2**31 - 1)
        layers.append(Layer(weights.astype(np.int64), biases.astype(np.int64), shift))
    return IntegerNetwork(tuple(layers))


@pytest.mark.parametrize("shift", [0, 8, 9, 16, 17, 18, 19, 23, 24, 30, 31])
def test_kernels__narrow_network_of_any_bias__equal_python(chain, shift):
    rng = np.random.default_rng([shift, 4])
    for last in (1, 3):
        sizes = [*rng.integers(1, 5, int(rng.integers(1, 4))).tolist(), last]
        network = narrow_network(rng, sizes, shift)
        assert_network_agrees(chain, network, random_samples(rng, 13, network.inputs))
    network = narrow_network(rng, [int(rng.integers(1, 5)), 4, 4, 1], shift)
    features = random_samples(rng, 30, network.inputs)
    assert_tally_agrees(chain, network, features, rng.integers(0, 2, 30), 2, "accuracy")
    labels = rng.integers(-(2**31), 2**31, 30)
    assert_tally_agrees(chain, network, features, labels, 0, "mae")


def test_kernels__784_32_10__equal_python(chain):
    rng = np.random.default_rng(7)
    layers = tuple(
        Layer(rng.integers(-127, 128, (m, n)), rng.integers(-5000, 5000, m), 12)
        for n, m in ((784, 32), (32, 10))
    )
    assert_network_agrees(chain, IntegerNetwork(layers), random_samples(rng, 12, 784))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize(
    ("metric", "classes"), [("accuracy", 2), ("accuracy", 5), ("macro-f1", 4), ("mae", 0)]
)
def test_tally__random_network__equals_python(chain, metric, classes, seed):
    rng = np.random.default_rng([seed, classes])
    outputs = 1 if classes == 0 or (classes == 2 and seed % 2) else classes
    network = random_network(rng, widest=20, outputs=outputs)
    features = random_samples(rng, int(rng.integers(2, 40)), network.inputs)
    reach = 2**31 - 1
    labels = (
        rng.integers(0, classes, len(features)) if classes else rng.integers(-reach, reach, len(features))
    )
    assert_tally_agrees(chain, network, features, labels, classes, metric)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_tally__random_trees__equals_python(chain, classes, seed):
    rng = np.random.default_rng([seed, classes, 1])
    trees = random_trees(rng, outputs=max(1, classes))
    features = random_samples(rng, int(rng.integers(2, 20)), trees.inputs)
    labels = rng.integers(0, classes or 1000, len(features))
    assert_tally_agrees(chain, trees, features, labels, classes, "accuracy" if classes else "mae")


def test_tally__model_in_several_codes__equals_python(chain):
    rng = np.random.default_rng(11)
    network = IntegerNetwork(
        (
            Layer(rng.integers(-128, 128, (90, 600)), rng.integers(-5000, 5000, 90), 12),
            Layer(np.ones((3, 90), np.int64), np.zeros(3, np.int64), 0),
        )
    )
    assert len(encode_model(network)) > 2 * 24_575
    features = random_samples(rng, 4, 600)
    assert_tally_agrees(chain, network, features, rng.integers(0, 3, 4), 3, "accuracy")


def test_points__extreme_errors__are_exact():
    assert points("mae", 0, -(2**31), 2**31 - 1) == 2**32 - 1


@pytest.mark.parametrize("seed", range(12))
def test_check__damaged_model__refused_or_harmless(chain, seed):
    """Whatever passes `check` can be run on any sample."""
    evm, _, runner = chain
    rng = np.random.default_rng([seed, 9])
    model = random_trees(rng, outputs=2) if seed % 2 else random_network(rng, widest=6, outputs=2)
    data = bytearray(encode_model(model))
    for position in rng.integers(0, len(data), 3):
        data[position] = int(rng.integers(256))
    try:
        head = evm.call(runner.functions.check(bytes(data), model.inputs, 2))
    except Reverted as refusal:
        if refusal.error not in {"MalformedModel", "WrongInputs", "WrongOutputs"}:
            raise
    else:
        evm.send(runner.functions.keep(bytes(data)))
        evm.call(runner.functions.predict(head, bytes(model.inputs), 2))


@pytest.fixture(scope="module")
def fast_chain(tmp_path_factory):
    with fastest_machine(tmp_path_factory.mktemp("node")) as machine:
        yield machine, machine.deploy("CompetitionKernels"), None


@pytest.mark.slow
@pytest.mark.parametrize("block", range(100))
def test_kernels__ten_thousand_random_networks__equal_python(fast_chain, block):
    rng = np.random.default_rng([block, 2])
    for _ in range(100):
        network = random_network(rng, widest=16)
        samples = random_samples(rng, int(rng.integers(1, 16)), network.inputs)
        assert_network_agrees(fast_chain, network, samples)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_trees__two_thousand_random__equal_python(fast_chain, block):
    evm, kernels, _ = fast_chain
    rng = np.random.default_rng([block, 3])
    for _ in range(100):
        trees = random_trees(rng)
        samples = random_samples(rng, 5, trees.inputs)
        rows = [bytes(sample.tolist()) for sample in samples]
        assert evm.call(kernels.functions.trees(encode_model(trees), rows)) == trees.run(samples).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("shift", range(32))
def test_kernels__three_thousand_narrow_networks__equal_python(fast_chain, shift):
    rng = np.random.default_rng([shift, 5])
    for _ in range(100):
        sizes = [*rng.integers(1, 5, int(rng.integers(1, 4))).tolist(), int(rng.integers(1, 4))]
        network = narrow_network(rng, sizes, shift)
        assert_network_agrees(fast_chain, network, random_samples(rng, 13, network.inputs))
