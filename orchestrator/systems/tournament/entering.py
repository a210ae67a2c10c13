"""Enter a round with sealed predictions, and score them once the targets are public."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.bindings.tournament import Entered, Entry, Scored, Terms, Tournament
from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, IntegrityError, UsageError
from orchestrator.kernel.money import Currency
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.tournament import tables
from orchestrator.systems.tournament.finding import KIND, act, money_of, value_for
from orchestrator.systems.tournament.ranks import encode, ranks_of
from orchestrator.systems.tournament.rounds import RoundView, times_of
from orchestrator.systems.tournament.rows import numbers
from orchestrator.systems.tournament.sealing import ENTRY, Sealed, kept, seal
from orchestrator.times import show_duration, show_time
from orchestrator.types import ZERO_ADDRESS, Wei

if TYPE_CHECKING:
    from orchestrator.systems.tournament.rows import Source

PREDICTION = "prediction"
HOUR = 3_600
ONE = 10**9


@dataclass(frozen=True)
class Submitted:
    """An entry as it is on the chain; `gas_used` is 0 if it had been made before."""

    entry: Entry
    round: int
    gas_used: int


def read_ranks(session: Session, tournament: Tournament, number: int, source: "Source") -> bytes:
    """The ranks of a file's or frame's predictions (columns id and prediction), two bytes a row.

    Raises DataError that names rows, StorageError.
    """
    [predictions] = numbers(session, tournament, number, source, [PREDICTION])
    return encode(ranks_of(predictions))


def enter(
    session: Session,
    tournament: Tournament,
    number: int,
    source: "Source",
    entrant: Account,
    stake: int | None = None,
    consent: Consent | None = None,
) -> Submitted:
    """Commit to predictions with `stake` in all (what is staked already, unless given), after `consent`.

    Other predictions in the same round replace those before; a stake cannot shrink. Ranks and salt are on
    disk before anything is sent. Raises ChainError outside the time for it, DataError, InsufficientFunds,
    IntegrityError for a tournament with false tables, UsageError.
    """
    require_tables(tournament)
    with session.alone(f"tournament {tournament.address} {entrant.address}"):
        seen = tournament.at(tournament.chain.head().number)
        entry, times = seen.entry_of(number, entrant.address), times_of(tournament, number)
        view = RoundView(number, seen.round_of(number).state, times, tournament.chain.now())
        if view.phase != "entering":
            when = f"{show_time(times.begins)} to {show_time(times.closes)}"
            raise ChainError(f"round {number} is {view.phase}", f"If opened, it takes entries from {when}.")
        wanted = entry.stake if stake is None else stake
        more = wanted - entry.stake
        if more < 0 or wanted < tournament.terms.least_stake:
            money = money_of(tournament)
            least = money.show(max(entry.stake, tournament.terms.least_stake))
            raise UsageError(f"a stake of {money.show(wanted)} is too small", f"Here it is at least {least}.")
        ranks = read_ranks(session, tournament, number, source)
        sealed = seal(session, tournament, entrant, ENTRY, number, ranks)
        if (entry.commitment, more) == (sealed.commitment, 0):
            return Submitted(entry, number, 0)
        if consent:
            consent(Wei(more), promises(tournament, number, entrant, more, wanted))
        session.known.remember(tournament.address, KIND)  # first, so that a keeper scores it in any case
        value = value_for(session, tournament, entrant, more)
        # Each commitment may come again after another one, so an entry is told by how many there were.
        before = sum(1 for _ in tournament.events(Entered, round=number, who=entrant.address))
        call = tournament.enter(number, sealed.commitment, more)
        receipt = act(session, call, entrant, "enter", number, entrant.address, before, value=value)
        return Submitted(tournament.entry_of(number, entrant.address), number, receipt.gas_used)


def score(
    session: Session, tournament: Tournament, number: int, entrant: Account, source: "Source | None" = None
) -> Scored:
    """Have the contract score the entry of `entrant`, and pay or burn. The same again if it is scored.

    Where ranks and salt are lost, `source` (the predictions) restores them. Raises AccountError where they
    are neither kept nor restored, ChainError where nothing can be scored.
    """
    who = entrant.address
    entry = tournament.entry_of(number, who)
    if entry.stake and not entry.settled:
        sealed = _sealed(session, tournament, number, entrant, source)
        call = tournament.score(number, who, sealed.content, sealed.salt)
        act(session, call, entrant, "score", number, who)
    found = next(iter(tournament.events(Scored, round=number, who=who)), None)
    if found is None:
        raise ChainError(
            f"{entrant.name} has no scored entry to round {number}", "Look at `diln tournament show`."
        )
    return found


def promises(tournament: Tournament, number: int, entrant: Account, more: int, stake: int) -> list[str]:
    """What an entry pays, to whom, and when it is lost, in sentences."""
    terms, money = tournament.terms, money_of(tournament)
    times = times_of(tournament, number)
    most = terms.clip * (ONE + terms.drag) / ONE**2
    return [
        f"{money.show(more)} go from {entrant.name} to tournament {tournament.address}, which "
        f"{terms.organizer} organizes: a stake of {money.show(stake)} on round {number}.",
        f"A bad score loses up to {most:.2%} of it. If you do not score between the reveal "
        f"and {show_time(times.ends)}, you lose as much, and {money.show(terms.tip)} more.",
        *unusual(terms, money),
    ]


def unusual(terms: Terms, money: Currency) -> list[str]:
    """What an entrant should look at twice."""
    said = []
    if terms.currency != ZERO_ADDRESS:
        said.append(f"All amounts are in the token {terms.currency}, which nobody vouches for.")
    if terms.scoring <= HOUR:
        said.append(f"There may be only {show_duration(terms.scoring)} to score in.")
    if terms.bond < terms.pot:
        said.append(f"The bond of {money.show(terms.bond)} is less than the pot of {money.show(terms.pot)}.")
    return said


def require_tables(tournament: Tournament) -> None:
    """Compare the tables that scores come from. Raises IntegrityError for others than those of the ranks."""
    terms = tournament.terms
    expected = {terms.powers: tables.powers(terms.rows)}
    if terms.contribution_multiplier:
        expected[terms.normals] = tables.normals(terms.rows)
    for address, table in expected.items():
        if tournament.chain.code(address) != b"\0" + tables.encode(table):
            raise IntegrityError(f"the table at {address} is false", "Do not enter: its scores mean nothing.")


def _sealed(
    session: Session, tournament: Tournament, number: int, entrant: Account, source: "Source | None"
) -> Sealed:
    commitment = tournament.entry_of(number, entrant.address).commitment
    found = kept(session, tournament, commitment.hex())
    if found is None and source is not None:
        ranks = read_ranks(session, tournament, number, source)
        found = seal(session, tournament, entrant, ENTRY, number, ranks)
    if found is None or found.commitment != commitment:
        raise AccountError(
            f"the predictions of {entrant.name} for round {number} are not those that are here",
            "Give the file that was entered with --predictions.",
        )
    return found
