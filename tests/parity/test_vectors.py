"""Frozen cases that both readers of the specification must give: a change of both at once is seen here.

The first seven and the single tree are worked out by hand, from the rules in IModelRunner.sol.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.models.integer import IntegerNetwork, decode_model, encode_model, predict
from tests.evm import Evm

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def chain():
    evm = Evm()
    return evm, evm.deploy("CompetitionKernels"), evm.deploy("ModelRunner")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"][:40])
def test_vectors__python__gives_them(vector):
    model = decode_model(bytes.fromhex(vector["model"]))
    samples = np.array([list(bytes.fromhex(sample)) for sample in vector["samples"]])
    assert encode_model(model).hex() == vector["model"]
    assert model.run(samples).tolist() == vector["outputs"]
    assert predict(model, samples, vector["classes"]).tolist() == vector["predictions"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"][:40])
def test_vectors__evm__gives_them(chain, vector):
    evm, kernels, runner = chain
    model = bytes.fromhex(vector["model"])
    samples = [bytes.fromhex(sample) for sample in vector["samples"]]
    if isinstance(decode_model(model), IntegerNetwork):
        assert evm.call(kernels.functions.plain(model, samples)) == vector["outputs"]
        assert evm.call(kernels.functions.dot(model, samples)) == vector["outputs"]
        inputs = len(samples[0])
        assert evm.call(kernels.functions.lanes(model, b"".join(samples), inputs)) == vector["outputs"]
    else:
        assert evm.call(kernels.functions.trees(model, samples)) == vector["outputs"]
    evm.send(runner.functions.keep(model))
    head = evm.call(runner.functions.check(model, len(samples[0]), vector["classes"]))
    found = [evm.call(runner.functions.predict(head, each, vector["classes"])) for each in samples]
    assert found == vector["predictions"]
