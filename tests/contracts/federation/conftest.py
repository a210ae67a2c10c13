"""One factory a module; each test starts from the same block."""

import pytest
from eth_tester import EthereumTester, PyEVMBackend

from tests.contracts.federation.scenario import PARTIES, Scenario, deploy_factory
from tests.evm import Evm

ROLES = ("organizer", *PARTIES[:5], "stranger", "refuter")


@pytest.fixture(scope="module")
def deployed():
    accounts = PyEVMBackend.generate_genesis_state(num_accounts=20)
    evm = Evm(EthereumTester(PyEVMBackend(genesis_state=accounts)))
    for role in ROLES:
        evm.role(role)
    return evm, deploy_factory(evm)


@pytest.fixture
def create(deployed):
    """Make a federation with changed terms, which parties join; everything is undone after the test."""
    evm, factory = deployed
    snapshot = evm.snapshot()

    def make(*parties, begun=True, **changes):
        made = Scenario.create(evm, factory, *parties, **changes)
        if begun:
            made.begin()
        return made

    yield make
    evm.revert(snapshot)


@pytest.fixture
def evm(deployed):
    return deployed[0]
