"""`create` makes a tournament with changed terms, in which everybody but the stranger has money."""

from tests.contracts.tournament.scenario import Scenario, deploy_factory
from tests.contracts.world import fixtures

ROLES = ("organizer", "alice", "bob", "carol", "stranger")

deployed, create, evm = fixtures(
    deploy_factory,
    lambda evm, factory, **changes: Scenario.create(evm, factory, **{"funded": ROLES[:-1]} | changes),
    ROLES,
)
