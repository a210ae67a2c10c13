"""What every workflow works with: the working folder's chain, storage and wallets."""

from functools import cached_property
from typing import Self

from orchestrator.chain import Account, Accounts, Chain, Deployments, Journal, connect
from orchestrator.chain.accounts import AskPassword
from orchestrator.chain.known import KnownContracts
from orchestrator.chain.naming import find_address
from orchestrator.config import Settings
from orchestrator.provenance.registry import ModelRegistry
from orchestrator.storage import Storage, open_storage
from orchestrator.types import Address


class WorkingFolder:
    """The working folder's chain, storage, wallets and registry, each opened when first used.

    `ask_password` is called with an account's name when an encrypted keystore must be unlocked.
    Use as a context manager, so that chain and storage are closed.
    """

    def __init__(self, settings: Settings, ask_password: AskPassword | None = None) -> None:
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
    def registry(self) -> ModelRegistry:
        """The registry on this chain. Raises NotDeployed before `diln migrate`."""
        deployed = self.deployments.entry("ModelRegistry")
        return ModelRegistry(self.chain, deployed.address, deployed.block)

    @cached_property
    def journal(self) -> Journal:
        """What was sent to this chain, so that nothing is sent twice."""
        return Journal(self.chain)

    @cached_property
    def known(self) -> KnownContracts:
        """The contracts that this folder created, or agreed to pay."""
        return KnownContracts(self.settings.home, self.chain)

    def account(self, name: str) -> Account:
        return self.accounts.get(name)

    def address(self, who: str, *, paid: bool = False) -> Address:
        """An address, an account's name or an ENS name, as `find_address` takes it."""
        return find_address(who, self.accounts, lambda: self.chain, paid=paid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in ("storage", "chain"):
            if opened in self.__dict__:
                self.__dict__[opened].close()
