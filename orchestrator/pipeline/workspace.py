"""What a workflow of the first job works with."""

from orchestrator.provenance.folder import WorkingFolder
from orchestrator.types import Address


class Workspace(WorkingFolder):
    """The working folder, and the names of those in it."""

    def name_of(self, address: Address) -> str:
        """The name of the account with this address, if it is one of ours, with the address."""
        names = {account.address: account.name for account in self.accounts.list()}
        return f"{names[address]} ({address})" if address in names else address

    @property
    def viewer(self) -> Address | None:
        """Whose projects a bare name means first: those of the account that is set, if one is."""
        name = self.settings.sender
        return self.account(name).address if name else None
