"""Take a seat with a deposit, give it up, and take out what is one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.bindings.federation import Federation, Funded, Joined, Mode, PartyOf, Withdrawn
from orchestrator.chain import Account
from orchestrator.errors import ChainError, UsageError
from orchestrator.kernel.balances import Balances
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.federation import accounting, masking
from orchestrator.systems.federation.finding import (
    KIND,
    Descriptor,
    act,
    alone,
    descriptor_of,
    once,
    secret_folder,
)
from orchestrator.systems.federation.floors import require_lower
from orchestrator.systems.federation.releasing import has_tests
from orchestrator.systems.federation.rounds import NO_SEAT, current_model, has_committee, has_votes
from orchestrator.systems.federation.rows import cautions, read_rows
from orchestrator.times import show_duration
from orchestrator.types import Address, Wei

DATA = "data"
_TAKEN = "The contract may take what is missing from your balance there, once and no more, as you join."

if TYPE_CHECKING:
    from orchestrator.chain import Receipt
    from orchestrator.chain.bound import Call


_BALANCES = Balances[Federation](KIND, Funded, Withdrawn)
money_of = _BALANCES.money_of


def amount(federation: Federation, units: int) -> int:
    """An amount of the terms, in the currency's smallest units."""
    return units * federation.terms.unit


def join(
    session: Session,
    federation: Federation,
    party: Account,
    data: Path | None,
    consent: Consent | None = None,
    admission: bytes = b"",
    epsilon: float | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> PartyOf:
    """Take a seat, with the rows of `data` to train and score on; twice, it happens once.

    `epsilon` is the party's own budget of privacy, where the terms promise one; else it is theirs. Who has a
    seat changes rows and budget by it, and `tell` is called with a sentence for each.

    Without `data` only where the parties' apps train the model, where they stand for federations of their
    own that nobody here judges, or, under the policy Learning, to judge the models of others. Raises
    DataError for rows that do not fit the model, StorageError and IntegrityError for a model that nobody
    provides, UsageError for a party that stands for no federation where all do, ChainError where no seat is
    to be had, InsufficientFunds.
    """
    about = descriptor_of(session, federation)
    if about.sharded:
        require_lower(session, federation, party.address)
    judges = has_committee(federation) or has_votes(federation)
    rows = read_rows(session, federation, data) if data else None
    warned = cautions(rows) if rows else []
    known = data_of(session, federation, party.address) and federation.party_of(party.address).seat != NO_SEAT
    without = has_tests(federation) or about.template or (about.sharded and not judges) or known
    if not rows and not without:
        raise UsageError("this federation's model is learned from a table", "Give your rows with --data.")
    with alone(session, federation, party):
        seat = federation.party_of(party.address)
        if seat.seat == NO_SEAT:
            current_model(session, federation)  # who cannot have it pays fines, and refutes nothing
            budget = accounting.check_budget(session, federation, party.address, epsilon, rows)
            deposit = amount(federation, federation.terms.deposit)
            if consent:
                said = accounting.promises(budget, obliged=federation.terms.obliged)
                consent(Wei(deposit), promises(federation, about) + said + warned)
            accounting.keep_budget(session, federation, party.address, epsilon)
            before = sum(1 for _ in federation.events(Joined, party=party.address))
            given = masking.admission(session, federation, party, admission)
            pay(session, federation, federation.join(given), party, deposit, "join", before)
        else:
            accounting.require_sense(federation, epsilon)
            accounting.keep_budget(session, federation, party.address, epsilon)
            budget = accounting.budget_of(session, federation, party.address)
            for sentence in (*_kept(party, seat, data), *accounting.stands(budget), *warned):
                tell(sentence)
        session.known.remember(federation.address, KIND)
        if data:
            secret_folder(session, federation.address).write(
                f"{DATA}-{party.address}", {DATA: str(data.resolve())}
            )
        return federation.party_of(party.address)


def _kept(party: Account, seat: PartyOf, data: Path | None) -> list[str]:
    """What joining again did."""
    rows = [f"It trains on the rows of {data} from now on."] if data else []
    return [f"{party.name} has seat {seat.seat} already: nothing was paid again.", *rows]


def data_of(session: Session, federation: Federation, party: Address) -> Path | None:
    """The rows that a party joined with."""
    found = secret_folder(session, federation.address).read(f"{DATA}-{party}")
    return Path(found[DATA]) if found and found.get(DATA) else None


def leave(session: Session, federation: Federation, party: Account) -> None:
    """Give the seat up; deposit and earnings are free then. Raises ContractReverted within a round."""
    seat = federation.party_of(party.address)
    if seat.seat == NO_SEAT:
        return
    joined = sum(1 for _ in federation.events(Joined, party=party.address))
    act(session, federation.leave(), party, "leave", joined)


def withdraw(session: Session, federation: Federation, owner: Account, to: Address | None = None) -> int:
    """Take all that is free out, to its owner or `to`; returns how much.

    Once all is over, the seat is given up first, so that the deposit is among it.
    """
    if federation.state().closed:
        leave(session, federation, owner)
    return _BALANCES.withdraw(session, federation, owner, to=to)


def promises(federation: Federation, about: Descriptor) -> list[str]:
    """What a party pays and when it loses it, in sentences; `about` is what its organizer says of it."""
    terms, money = federation.terms, money_of(federation)
    deposit, fine = (money.show(amount(federation, units)) for units in (terms.deposit, terms.fine))
    said = [
        f"A seat of {federation.address} takes a deposit of {deposit}; it returns when you leave.",
        *([] if money.is_ether else [_TAKEN]),
        f"You lose {fine} of it each time you commit to an update and do not reveal it within "
        f"{show_duration(terms.revealing)}, are first to aggregate and do not within "
        f"{show_duration(terms.turn)}, or do not show within {show_duration(terms.supply)} what is demanded.",
    ]
    if terms.mode is Mode.OPTIMISTIC:
        bond, fee = (money.show(amount(federation, units)) for units in (terms.bond, terms.fee))
        said.append(
            f"The aggregator posts a bond of {bond}; when it is your turn, `keep` does, without asking "
            f"again. It returns with {fee}, unless somebody shows that the aggregate is wrong, or what is "
            "demanded of it is not shown. If you cannot pay it when you are first, you lose the fine."
        )
    if terms.committee:
        wait = show_duration(terms.judging)
        said.append(
            f"The same holds when you are drawn to score and do not commit and reveal within {wait} each."
        )
    if terms.obliged:
        said.append("The same holds for every round that you do not commit to.")
    if about.sharded:
        said.append("Your update is what your own federation finalizes; anybody can compute it.")
    if about.upper:
        said.append(
            f"{terms.organizer} carries your federation's model to {about.upper}, and keeps what that "
            "pays; nothing obliges it to."
        )
    if masking.is_masked(federation):
        wait = show_duration(terms.judging)
        said.append(f"The same holds when your update is in and its seeds are not told within {wait}.")
        said.append("Updates are masked. " + masking.SHOWN)
    else:
        hides = "What hides a row in them is noise." if terms.epsilon else "Nothing here hides it."
        said.append(f"Updates are public: they reveal something of your data. {hides}")
    return said


def pay(
    session: Session, federation: Federation, call: "Call", payer: Account, needed: int, *what: object
) -> "Receipt":
    """Send what takes `needed` (smallest units), and can happen only once: `what` names it.

    Ether goes with it. Of a token, what is missing from the payer's balance here is approved, just that, and
    the contract takes it in the same act. Raises InsufficientFunds, ContractReverted.
    """
    money = money_of(federation)
    missing = needed if money.is_ether else max(needed - federation.balance_of(payer.address), 0)
    return session.pay(call, payer, money.of(missing), once=once(call, payer, *what))


def require_seat(federation: Federation, party: Account) -> PartyOf:
    """Raises ChainError for an account without a seat."""
    found = federation.party_of(party.address)
    if found.seat == NO_SEAT:
        raise ChainError(
            f"{party.name} has no seat in {federation.address}", "`diln federation join` takes one."
        )
    return found
