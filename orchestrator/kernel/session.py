"""What every workflow works with: the working folder's chain, storage, wallets and registry."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar, cast

from orchestrator.chain import Account, Accounts, Chain, Deployments, Receipt, connect
from orchestrator.chain.accounts import AskPassword
from orchestrator.chain.known import KnownContracts
from orchestrator.chain.naming import find_address
from orchestrator.chain.sending import earlier
from orchestrator.config import Settings
from orchestrator.errors import ContractReverted, UsageError
from orchestrator.kernel.money import approve, require_held
from orchestrator.provenance.registry import ModelRegistry
from orchestrator.storage import Storage, open_storage
from orchestrator.times import in_words
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call
    from orchestrator.kernel.money import Amount

T = TypeVar("T")

Consent = Callable[[Wei, Sequence[str]], None]
"""Called before an amount leaves, when all else was checked, with sentences that say who gets it, and when it
is lost. It raises where somebody does not agree."""


class Session:
    """The working folder's chain, storage, wallets and registry, each opened when first used.

    `ask_password` is called with an account's name when an encrypted keystore must be unlocked.
    Use as a context manager, so that chain and storage are closed.
    """

    def __init__(self, settings: Settings, ask_password: AskPassword | None = None) -> None:
        self.settings = settings
        self._ask_password = ask_password
        self._bound: dict[str, object] = {}

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

    @property
    def registry(self) -> ModelRegistry:
        """The registry on this chain. Raises NotDeployed before `diln migrate`."""
        return self.deployed(ModelRegistry, "ModelRegistry")

    def deployed(self, kind: Callable[[Chain, Address, int], T], name: str) -> T:
        """The contract `name` on this chain, as a `kind`: one object for a session.

        Raises NotDeployed before `diln migrate`.
        """
        if name not in self._bound:
            entry = self.deployments.entry(name)
            self._bound[name] = kind(self.chain, entry.address, entry.block)
        return cast(T, self._bound[name])

    @cached_property
    def known(self) -> KnownContracts:
        """The contracts that this folder created, or agreed to pay."""
        return KnownContracts(self.settings.home, self.chain)

    @cached_property
    def names(self) -> dict[Address, str]:
        """The names of the accounts of this machine, by address."""
        return {account.address: account.name for account in self.accounts.list()}

    def name_of(self, address: Address) -> str:
        """The account's name if it is one of ours, else the address."""
        return self.names.get(address, address)

    def full_name_of(self, address: Address) -> str:
        """The same, a name with the address."""
        return f"{self.names[address]} ({address})" if address in self.names else address

    @cached_property
    def sender(self) -> Account:
        """The account that sends or signs. Raises UsageError if none was named."""
        if self.settings.sender:
            return self.account(self.settings.sender)
        raise UsageError("no sender was named", "Add --from NAME; `diln account list` shows the names.")

    def account(self, name: str) -> Account:
        return self.accounts.get(name)

    @property
    def viewer(self) -> Address | None:
        """Whose projects a bare name means first: those of the account that is set, if one is."""
        name = self.settings.sender
        return self.account(name).address if name else None

    def address(self, who: str, *, paid: bool = False) -> Address:
        """An address, an account's name or an ENS name, as `find_address` takes it."""
        return find_address(who, self.accounts, lambda: self.chain, paid=paid)

    def send(
        self,
        call: "Call",
        sender: Account,
        *,
        value: int = 0,
        gas: int | None = None,
        once: str = "",
        at_any_price: bool = False,
        dry_run: bool = False,
    ) -> Receipt:
        """Send `call` with `value` wei, and wait.

        What `once` names is never sent twice to the same contract, even if this process is killed in between.
        Another call or value for the same purpose raises SentBefore, once the first has arrived; with
        `at_any_price`, since arguments or value hold a price that may have changed, it is taken for the same.

        Raises ContractReverted with its times in words, InsufficientFunds, and as `Chain.send` does.
        """
        purpose = _purpose(once, call)
        try:
            return self.chain.send(
                call,
                sender,
                value=value,
                gas=gas,
                once=purpose,
                at_any_price=at_any_price,
                dry_run=dry_run,
            )
        except ContractReverted as error:
            raise in_words(error, self.chain.now) from error

    def begin(self, call: "Call", sender: Account, *, once: str, value: int = 0) -> Callable[[], Receipt]:
        """Let `call` be on its way; what is returned waits for it, and raises as `send` does.

        Calls that do not depend on each other go into one block so. Raises InsufficientFunds,
        NodeUnavailable.
        """
        begun: Callable[[], Receipt | None] = lambda: None  # noqa: E731
        with suppress(ContractReverted):  # `send` says why
            begun = self.chain.begin(call, sender, once=_purpose(once, call), value=value)
        return lambda: begun() or self.send(call, sender, value=value, once=once)

    def alone(self, what: str) -> AbstractContextManager[object]:
        """Hold a lock while looking what is to be sent, and sending it.

        Whoever decides by what the chain shows whether to pay must hold it, or two who look at the same time
        both pay.
        """
        return self.chain.alone(f"looking {what}")

    def pay(self, call: "Call", payer: Account, amount: "Amount", *, once: str = "") -> Receipt:
        """Send what takes `amount` from the payer: ether goes with it, of a token just that is approved.

        With `once`, neither happens twice. Raises ContractReverted, InsufficientFunds, SentBefore.
        """
        value = amount.value if amount.currency.is_ether else 0
        if amount.value and not value and not (once and earlier(self.chain, _purpose(once, call), payer)):
            require_held(self.chain, amount, payer)
            approve(self.chain, amount, call.address, payer)
        return self.send(call, payer, value=value, once=once)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in ("storage", "chain"):
            if opened in self.__dict__:
                self.__dict__[opened].close()


def _purpose(once: str, call: "Call") -> str:
    """What the chain's outbox knows an act by; nothing where it may be done again."""
    return f"{once} {call.address}" if once else ""
