"""What a tournament costs, step by step, beside the least that each step can cost.

Bounds: 21,000 a transaction, its calldata, 22,100 a fresh slot, 5,000 a changed one, 2,100 one that is read,
200 a byte of code; or the floor of calldata. Slots of entrant and burn are in use, unless it is a first time.
"""

import numpy as np
import pytest
from eth_tester import EthereumTester

from orchestrator.systems.tournament import tables
from tests.contracts.tournament.scenario import Scenario, deploy_factory
from tests.evm import Backend, Evm

TRANSACTION, FRESH, CHANGED, READ, CODE_BYTE = 21_000, 22_100, 5_000, 2_100, 200


def calldata(receipt, evm) -> int:
    data = evm.web3.eth.get_transaction(receipt["transactionHash"])["input"]
    return sum(16 if byte else 4 for byte in data)


def floor(receipt, evm) -> int:
    data = evm.web3.eth.get_transaction(receipt["transactionHash"])["input"]
    return TRANSACTION + sum(40 if byte else 10 for byte in data)


@pytest.fixture(scope="module")
def evm():
    parameters = Backend.generate_genesis_params({"timestamp": 2_000_000_000})
    return Evm(EthereumTester(Backend(genesis_parameters=parameters)))


@pytest.fixture(scope="module")
def factory(evm):
    return deploy_factory(evm)


def play(evm, factory, rows, **changes):
    """Receipts by step, of the second round that the same entrants play."""
    s = Scenario.create(evm, factory, rows, funded=("organizer", "alice", "bob"), drag=10**7, **changes)
    predictions = np.random.default_rng(rows).normal(size=rows)
    ring = (20 + 4 + 24) // 24 + 2  # rounds until an entrant's slots come again
    found = {}

    def entered(number):
        found["open"] = s.open(number)
        s.at("begins", number)
        return s.enter("alice", predictions, number=number)

    for number, name in ((0, "enter"), (ring, "enter again")):
        found[name] = entered(number)
        s.enter("bob", -predictions, number=number)
        found["set targets"] = s.reveal(number)
        payouts = [s.score(who, number) for who in ("alice", "bob")]
        found["score"] = max(payouts, key=lambda receipt: receipt["gasUsed"])
        s.at("ends", number)
        found["close"] = s.close(number=number)
    entered(2 * ring)
    s.at("resolves", 2 * ring)
    found["void"] = s.void(number=2 * ring)
    found["refund"] = s.refund("alice", number=2 * ring)
    entered(3 * ring)
    s.reveal(3 * ring)
    s.at("ends", 3 * ring)
    found["expire"] = s.expire("alice", number=3 * ring, sender="bob")
    s.check()
    return found


def test_gas__tournament__each_step(gas_snapshot, evm, factory):
    found = play(evm, factory, 1024)
    gas = {name: receipt["gasUsed"] for name, receipt in found.items()}
    sent = {name: TRANSACTION + calldata(receipt, evm) for name, receipt in found.items()}
    opening = sent["open"] + 2 * FRESH + CHANGED
    gas_snapshot("tournament: open a round", gas["open"], at_most=80_000, bound=opening)
    gas_snapshot("tournament: enter, first", gas["enter"], bound=sent["enter"] + 2 * FRESH + 2 * CHANGED)
    entering = sent["enter again"] + 4 * CHANGED
    gas_snapshot("tournament: enter again", gas["enter again"], at_most=50_000, bound=entering)
    setting = sent["set targets"] + 2 * CHANGED + CODE_BYTE * 1024
    gas_snapshot("tournament: set targets of 1024 rows", gas["set targets"], at_most=460_000, bound=setting)
    scoring = max(floor(found["score"], evm), sent["score"] + 3 * CHANGED + 2 * READ)
    gas_snapshot("tournament: score 1024 rows", gas["score"], at_most=200_000, bound=scoring)
    for name in ("close", "void", "refund", "expire"):
        gas_snapshot(f"tournament: {name}", gas[name], at_most=100_000)


def test_gas__tournament__with_benchmark(gas_snapshot, evm, factory):
    found = play(evm, factory, 1024, contribution_multiplier=10**9)
    gas_snapshot("tournament: set targets and benchmark of 1024 rows", found["set targets"]["gasUsed"])
    gas_snapshot("tournament: score 1024 rows against a benchmark", found["score"]["gasUsed"])


@pytest.mark.parametrize("rows", [5024, 6143])
def test_gas__tournament__most_rows(gas_snapshot, evm, factory, rows):
    """Far below what a transaction may cost (16.7 million), with a benchmark, too."""
    found = play(evm, factory, rows, contribution_multiplier=10**9)
    gas_snapshot(f"tournament: score {rows} rows against a benchmark", found["score"]["gasUsed"])
    setting = found["set targets"]["gasUsed"]
    gas_snapshot(f"tournament: set targets and benchmark of {rows} rows", setting, at_most=16_700_000)


def test_gas__tournament__keep_a_table(gas_snapshot, evm):
    receipt = evm.send(deploy_factory(evm).functions.keepTable(tables.encode(tables.powers(6143))))
    bound = max(floor(receipt, evm), TRANSACTION + calldata(receipt, evm) + CODE_BYTE * 4 * 6143)
    gas_snapshot("tournament: keep a table of 6143 rows", receipt["gasUsed"], at_most=16_700_000, bound=bound)
