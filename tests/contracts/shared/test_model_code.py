"""ModelCode: models of any length kept as code, under one address that follows from their bytes.

keep, read
├── one chunk; just more than one; the longest that a competition allows → read back, where locate said
└── again → nothing new, little gas
locate
└── one changed byte anywhere → another address
"""

import numpy as np
import pytest
from web3.contract import Contract

from orchestrator.models.integer import encode_model
from tests.contracts.competition.scenario import GOOD
from tests.contracts.registry.world import refused
from tests.evm import Evm

CHUNK = 24_575


@pytest.fixture(scope="module")
def chain() -> Evm:
    return Evm()


@pytest.fixture(scope="module")
def kernels(chain: Evm) -> Contract:
    return chain.deploy("CompetitionKernels")


def model(length: int) -> bytes:
    return b"\x01" + np.random.default_rng(length).bytes(length - 1)


@pytest.mark.parametrize("length", [1, CHUNK, CHUNK + 1, 2 * CHUNK, 65_536])
def test_keep__each_length__read_back_from_where_it_was_located(
    chain: Evm, kernels: Contract, length: int
) -> None:
    head = chain.call(kernels.functions.locate(model(length)))
    with refused("NotAChunk", head.lower()):
        chain.call(kernels.functions.load(head))
    receipt = chain.send(kernels.functions.store(model(length)))
    assert chain.events(kernels, "Stored", receipt)[0]["head"] == head
    assert chain.call(kernels.functions.load(head)) == model(length)
    again = chain.send(kernels.functions.store(model(length)))["gasUsed"]
    assert again < max(200_000, 45 * length)  # its calldata, no code


@pytest.mark.parametrize("position", [1, CHUNK - 1, CHUNK, 40_000, 49_999])
def test_locate__one_changed_byte__another_address(chain: Evm, kernels: Contract, position: int) -> None:
    changed = bytearray(model(50_000))
    changed[position] ^= 1
    heads = {chain.call(kernels.functions.locate(bytes(each))) for each in (changed, model(50_000))}
    assert len(heads) == 2


def test_runner_keep__what_begins_as_no_model_does__refused(chain: Evm) -> None:
    runner = chain.deploy("ModelRunner")
    for data in (b"", b"\xff\x01" + bytes(20), b"\0" + encode_model(GOOD)[1:]):
        with refused("MalformedModel", 0):
            chain.send(runner.functions.keep(data))
