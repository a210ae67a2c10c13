"""What bounds a contribution, for each of the six models and by each way in.

samples that are malformed (empty, of a wrong length, repeated, unsorted, out of range, too many)
├── added, in a batch, relayed, revealed, predicted: refused, and nothing has changed
└── strictly increasing but for one place, wherever that is: refused
well-formed samples
└── however often one says the same: each contribution moves no number by more than its bound
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from orchestrator.models.online.features import encode_dense, encode_sparse
from orchestrator.models.online.references import (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    OnChainModel,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)
from tests.contracts.sum.test_contributions import relay_samples
from tests.evm import Reverted
from tests.sum_system import ANY, FREE, System, Workshop


def packed(*features: int) -> bytes:
    """Features as they come, however wrong."""
    return b"".join(feature.to_bytes(2, "big") for feature in features)


DIMS = 65
RATE = 100
GOOD = encode_sparse([1, 5, 40])
SPARSE_BAD = {
    "empty": b"",
    "odd length": GOOD + b"\0",
    "repeated": packed(1, 5, 5),
    "repeated hundreds of times": packed(*[5] * 500),
    "unsorted": packed(5, 1),
    "the intercept": packed(0, 5),
    "out of range": packed(5, DIMS),
    "far out of range": packed(5, 65_535),
    "too many": encode_sparse(range(1, 22)),
}
DENSE_BAD = {"empty": b"", "too short": bytes(39), "too long": bytes(41), "sparse": GOOD}
MODELS: dict[str, Callable[[], OnChainModel]] = {
    "SparsePerceptron": lambda: SparsePerceptron(DIMS, rate=RATE, limit=20).with_weights([[0] * DIMS]),
    "SparseLogistic": lambda: SparseLogistic(DIMS, rate=RATE, limit=20).with_weights([[0] * DIMS]),
    "NaiveBayes": lambda: NaiveBayes(DIMS, limit=20).with_counts([[0, 0]] * DIMS),
    "SparseNearestCentroid": lambda: SparseNearestCentroid(DIMS, limit=20).with_counts([[0, 0]] * DIMS),
    "DensePerceptron": lambda: DensePerceptron(40, rate=RATE).with_weights([[0] * 40], [0]),
    "NearestCentroid": lambda: NearestCentroid(40).with_centroids([[0] * 40] * 2, [9, 9]),
}
SPARSE = list(MODELS)[:4]
CASES = [(name, why) for name in MODELS for why in (SPARSE_BAD if name in SPARSE else DENSE_BAD)]


@pytest.fixture(scope="module")
def systems() -> dict[str, System]:
    workshop = Workshop()
    return {name: workshop.create(make(), FREE) for name, make in MODELS.items()}


def good(name: str) -> bytes:
    return GOOD if name in SPARSE else encode_dense(range(40))


@pytest.mark.parametrize(("name", "why"), CASES, ids=lambda each: each)
def test_ways_in__malformed_sample__refused(systems: dict[str, System], name: str, why: str) -> None:
    system = systems[name]
    x = (SPARSE_BAD if name in SPARSE else DENSE_BAD)[why]
    before = system.words()
    for call in (
        system.do.add(x, 1, ANY),
        system.do.addBatch([good(name), x], b"\0\1", ANY),
        system.do.predict(x),
        system.do.predictBatch([good(name), x]),
    ):
        with pytest.raises(Reverted, match="BadFeatures"):
            system.evm.call(call)
    with pytest.raises(Reverted, match="BadFeatures"):
        relay_samples(system, [good(name), x])
    contributor = system.evm.role("contributor")
    salt = system.evm.web3.eth.block_number.to_bytes(32, "big")
    commitment = system.do.commitmentOf(contributor, x, 1, salt).call()
    system.evm.send(system.do.commit(commitment, ANY), "contributor")
    with pytest.raises(Reverted, match="BadFeatures"):
        system.evm.send(system.do.reveal(x, 1, salt, ANY), "contributor")
    assert system.words() == before


def test_predict__one_feature_out_of_order__refused_wherever_it_stands(systems: dict[str, System]) -> None:
    """The check compares sixteen features at a time: no place is left out, none taken for another."""
    system = systems["SparsePerceptron"]
    features = list(range(2, 42, 2))  # 20 of them: a whole word and a part of one
    system.evm.call(system.do.predict(encode_sparse(features)))
    for place in range(20):
        before = features[place - 1] if place else 0
        for wrong in {before, max(0, before - 1), 0}:
            x = packed(*features[:place], wrong, *features[place + 1 :])
            with pytest.raises(Reverted, match="BadFeatures"):
                system.evm.call(system.do.predict(x))
        system.evm.call(system.do.predict(encode_sparse(features[: place + 1])))


@pytest.mark.parametrize("y", [2, 3, 255])
def test_ways_in__unknown_label__refused(systems: dict[str, System], y: int) -> None:
    for name, system in systems.items():
        with pytest.raises(Reverted, match="UnknownLabel"):
            system.evm.call(system.do.add(good(name), y, ANY))
        with pytest.raises(Reverted, match="UnknownLabel"):
            system.evm.call(system.do.addBatch([good(name)] * 2, bytes([1, y]), ANY))


def lanes(system: System) -> Any:
    """The model's numbers, sixteen to a word, without the statistics (what is left of word 0)."""
    words = b"".join(word.to_bytes(32, "little") for word in system.words()[1:])
    return np.frombuffer(words, "<u2").astype(int)


BOUNDS = {"SparsePerceptron": RATE, "SparseLogistic": RATE, "DensePerceptron": RATE, "NearestCentroid": 6_554}


@pytest.mark.parametrize("name", MODELS)
def test_influence__same_sample_again_and_again__each_time_bounded(name: str) -> None:
    """Linear models: by the rate. Centroids of nine samples: by a tenth of the range. Counts: by one."""
    system, limit = Workshop().create(MODELS[name](), FREE), BOUNDS.get(name, 1)
    widest = encode_sparse(range(1, 21)) if name in SPARSE else encode_dense([255] * 40)
    moved = 0
    for label in (0, 0, 1, 1):
        before = lanes(system)
        system.add(widest, label, "attacker")
        change = np.abs(lanes(system) - before)
        assert change.max(initial=0) <= limit
        if name in SPARSE:
            assert (change > 0).sum() <= 21
        moved += int(change.sum())
    assert moved > 0
