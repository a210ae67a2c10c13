"""What the workflows of a competition work with: chain, storage, wallets and contracts."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Self

from eth_utils.address import to_checksum_address

from orchestrator.chain import Account, Accounts, Chain, Deployments, Journal, Receipt, connect
from orchestrator.competition.contracts import Competition, CompetitionFactory
from orchestrator.competition.money import Token
from orchestrator.competition.records import NOBODY
from orchestrator.competition.secrets import SecretFolder
from orchestrator.competition.timing import in_words
from orchestrator.config import Settings
from orchestrator.errors import ChainError, ContractReverted
from orchestrator.provenance import ModelRegistry
from orchestrator.storage import Storage, open_storage
from orchestrator.types import Address

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

Password = Callable[[str], str]
Report = Callable[[int, int], None]


class Venue:
    """The working folder's chain, storage and wallets, each opened when first used.

    `ask_password` is called with an account's name when an encrypted keystore must be unlocked.
    Use as a context manager, so that chain and storage are closed.
    """

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
    def factory(self) -> CompetitionFactory:
        """The factory on this chain. Raises NotDeployed before `diln migrate`."""
        deployed = self._deployments.entry("CompetitionFactory")
        return CompetitionFactory(self.chain, deployed.address, deployed.block)

    @cached_property
    def registry(self) -> ModelRegistry:
        """Raises NotDeployed before `diln migrate`."""
        deployed = self._deployments.entry("ModelRegistry")
        return ModelRegistry(self.chain, deployed.address, deployed.block)

    @property
    def journal(self) -> Journal:
        return Journal(self.settings.home / "journal", self.chain)

    def account(self, name: str) -> Account:
        return Accounts(self.settings, self._ask_password).get(name)

    def secrets(self, competition: Address | None = None) -> SecretFolder:
        """Where the secrets of a competition are kept; without one, those of competitions being created."""
        folder = self.settings.home / "competitions"
        return SecretFolder(folder / (competition or "drafts"))

    def send(
        self, function: "ContractFunction", sender: Account, *, value: int = 0, gas: int | None = None
    ) -> Receipt:
        """Send and wait. Raises ContractReverted with its times in words."""
        try:
            return self.chain.send(function, sender, value=value, gas=gas)
        except ContractReverted as error:
            raise in_words(error, self.chain.now()) from error

    def send_once(
        self, purpose: str, function: "ContractFunction", sender: Account, *, value: int = 0
    ) -> Receipt:
        """The same, but never twice for one `purpose`, even if this process is killed in between."""
        try:
            return self.journal.send(purpose, function, sender, value=value)
        except ContractReverted as error:
            raise in_words(error, self.chain.now()) from error

    def pay(
        self,
        function: "ContractFunction",
        sender: Account,
        token: Address,
        amount: int,
        *,
        purpose: str | None = None,
    ) -> Receipt:
        """Send what takes `amount` of `token` (or ether) from the sender, with an approval of just that.

        With a `purpose`, neither happens twice. Raises ContractReverted, InsufficientFunds.
        """
        if purpose and (earlier := self.journal.earlier(purpose)):
            return earlier
        ether = token == NOBODY
        if not ether and amount:
            Token(self.chain, token).allow(sender, to_checksum_address(function.address), amount)
        value = amount if ether else 0
        if purpose:
            return self.send_once(purpose, function, sender, value=value)
        return self.send(function, sender, value=value)

    def find(self, reference: str = "latest") -> Competition:
        """The competition that `reference` names: an address, the start of one, or `latest`.

        Raises ChainError if there is none, or several addresses begin so.
        """
        known = self.factory.competitions()
        if reference == "latest" and known:
            return known[-1]
        wanted = reference.lower()
        found = [each for each in known if each.address.lower().startswith(wanted)] if len(wanted) > 2 else []
        if len(found) != 1:
            many = "several competitions begin" if found else "there is no competition that begins"
            raise ChainError(f"{many} with `{reference}`", "`diln competition list` shows all of them.")
        return found[0]

    @cached_property
    def _deployments(self) -> Deployments:
        return Deployments(self.settings, self.chain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in ("storage", "chain"):
            if opened in self.__dict__:
                self.__dict__[opened].close()
