"""`create` makes a federation with changed terms, which parties join, and begins it."""

from eth_tester import EthereumTester

from tests.contracts.federation.scenario import PARTIES, Scenario, deploy_factory
from tests.contracts.world import fixtures
from tests.evm import Backend, Evm


def chain() -> Evm:
    return Evm(EthereumTester(Backend(genesis_state=Backend.generate_genesis_state(num_accounts=20))))


def make(evm, factory, *parties, begun=True, **changes):
    made = Scenario.create(evm, factory, *parties, **changes)
    if begun:
        made.begin()
    return made


deployed, create, evm = fixtures(
    deploy_factory, make, ("organizer", *PARTIES[:5], "stranger", "refuter"), chain
)
