"""Free balances in a tournament: stakes, pots and bonds come out of them, and return to them."""

from orchestrator.bindings.tournament import Funded, Tournament, Withdrawn
from orchestrator.chain import Account, Receipt
from orchestrator.errors import InsufficientFunds
from orchestrator.kernel.money import Currency, currency_of
from orchestrator.kernel.session import Session
from orchestrator.types import Address


def money_of(tournament: Tournament) -> Currency:
    """What all amounts are in."""
    return currency_of(tournament.chain, tournament.terms.currency)


def fund(session: Session, tournament: Tournament, payer: Account, amount: int) -> Receipt:
    """Bring `amount` (smallest units) in. Raises InsufficientFunds."""
    times = sum(1 for _ in tournament.events(Funded, beneficiary=payer.address, payer=payer.address))
    once = f"tournament-fund-{tournament.address}-{payer.address}-{times}"
    call = tournament.fund(payer.address, amount)
    return session.pay(call, payer, money_of(tournament).of(amount), once=once)


def withdraw(
    session: Session,
    tournament: Tournament,
    owner: Account,
    amount: int | None = None,
    to: Address | None = None,
) -> int:
    """Take `amount`, or all that is free, out and send it to its owner or `to`; returns how much.

    Raises InsufficientFunds.
    """
    free = tournament.balance_of(owner.address)
    wanted = free if amount is None else amount
    if wanted > free:
        money = money_of(tournament)
        raise InsufficientFunds(
            f"{owner.name} has {money.show(free)} free here, not {money.show(wanted)}",
            "A stake is free once its round is scored, or refunded.",
        )
    if wanted:
        times = sum(1 for _ in tournament.events(Withdrawn, account=owner.address))
        once = f"tournament-withdraw-{tournament.address}-{owner.address}-{times}"
        session.send(tournament.withdraw(to or owner.address, wanted), owner, once=once)
    return wanted


def value_for(session: Session, tournament: Tournament, payer: Account, amount: int) -> int:
    """The ether to send with a call that needs `amount`; what is lacking of a token is brought in here."""
    more = max(0, amount - tournament.balance_of(payer.address))
    if more and not money_of(tournament).is_ether:
        fund(session, tournament, payer, more)
        return 0
    return more
