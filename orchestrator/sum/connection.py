"""What the workflows of shared models work with."""

from functools import cached_property

from orchestrator.provenance.folder import WorkingFolder
from orchestrator.sum.factory import Factory
from orchestrator.types import Address


class Connection(WorkingFolder):
    """The working folder, with the factory of shared models."""

    @cached_property
    def factory(self) -> Factory:
        """The factory on this chain. Raises NotDeployed before `diln migrate`."""
        entry = self.deployments.entry("SumFactory")
        return Factory(self.chain, entry.address, entry.block)

    @cached_property
    def names(self) -> dict[Address, str]:
        """The names of the accounts of this machine, by address."""
        return {account.address: account.name for account in self.accounts.list()}

    def name_of(self, address: Address) -> str:
        """The account's name if it is one of ours, else the address."""
        return self.names.get(address, address)
