"""One factory a module; each test starts from the same block."""

import pytest

from tests.contracts.competition.scenario import Scenario, deploy_factory
from tests.evm import Evm


@pytest.fixture(scope="module")
def deployed():
    evm = Evm()
    for role in ("organizer", "alice", "bob", "carol", "dave", "refuter", "stranger"):
        evm.role(role)
    return evm, deploy_factory(evm)


@pytest.fixture
def create(deployed):
    """Make a competition with changed terms; everything is undone after the test."""
    evm, factory = deployed
    snapshot = evm.snapshot()

    def make(**changes):
        return Scenario.create(evm, factory=factory, **changes)

    yield make
    evm.revert(snapshot)


@pytest.fixture
def evm(deployed):
    return deployed[0]
