"""`create` makes a competition with changed terms."""

from tests.contracts.competition.scenario import Scenario, deploy_factory
from tests.contracts.world import fixtures

ROLES = ("organizer", "alice", "bob", "carol", "dave", "refuter", "stranger")

deployed, create, evm = fixtures(
    deploy_factory, lambda evm, factory, **changes: Scenario.create(evm, factory=factory, **changes), ROLES
)
