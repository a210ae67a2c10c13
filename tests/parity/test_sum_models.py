"""Every on-chain model and its reference agree bit for bit: verdicts before, words after, predictions then.

random start (weights near the ends of their range too)
└── random samples in batches
    ├── each event's surprise and certainty are the reference's
    ├── the words are the reference's
    └── predictions on samples unseen are the reference's
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.sum_system import Facts, System, Workshop

Random = np.random.Generator
SPREADS = (100, 5_000, 32_767)  # up to the ends of int16
SPAN = 0x0051EACDF151CD1E1B04FF6E0597CC939472B74BC0F32017009C626D00000000  # as in Weights.sol


@cache
def workshop() -> Workshop:
    return Workshop()


def _weights(rng: Random, shape: tuple[int, ...]) -> Any:
    spread = int(rng.choice(SPREADS))
    return rng.integers(-spread - 1, spread, shape, endpoint=True)


def perceptron(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(2, 90)), int(rng.integers(2, 5))
    model = SparsePerceptron(dims, classes, rate=int(rng.integers(1, 1 << 14)), bits=int(rng.integers(1, 20)))
    return model.with_weights(_weights(rng, (model.rows, dims)))


def logistic(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(2, 90)), int(rng.integers(2, 5))
    model = SparseLogistic(dims, classes, rate=int(rng.integers(1, 1 << 14)), bits=int(rng.integers(1, 16)))
    return model.with_weights(_weights(rng, (model.rows, dims)))


def _counts(rng: Random, dims: int, classes: int) -> Any:
    ceiling = int(rng.choice([2, 50, 65_535]))
    return rng.integers(max(0, ceiling - 50), ceiling, (dims, classes), endpoint=True)


def bayes(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(2, 60)), int(rng.integers(2, 5))
    return NaiveBayes(dims, classes).with_counts(_counts(rng, dims, classes))


def sparse_centroid(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(2, 60)), int(rng.integers(2, 5))
    return SparseNearestCentroid(dims, classes).with_counts(_counts(rng, dims, classes))


def dense_perceptron(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(1, 100)), int(rng.integers(2, 5))
    model = DensePerceptron(dims, classes, rate=int(rng.integers(1, 1 << 14)), bits=int(rng.integers(1, 30)))
    return model.with_weights(_weights(rng, (model.rows, dims)), _weights(rng, (model.rows,)))


def centroid(rng: Random) -> OnChainModel:
    dims, classes = int(rng.integers(1, 100)), int(rng.integers(2, 5))
    model = NearestCentroid(dims, classes, window=int(rng.integers(1, 65_535)))
    samples = rng.integers(0, 3, classes) * rng.integers(1, 65_535)
    return model.with_centroids(rng.uniform(0, 256, (classes, dims)), samples)


def _sample(rng: Random, model: Any) -> bytes:
    if isinstance(model, DensePerceptron | NearestCentroid):
        return encode_dense(rng.integers(0, 255, model.dims, endpoint=True))
    count = int(rng.integers(1, model.dims))
    return encode_sparse((rng.permutation(model.dims - 1)[:count] + 1).tolist())


def _learn_both(system: System, reference: Any, rng: Random, xs: list[bytes]) -> None:
    """A batch, in the contract and in the reference: they tell the same of each sample, and end alike."""
    ys = rng.integers(0, reference.n_labels, len(xs)).tolist()
    for x, y, added in zip(xs, ys, system.add_batch(xs, ys), strict=True):
        verdict, facts = reference.learn(x, y), Facts(added.facts)
        assert (facts.label, facts.surprise, facts.certainty) == (
            y,
            verdict.predicted != y,
            verdict.certainty,
        )
    assert system.words() == reference.words()


@pytest.mark.parametrize("kind", [SparsePerceptron, SparseLogistic])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_learn__words_held_through_a_batch__contract_and_reference_agree(kind: Any, seed: int) -> None:
    """Two classes, and as many bytes of features as of words; then fewer: words stay in storage."""
    rng = np.random.default_rng(seed)
    dims = int(rng.choice([16, 24, 25, 150, 300]))
    model = kind(dims, 2, rate=int(rng.integers(1, 1 << 14)), bits=int(rng.integers(1, 16)))
    reference: Any = model.with_weights(_weights(rng, (1, dims)))
    system = workshop().create(reference)
    everything = encode_sparse(range(1, dims))  # the last lane, and a whole number of words or not
    dense = [everything, *(_sample(rng, reference) for _ in range(9)), everything]
    assert sum(map(len, dense)) >= 32 * len(reference.words())
    _learn_both(system, reference, rng, dense)
    few = [encode_sparse([int(rng.integers(1, dims))])]
    assert sum(map(len, few)) < 32 * len(reference.words())
    _learn_both(system, reference, rng, few)
    _learn_both(system, reference, rng, dense[::-1])
    told = system.evm.web3.eth.get_storage_at(system.sum.address, SPAN)
    assert int.from_bytes(told[-3:]) == 2 * len(dense) + len(
        few
    )  # the counters, which share a word with the model


@pytest.mark.parametrize(
    "start",
    [perceptron, logistic, bayes, sparse_centroid, dense_perceptron, centroid],
    ids=lambda f: f.__name__,
)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_learn__random_samples__contract_and_reference_agree(
    start: Callable[[Random], OnChainModel], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    reference: Any = start(rng)
    system = workshop().create(reference)
    assert system.words() == reference.words()
    for _ in range(2):
        _learn_both(system, reference, rng, [_sample(rng, reference) for _ in range(8)])
    unseen = [_sample(rng, reference) for _ in range(8)]
    assert list(system.do.predictBatch(unseen).call()) == [reference.classify(x) for x in unseen]


@pytest.mark.parametrize(
    "start",
    [perceptron, logistic, bayes, sparse_centroid, dense_perceptron, centroid],
    ids=lambda f: f.__name__,
)
def test_restore__words_of_another__same_model(start: Callable[[Random], OnChainModel]) -> None:
    reference: Any = start(np.random.default_rng(7))
    other = type(reference)(**reference.get_params()).restore(reference.to_bytes())
    assert other.words() == reference.words()
