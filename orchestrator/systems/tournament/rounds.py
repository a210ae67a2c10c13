"""Rounds, as their organizer runs them: prepared, opened, revealed, closed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.bindings.tournament import Entered, State, TimesOf, Tournament
from orchestrator.chain import Account, Receipt
from orchestrator.errors import AccountError, ChainError, UsageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.tournament.finding import act, descriptor_of, money_of, value_for
from orchestrator.systems.tournament.index import index_of
from orchestrator.systems.tournament.rows import numbers
from orchestrator.systems.tournament.sealing import TARGETS, Sealed, keep, kept, last, sealed_of
from orchestrator.systems.tournament.targets import Targets, targets_of
from orchestrator.text import shown
from orchestrator.times import show_time
from orchestrator.types import Address, Seconds, Wei

if TYPE_CHECKING:
    from orchestrator.systems.tournament.rows import Source

BENCHMARK = "benchmark"


@dataclass(frozen=True)
class RoundView:
    """A round as it is at one moment."""

    number: int
    state: State
    times: TimesOf
    now: Seconds

    @property
    def phase(self) -> str:
        """What may be done in it, in one word."""
        times = self.times
        if self.state is State.OPEN:
            ends = (times.begins, "upcoming"), (times.closes, "entering"), (times.resolves, "waiting")
            return next((word for end, word in ends if self.now < end), "overdue")
        if self.state is State.REVEALED:
            return "scoring" if self.now < times.ends else "over"
        return self.state.word


def times_of(tournament: Tournament, number: int) -> TimesOf:
    """When a round begins, entries close, the time to reveal ends, and the time to score."""
    terms = tournament.terms
    begins = terms.start + number * terms.period
    closes = begins + terms.entering
    return TimesOf(begins, closes, closes + terms.resolving, closes + terms.resolving + terms.scoring)


def opened_rounds(tournament: Tournament) -> list[RoundView]:
    """All rounds that were opened, the oldest first, as they were after one block."""
    return views(tournament, index_of(tournament).rounds())


def views(tournament: Tournament, rounds: Iterable[tuple[int, State]]) -> list[RoundView]:
    """Rounds of the index, as they are now."""
    now = tournament.chain.now()
    return [RoundView(number, state, times_of(tournament, number), now) for number, state in rounds]


def last_after(tournament: Tournament, waits: int, now: Seconds) -> int:
    """The last round that began `waits` seconds ago or before; below 0 if none did."""
    return (int(now) - waits - tournament.terms.start) // tournament.terms.period


def stakes_of(tournament: Tournament, number: int) -> dict[Address, int]:
    """Who entered a round, with what stake."""
    return {each.who: each.stake for each in tournament.events(Entered, round=number)}


def current_number(tournament: Tournament) -> int:
    """The number of the round that began last; below 0 before the first."""
    return last_after(tournament, 0, tournament.chain.now())


def read_targets(session: Session, tournament: Tournament, number: int, source: "Source") -> Targets:
    """The targets of round `number`: columns id and target, and `benchmark` where contribution counts.

    Raises DataError, StorageError.
    """
    benchmark = [BENCHMARK] * bool(tournament.terms.contribution_multiplier)
    target = descriptor_of(session, tournament).target
    return targets_of(*numbers(session, tournament, number, source, [target, *benchmark]))


def prepare(
    session: Session, tournament: Tournament, number: int, source: "Source", organizer: Account
) -> Sealed:
    """Seal targets for `open_round`, or for a keeper that opens it. Raises DataError, UsageError."""
    if organizer.address != tournament.terms.organizer:
        raise UsageError(
            f"{organizer.name} does not organize this tournament", f"{tournament.terms.organizer} does."
        )
    sealed = _sealed(session, tournament, number, source, organizer)
    keep(session, tournament, TARGETS, number, sealed)
    return sealed


def _sealed(
    session: Session, tournament: Tournament, number: int, source: "Source", organizer: Account
) -> Sealed:
    content = read_targets(session, tournament, number, source).encode()
    return sealed_of(session, tournament, organizer, TARGETS, number, content)


def prepared(session: Session, tournament: Tournament, number: int) -> Sealed | None:
    """The targets that were prepared for a round. Raises AccountError if they are damaged."""
    return kept(session, tournament, last(TARGETS, number))


def promises(tournament: Tournament, number: int) -> list[str]:
    """What opening a round pays, to whom, and when it is lost, in sentences."""
    terms, money, times = tournament.terms, money_of(tournament), times_of(tournament, number)
    return [
        f"A pot of {money.show(terms.pot)} and a bond of {money.show(terms.bond)} are locked for round "
        f"{number} of {tournament.address}.",
        f"Entrants win out of the pot. If you do not reveal between {show_time(times.closes)} "
        f"and {show_time(times.resolves)}, you lose the bond: half is burnt, half goes to those who staked.",
    ]


def open_round(
    session: Session,
    tournament: Tournament,
    number: int,
    organizer: Account,
    consent: Consent | None = None,
    source: "Source | None" = None,
) -> Receipt | None:
    """Open a round with the targets in `source`, or those prepared, after `consent`; None if it is open.

    Nothing is sealed before somebody agrees. Raises ChainError where it is too late or other targets were
    committed to, InsufficientFunds, and as `prepare`.
    """
    with session.alone(f"tournament {tournament.address} {organizer.address}"):
        made = None if source is None else _sealed(session, tournament, number, source, organizer)
        sealed = made or prepared(session, tournament, number)
        if sealed is None:
            raise AccountError(
                f"no targets are prepared for round {number}", "Give them with --targets FILE."
            )
        found, times = tournament.round_of(number), times_of(tournament, number)
        if found.state is not State.UNOPENED:
            if found.targets != sealed.commitment and found.state is State.OPEN:
                raise ChainError(f"round {number} is open with other targets", "They cannot be changed.")
            return None
        if tournament.chain.now() >= times.begins:
            raise ChainError(
                f"round {number} began at {show_time(times.begins)}, and was not open by then",
                f"Open round {current_number(tournament) + 1} or a later one.",
            )
        amount = tournament.terms.pot + tournament.terms.bond
        if consent:
            consent(Wei(amount), promises(tournament, number))
        if made:
            keep(session, tournament, TARGETS, number, made)
        value = value_for(session, tournament, organizer, amount)
        call = tournament.open(number, sealed.commitment)
        return act(session, call, organizer, "open", number, value=value)


def reveal(
    session: Session, tournament: Tournament, number: int, account: Account, source: "Source | None" = None
) -> Receipt | None:
    """Show a round's targets; None if they are public. An organizer that lost them gives their file.

    Raises AccountError where they are neither kept nor restored, or `source` has others.
    """
    found = tournament.round_of(number)
    if found.state in (State.REVEALED, State.CLOSED):
        return None
    sealed = kept(session, tournament, found.targets.hex())
    if sealed is None and source is not None:
        sealed = prepare(session, tournament, number, source, account)
    elif sealed and source and read_targets(session, tournament, number, source).encode() != sealed.content:
        raise AccountError(
            f"{shown(str(source), 200)} has other targets than round {number} was opened with",
            "Leave --targets out: the right ones are here.",
        )
    if sealed is None or sealed.commitment != found.targets:
        raise AccountError(
            f"the targets of round {number} are not those that are here",
            "Give the file that they were in with --targets, and the organizer's account with --from.",
        )
    return act(session, tournament.reveal(number, sealed.content, sealed.salt), account, "reveal", number)
