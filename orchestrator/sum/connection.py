"""What the workflows of shared models work with: chain, storage, wallets and factory."""

from collections.abc import Callable
from functools import cached_property
from typing import Self

from eth_utils.address import is_address, to_checksum_address

from orchestrator.chain import Account, Accounts, Chain, Deployments, Journal, connect
from orchestrator.config import Settings
from orchestrator.storage import Storage, open_storage
from orchestrator.sum.factory import Factory
from orchestrator.types import Address

Password = Callable[[str], str]


class Connection:
    """The working folder's chain, storage and wallets, each opened when first used. A context manager."""

    def __init__(self, settings: Settings, ask_password: Password | None = None) -> None:
        self.settings = settings
        self._ask_password = ask_password

    @cached_property
    def chain(self) -> Chain:
        return connect(self.settings)

    @cached_property
    def storage(self) -> Storage:
        return open_storage(self.settings)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.settings, self._ask_password)

    @cached_property
    def deployments(self) -> Deployments:
        return Deployments(self.settings, self.chain)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.settings.home / "journal", self.chain)

    @cached_property
    def factory(self) -> Factory:
        """The factory on this chain. Raises NotDeployed before `diln migrate`."""
        entry = self.deployments.entry("SumFactory")
        return Factory(self.chain, entry.address, entry.block)

    def account(self, name: str) -> Account:
        return self.accounts.get(name)

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "storage" in self.__dict__:
            self.storage.close()
        if "chain" in self.__dict__:
            self.chain.close()
