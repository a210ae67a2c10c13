"""What the workflows of a competition work with."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from orchestrator.chain import Account, Receipt
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.competition.contracts import Competition, CompetitionFactory
from orchestrator.competition.money import Token
from orchestrator.competition.records import NOBODY
from orchestrator.competition.secrets import SecretFolder
from orchestrator.competition.timing import in_words
from orchestrator.errors import ChainError, ContractReverted
from orchestrator.provenance.folder import WorkingFolder
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

Report = Callable[[int, int], None]
Consent = Callable[[Wei, Sequence[str]], None]
"""Called before an amount leaves for a competition, when all else was checked, with sentences that say who
gets it, and when it is lost. It raises where somebody does not agree."""


class Venue(WorkingFolder):
    """The working folder, with its competitions and their secrets."""

    @cached_property
    def factory(self) -> CompetitionFactory:
        """The factory on this chain. Raises NotDeployed before `diln migrate`."""
        deployed = self.deployments.entry("CompetitionFactory")
        return CompetitionFactory(self.chain, deployed.address, deployed.block)

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
        if purpose and (earlier := self.journal.earlier(purpose, sender)):
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

        The latest is the last that was created or entered from this folder, never a stranger's; of several
        addresses that begin alike, the one that this folder knows is meant. Raises ChainError if there is
        none, or several begin so.
        """
        if reference == "latest":
            return self._latest()
        if is_address_like(reference):
            found = self.factory.competition(checked_address(reference))
            if found:
                return found
        wanted, many = reference.lower(), []
        if len(wanted) > 2:
            many = [each for each in self.factory.competitions() if each.address.lower().startswith(wanted)]
        known = [each for each in many if self.known.knows(each.address)]
        named = known if len(known) == 1 else many
        if len(named) != 1:
            what = "several competitions begin" if many else "there is no competition that begins"
            raise ChainError(f"{what} with `{reference}`", "`diln competition list` shows all of them.")
        return named[0]

    def _latest(self) -> Competition:
        factory, last = self.factory, self.known.last("competition")
        found = factory.competition(last) if last else None
        if found is None:
            raise ChainError(
                "no competition was created or entered from this folder",
                "Name one by its address; `diln competition list` shows all of them.",
            )
        return found
