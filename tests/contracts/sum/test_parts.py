"""Each part is replaceable: models and a mechanism of a third party, and the plain reference of ours."""

import numpy as np
import pytest

from orchestrator.models.online.features import encode_dense, encode_sparse
from orchestrator.models.online.references import NearestCentroid, OnChainModel, SparsePerceptron
from tests.sum_system import ANY, FREE, GWEI, System, Terms, Workshop


def differ(plain: System, ours: System, samples: list[bytes]) -> None:
    labels = [i % 2 for i in range(len(samples))]
    for system in (plain, ours):
        made = system.add_batch(samples, labels)
        system.flags = [contribution.facts & 0xFF for contribution in made]  # type: ignore[attr-defined]
    assert plain.words() == ours.words()
    assert plain.flags == ours.flags  # type: ignore[attr-defined]
    predictions = [list(system.do.predictBatch(samples).call()) for system in (plain, ours)]
    assert predictions[0] == predictions[1]


@pytest.mark.parametrize("spread", [100, 32_767])
def test_sparse_lanes__against_plain_solidity__same_words(workshop: Workshop, spread: int) -> None:
    rng = np.random.default_rng(spread)
    reference = SparsePerceptron(70, rate=9_000, bits=12).with_weights(rng.integers(-spread, spread, (1, 70)))
    samples = [encode_sparse((rng.permutation(69)[: rng.integers(1, 69)] + 1).tolist()) for _ in range(12)]
    differ(workshop.create(reference, FREE, "SumPlainPerceptron"), workshop.create(reference, FREE), samples)


@pytest.mark.parametrize("dims", [1, 31, 32, 70])
def test_dense_lanes__against_plain_solidity__same_words(workshop: Workshop, dims: int) -> None:
    rng = np.random.default_rng(dims)
    reference: OnChainModel = NearestCentroid(dims, window=30).with_centroids(
        rng.uniform(0, 256, (2, dims)), [3, 0]
    )
    samples = [encode_dense(rng.integers(0, 256, dims)) for _ in range(6)]
    differ(workshop.create(reference, FREE, "SumPlainCentroid"), workshop.create(reference, FREE), samples)


def test_flat_fee__a_third_partys_mechanism__composes(workshop: Workshop) -> None:
    reference = SparsePerceptron(5, rate=100).with_weights([[0] * 5])
    system = workshop.create(reference, Terms(77, 0, 0, 0, 0), "SumFlatFee")
    assert system.price() == 77 * GWEI
    receipt = system.evm.send(system.do.add(encode_sparse([1]), 1, ANY), "contributor", system.price())
    reference.learn(encode_sparse([1]), 1)
    assert len(system.added(receipt)) == 1
    assert system.words() == reference.words()
