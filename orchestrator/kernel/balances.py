"""Free balances in a contract (contracts/kernel/IFunds.sol): money comes in, waits there, and goes out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from orchestrator.chain import Account, Chain, Receipt
from orchestrator.chain.bound import Event
from orchestrator.errors import InsufficientFunds
from orchestrator.kernel.money import Currency, currency_of
from orchestrator.kernel.session import Consent, Session
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


E = TypeVar("E", bound=Event)


class _Terms(Protocol):
    @property
    def currency(self) -> Address: ...


class Holder(Protocol):
    """A contract with balances in the currency of its terms."""

    chain: Chain
    address: Address

    @property
    def terms(self) -> _Terms: ...
    def balance_of(self, who: Address) -> int: ...
    def fund(self, beneficiary: Address, amount: int) -> "Call": ...
    def withdraw(self, to: Address, amount: int) -> "Call": ...
    def events(
        self, kind: type[E], from_block: int | None = None, to_block: int | None = None, **filters: object
    ) -> Iterator[E]: ...


H = TypeVar("H", bound=Holder)


@dataclass(frozen=True)
class Balances(Generic[H]):
    """What is done with the balances of a system's contracts. `kind` is its name, the others its events.

    Nothing is paid twice, killed at any point and done again. Raises InsufficientFunds, SentBefore.
    """

    kind: str
    funded: type[Event]
    withdrawn: type[Event]

    def money_of(self, holder: H) -> Currency:
        """What all amounts are in."""
        return currency_of(holder.chain, holder.terms.currency)

    def fund(
        self, session: Session, holder: H, payer: Account, amount: int, consent: Consent | None = None
    ) -> int:
        """Have at least `amount` (smallest units) free, after `consent`; returns what was brought in."""
        with session.alone(f"{self.kind} {holder.address} {payer.address}"):
            more = max(0, amount - holder.balance_of(payer.address))
            if more:
                if consent:
                    given = f"{self.money_of(holder).show(more)} go from {payer.name} to {holder.address}"
                    consent(Wei(more), [f"{given}, free to withdraw."])
                self._bring(session, holder, payer, more)
        return more

    def value_for(self, session: Session, holder: H, payer: Account, amount: int) -> int:
        """The ether to send with a call that needs `amount`; of a token, what is missing is brought in."""
        more = max(0, amount - holder.balance_of(payer.address))
        if more and not self.money_of(holder).is_ether:
            self._bring(session, holder, payer, more)
            return 0
        return more

    def withdraw(
        self,
        session: Session,
        holder: H,
        owner: Account,
        amount: int | None = None,
        to: Address | None = None,
    ) -> int:
        """Take `amount`, or all that is free, out and send it to its owner or `to`; returns how much."""
        free = holder.balance_of(owner.address)
        wanted = free if amount is None else amount
        if wanted > free:
            show = self.money_of(holder).show
            raise InsufficientFunds(
                f"{owner.name} has {show(free)} free here, not {show(wanted)}",
                "What is staked or deposited is free once it is settled.",
            )
        if wanted:
            times = sum(1 for _ in holder.events(self.withdrawn, account=owner.address))
            once = f"{self.kind}-withdraw-{holder.address}-{owner.address}-{times}"
            session.send(holder.withdraw(to or owner.address, wanted), owner, once=once)
        return wanted

    def _bring(self, session: Session, holder: H, payer: Account, amount: int) -> Receipt:
        who = payer.address
        times = sum(1 for _ in holder.events(self.funded, beneficiary=who, payer=who))
        once = f"{self.kind}-fund-{holder.address}-{who}-{times}"
        return session.pay(holder.fund(who, amount), payer, self.money_of(holder).of(amount), once=once)
