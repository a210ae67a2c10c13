"""A claim's check takes at most two minutes of one core and one gigabyte, whatever the model, and is exact.

├── the dearest models: CPU-seconds and peak memory (scaled down here, in full with -m slow)
├── the dearest models and random ones against one sample at a time, in plain integers
└── blocks of samples: no difference where one ends
"""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from orchestrator.models.integer import IntegerModel, IntegerNetwork, encode_model
from tests.parity.dearest import MODELS, MOST_BYTES, MOST_SAMPLES, samples_for
from tests.parity.random_models import random_network, random_samples, random_trees

SECONDS, MEMORY = 120.0, 1_024


def plainly(model: IntegerModel, sample: list[int]) -> list[int]:
    """The outputs for one sample, as the specification says them."""
    if isinstance(model, IntegerNetwork):
        for number, layer in enumerate(model.layers, 1):
            rows = zip(layer.weights.tolist(), layer.biases.tolist(), strict=True)
            sums = [bias + sum(w * x for w, x in zip(row, sample, strict=True)) for row, bias in rows]
            sample = [min(255, max(0, each) >> layer.shift) for each in sums]
            if number == len(model.layers):
                return sums
    sums = model.biases.tolist()
    for tree in model.trees:  # type: ignore[union-attr]
        node = 0
        while (feature := tree.features[node]) >= 0:
            node = node + 1 if sample[feature] <= tree.thresholds[node] else tree.targets[node]
        row = model.rows[tree.targets[node]].tolist()  # type: ignore[union-attr]
        sums = [a + b for a, b in zip(sums, row, strict=True)]
    return sums


def measured(name: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.parity.dearest", name, str(count)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("name", MODELS)
def test_predict__dearest_models__in_time_and_memory(name: str) -> None:
    found = measured(name, MOST_SAMPLES // 16)
    assert found["bytes"] <= MOST_BYTES
    assert found["seconds"] <= SECONDS / 16
    assert found["MiB"] <= MEMORY / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_predict__dearest_models_on_most_samples__in_time_and_memory(name: str) -> None:
    found = measured(name, MOST_SAMPLES)
    assert found["seconds"] <= SECONDS
    assert found["MiB"] <= MEMORY


@pytest.mark.parametrize("name", MODELS)
def test_run__dearest_models__equal_one_sample_at_a_time(name: str) -> None:
    model = MODELS[name][0]()
    samples = samples_for(model, 3)
    assert len(encode_model(model)) <= MOST_BYTES
    assert model.run(samples).tolist() == [plainly(model, sample) for sample in samples.tolist()]


@pytest.mark.parametrize("seed", range(60))
def test_run__random_model_in_small_blocks__equals_one_sample_at_a_time(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng([seed, 6])
    monkeypatch.setattr("orchestrator.models.integer.models.BLOCK", int(rng.integers(1, 200)))
    model: Any = random_trees(rng) if seed % 2 else random_network(rng)
    samples = random_samples(rng, int(rng.integers(0, 40)), model.inputs)
    assert model.run(samples).tolist() == [plainly(model, sample) for sample in samples.tolist()]
