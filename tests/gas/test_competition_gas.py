"""What a competition costs, step by step, against the peer and the floors that were measured.

The demo is the peer's: 20 groups of 25 samples of 2 features, 16 to train and 4 to test, one 2-4-4-1 network.
The organizer creates, draws, opens the test data, finalizes (which keeps the winner's model as code) and
withdraws. The submitter commits, reveals and evaluates (the peer's figure has no withdrawal, since its
finalize pays out); withdrawing has its own key, and so has keeping the model where the organizer does not.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from eth_tester import EthereumTester

from orchestrator.models.integer import IntegerNetwork, Layer, encode_model, encode_samples
from tests.contracts.competition.scenario import DIRECT, OPTIMISTIC, Scenario
from tests.evm import Backend, Evm


def network(*sizes: int) -> IntegerNetwork:
    """Random int8 weights, biases up to ±1,000."""
    rng = np.random.default_rng(list(sizes))
    return IntegerNetwork(
        tuple(
            Layer(rng.integers(-127, 128, (m, n)), rng.integers(-1000, 1001, m), 7 + int(np.log2(n) / 2))
            for n, m in pairwise(sizes)
        )
    )


WEIGHT = 20  # DUP, PUSH1, BYTE, DUP, MUL, ADD
SPREAD = 7  # SHR, AND, SHL and OR with their operands bring three bytes into a word at once
DEMO = {"groups": 20, "testGroups": 4, "groupSize": 25, "criterion": 1}


@pytest.fixture(scope="module", autouse=True)
def _same_blocks():
    """The same block hashes in each run, so that the same groups are drawn: gas counts their zero bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eth_tester.backends.pyevm.main.os", SimpleNamespace(urandom=bytes))
        yield


def fixed_evm() -> Evm:
    parameters = Backend.generate_genesis_params({"timestamp": 2_000_000_000})
    return Evm(EthereumTester(Backend(genesis_parameters=parameters)))


@pytest.fixture(scope="module")
def demo(_same_blocks):
    """Gas by step."""
    scenario = Scenario.create(fixed_evm(), **DEMO)
    scenario.evm.role("alice")
    created = scenario.make()["gasUsed"]
    drawn = scenario.draw()["gasUsed"]
    scenario.commit("alice", network(2, 4, 4, 1))
    committed = scenario.receipts[-1]["gasUsed"]
    scenario.at("reveal")
    revealed = scenario.reveal(0)["gasUsed"]
    scenario.at("opening")
    opened = scenario.open_test()["gasUsed"]
    evaluated = scenario.evaluate(0)["gasUsed"]
    before = scenario.evm.snapshot()
    kept = scenario.keep(0)["gasUsed"]
    scenario.evm.revert(before)
    finalized = scenario.finalize("organizer")["gasUsed"]  # the winner's model becomes code here
    withdrawn = scenario.withdraw_credit("organizer")["gasUsed"]
    collected = scenario.withdraw(0)["gasUsed"]
    return {
        "create": created,
        "draw the split": drawn,
        "open the test data": opened,
        "finalize": finalized,
        "withdraw the bond": withdrawn,
        "commit": committed,
        "reveal": revealed,
        "evaluate": evaluated,
        "withdraw prize and deposit": collected,
        "keep the model before the organizer does": kept,
    }


def test_gas__demo__each_step(gas_snapshot, demo):
    for step, gas in demo.items():
        gas_snapshot(f"competition: demo, {step}", gas)


def test_gas__demo__organizer(gas_snapshot, demo):
    steps = ["create", "draw the split", "open the test data", "finalize", "withdraw the bond"]
    organizer = sum(demo[step] for step in steps)
    gas_snapshot("competition: demo, organizer in all", organizer, at_most=700_000)


def test_gas__demo__submitter(gas_snapshot, demo):
    submitter = demo["commit"] + demo["reveal"] + demo["evaluate"]
    gas_snapshot("competition: demo, submitter in all", submitter, at_most=300_000)


def marginal(evm, model, few, many):
    """Gas of one more sample; few and many are whole batches."""
    kernels, runner = evm.deploy("CompetitionKernels"), evm.deploy("ModelRunner")
    rng = np.random.default_rng(1)
    classes = max(2, model.outputs)
    samples, labels = rng.integers(0, 256, (many, model.inputs)), rng.integers(0, classes, many)
    data = encode_samples(samples, labels, classes)
    code = evm.events(kernels, "Stored", evm.send(kernels.functions.storeRaw(data)))[0]["head"]

    def gas(count):
        job = (code, 0, count, model.inputs, classes, 0)
        return evm.call(kernels.functions.gasOfTally(runner.address, encode_model(model), job))

    return round((gas(many) - gas(few)) / (many - few))


@pytest.mark.parametrize(
    ("sizes", "few", "many", "at_most", "lanes"),
    [
        ((2, 4, 4, 1), 42, 420, 600, 16),
        ((30, 16, 1), 156, 468, 3_200, 13),
        ((784, 32, 10), 10, 30, 92_000, 10),
    ],
)
def test_gas__evaluate__marginal_sample(gas_snapshot, sizes, few, many, at_most, lanes):
    """The bound has the samples' bytes brought into lanes, and of sums that are shared by `lanes` samples the
    weights, which stand on the stack as inputs do.
    """
    gas = marginal(fixed_evm(), network(*sizes), few, many)
    name = "-".join(map(str, sizes))
    floor = SPREAD * sizes[0] + WEIGHT * sum(n * m for n, m in pairwise(sizes)) // lanes
    gas_snapshot(f"competition: evaluate {name}, per sample", gas, at_most=at_most, bound=floor)


def test_gas__evaluate__any_2_4_4_1_network(gas_snapshot):
    """The widest lanes that biases, weights and shifts of the format can ask for."""
    rng, evm = np.random.default_rng(6), fixed_evm()
    found = []
    for shift in (0, 9, 16, 17, 18, 31):
        for biases in ((-(2**31), 2**31), (250 << shift, (256 << shift) + 200_000), (-1000, 1000)):
            low, high = (min(max(b, -(2**31)), 2**31) for b in biases)
            layers = tuple(
                Layer(
                    rng.integers(-128, 128, (m, n)), rng.integers(min(low, 2**31 - 200_000), high, m), shift
                )
                for n, m in pairwise((2, 4, 4, 1))
            )
            found.append(marginal(evm, IntegerNetwork(layers), 630, 2520))
    gas_snapshot("competition: evaluate the most costly 2-4-4-1, per sample", max(found), at_most=600)


def test_gas__optimistic__claim_and_refute(gas_snapshot):
    scenario = Scenario.create(fixed_evm(), mode=OPTIMISTIC, features=30, **DEMO)
    scenario.played(alice=network(30, 16, 1), bob=network(30, 8, 1))
    scenario.claim(1)
    false = scenario.predictions(0)
    false[57] = 1 - false[57]
    claimed = scenario.claim(0, false)["gasUsed"]
    refuted = scenario.refute(0, 57, false)["gasUsed"]
    gas_snapshot("competition: claim score, optimistic", claimed, at_most=80_000)
    gas_snapshot("competition: refute one sample of 30-16-1", refuted, at_most=90_000, bound=25_000)


@pytest.mark.parametrize(("mode", "said"), [(DIRECT, ""), (OPTIMISTIC, ", kept as code (optimistic)")])
def test_gas__large_model__submit(gas_snapshot, mode, said):
    terms = {
        "mode": mode,
        "groups": 2,
        "testGroups": 1,
        "groupSize": 1,
        "features": 784,
        "classes": 10,
        "maxModelBytes": 49_152,
    }
    scenario = Scenario.create(fixed_evm(), **terms)
    scenario.draw()
    scenario.commit("alice", network(784, 32, 10))
    committed = scenario.receipts[-1]["gasUsed"]
    scenario.at("reveal")
    submitted = committed + scenario.reveal(0)["gasUsed"]
    gas_snapshot(f"competition: submit 784-32-10{said}", submitted, at_most=6_500_000)
