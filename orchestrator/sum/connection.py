"""What the workflows of shared models work with."""

from functools import cached_property

from eth_utils.address import is_address, to_checksum_address

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

    def address(self, who: str) -> Address:
        """An address as it is, an account's name as its address. Raises AccountError for an unknown name."""
        return to_checksum_address(who) if is_address(who) else self.account(who).address

    @cached_property
    def names(self) -> dict[Address, str]:
        """The names of the accounts of this machine, by address."""
        return {account.address: account.name for account in self.accounts.list()}

    def name_of(self, address: Address) -> str:
        """The account's name if it is one of ours, else the address."""
        return self.names.get(address, address)
