"""One factory a module; each test starts from the same block."""

import pytest

from tests.contracts.tournament.scenario import Scenario, deploy_factory
from tests.evm import Evm

ROLES = ("organizer", "alice", "bob", "carol", "stranger")


@pytest.fixture(scope="module")
def deployed():
    evm = Evm()
    for role in ROLES:
        evm.role(role)
    return evm, deploy_factory(evm)


@pytest.fixture
def create(deployed):
    """Make a tournament with changed terms; everything is undone after the test."""
    evm, factory = deployed
    snapshot = evm.snapshot()

    def make(**changes):
        return Scenario.create(evm, factory, **{"funded": ROLES[:-1]} | changes)

    yield make
    evm.revert(snapshot)


@pytest.fixture
def evm(deployed):
    return deployed[0]
