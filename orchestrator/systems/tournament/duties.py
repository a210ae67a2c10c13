"""What is to be done in a tournament: by its organizer, by those who entered, and by anybody."""

from collections.abc import Iterator
from enum import StrEnum

from orchestrator.bindings.tournament import Entered, State, Tournament
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, System, duty_of_parts
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.tournament import rounds
from orchestrator.systems.tournament.entering import score
from orchestrator.systems.tournament.finding import KIND, act, money_of, open_tournament
from orchestrator.systems.tournament.index import index_of
from orchestrator.systems.tournament.rounds import RoundView, last_after, views
from orchestrator.types import Address

Look = AnyLook[Tournament]
MOST_ROUNDS, MOST_ENTRIES = 8, 16
"""Of others, that a look is at most about: the newest rounds, and entries in them."""


class Role(StrEnum):
    """Who has duties, besides anybody."""

    ORGANIZER = "organizer"
    ENTRANT = "entrant"


def _entries(look: Look, *states: State) -> Iterator[tuple[RoundView, Address]]:
    """The account's entries that wait in rounds of these states."""
    index, who = index_of(look.instance), look.account.address
    for number, _ in index.unsettled(who):
        for view in views(look.instance, index.rounds(states, number, number)):
            yield view, who


def _began(look: Look, *waits: str) -> int:
    """The last round that began before these times of the terms, which have passed since."""
    return last_after(look.instance, sum(getattr(look.instance.terms, each) for each in waits), look.now)


def _with_next(look: Look, found: list[tuple[int, State]], last: int) -> list[tuple[int, State]]:
    """Open rounds up to `last`, and the next after it."""
    later = index_of(look.instance).next_round(State.OPEN, max(last + 1, 0))
    return found if later is None else [*found, (later, State.OPEN)]


def _prepared(look: Look) -> Iterator[tuple[int, int]]:
    """The next round to begin, if its targets are prepared and it is not open."""
    number = rounds.current_number(look.instance) + 1
    ready = number >= 0 and rounds.prepared(look.session, look.instance, number)
    if ready and look.instance.round_of(number).state is State.UNOPENED:
        yield look.now, number


def _open(look: Look, number: int) -> str:
    rounds.open_round(look.session, look.instance, number, look.account, look.consent)
    return f"opened round {number}"


def _sealed(look: Look) -> list[tuple[int, int]]:
    """Rounds whose entries are closed, and the next one."""
    index, closed = index_of(look.instance), _began(look, "entering")
    found = index.rounds([State.OPEN], _began(look, "entering", "resolving") + 1, closed)
    shown = views(look.instance, _with_next(look, found, closed))
    return [(each.times.closes, each.number) for each in shown]


def _reveal(look: Look, number: int) -> str:
    rounds.reveal(look.session, look.instance, number, look.account)
    return f"revealed the targets of round {number}"


def _scorable(look: Look) -> list[tuple[int, int]]:
    """Now where the targets are known; before entries close, from then on."""
    found = list[tuple[int, int]]()
    for each, _ in _entries(look, State.REVEALED, State.OPEN):
        opens, ends = (
            (look.now, each.times.ends) if each.state is State.REVEALED else (each.times.closes,) * 2
        )
        found += [(opens, each.number)] if look.now < ends else []
    return found


def _score(look: Look, number: int) -> str:
    found = score(look.session, look.instance, number, look.account)
    change = f"{'+' if found.payout >= 0 else '-'}{money_of(look.instance).show(abs(found.payout))}"
    return f"scored {found.correlation / 10**9:.4f} in round {number}: {change}"


def _silent(look: Look) -> list[tuple[int, int]]:
    """For an entrant, rounds that hold its stake; for anybody, the newest that are overdue, and the next."""
    found = [each for each, _ in _entries(look, State.OPEN)]
    if ANYBODY in look.roles:
        index, silent = index_of(look.instance), _began(look, "entering", "resolving")
        others = _with_next(look, index.rounds([State.OPEN], 0, silent, MOST_ROUNDS), silent)
        mine = {each.number for each in found}
        found += views(look.instance, [each for each in others if each[0] not in mine])
    return [(each.times.resolves, each.number) for each in found]


def _void(look: Look, number: int) -> str:
    call, staked = look.instance.void(number), {each.number for each, _ in _entries(look, State.OPEN)}
    if number not in staked and (left := look.loss(call, 0)):
        return f"left round {number} without targets: {left}"
    act(look.session, call, look.account, "void", number)
    return f"ended round {number}, whose targets were not revealed"


def _refundable(look: Look) -> list[tuple[int, int]]:
    return [(look.now, each.number) for each, _ in _entries(look, State.VOID)]


def _refund(look: Look, number: int) -> str:
    call = look.instance.refund(number, look.account.address)
    act(look.session, call, look.account, "refund", number, look.account.address)
    return f"got the stake of round {number} back"


def _late(look: Look) -> list[tuple[int, tuple[int, Address]]]:
    """One's own entries; then a few of others, who all bring the same tip: dust must not fill a look."""
    mine = list(_entries(look, State.REVEALED, State.CLOSED))
    found = [(each.times.ends, (each.number, who)) for each, who in mine if each.times.ends <= look.now]
    if ANYBODY in look.roles:
        index, over = index_of(look.instance), _began(look, "entering", "resolving", "scoring")
        ended = views(look.instance, index.rounds([State.REVEALED, State.CLOSED], 0, over, MOST_ROUNDS))
        times = {each.number: each.times.ends for each in ended}
        late = index.waiting(list(times), look.account.address, MOST_ENTRIES)
        found += [(times[number], (number, who)) for number, who in late]
    return found


def _expire(look: Look, entry: tuple[int, Address]) -> str:
    (number, who), tip, money = entry, look.instance.terms.tip, money_of(look.instance)
    what = f"the entry of {look.session.name_of(who)} to round {number}"
    call = look.instance.expire(number, who)
    # One's own stake is worth more than gas.
    if who != look.account.address and (left := look.loss(call, tip if money.is_ether else 0)):
        return f"left {what}: {left}"
    act(look.session, call, look.account, "expire", number, who)
    return f"expired {what} for {money.show(tip)}"


def _ended(look: Look) -> list[tuple[int, int]]:
    found = index_of(look.instance).rounds([State.REVEALED])
    return [(each.times.ends, each.number) for each in views(look.instance, found)]


def _close(look: Look, number: int) -> str:
    act(look.session, look.instance.close(number), look.account, "close", number)
    return f"closed round {number}"


def roles_of(session: Session, tournament: Tournament, who: Address) -> frozenset[str]:
    """What `who` is in a tournament: its organizer, one who entered."""
    organizes = {Role.ORGANIZER} if tournament.terms.organizer == who else set()
    entered = any(True for _ in tournament.events(Entered, who=who))
    return frozenset(organizes | ({Role.ENTRANT} if entered else set()))


_ORGANIZER, _ENTRANT = frozenset({Role.ORGANIZER}), frozenset({Role.ENTRANT})
_ALL = frozenset({Role.ENTRANT, ANYBODY})

SYSTEM: System[Tournament] = System(
    name="tournament",
    kind=KIND,
    open=open_tournament,
    address_of=lambda tournament: tournament.address,
    roles_of=roles_of,
    over=lambda _: False,  # another round can always be opened
    duties=(
        duty_of_parts("open the next round", _ORGANIZER, _prepared, _open),
        duty_of_parts("reveal the targets", _ORGANIZER, _sealed, _reveal),
        duty_of_parts("score own entries", _ENTRANT, _scorable, _score),
        duty_of_parts("end rounds without targets", _ALL, _silent, _void),
        duty_of_parts("take stakes back", _ENTRANT, _refundable, _refund),
        duty_of_parts("expire for the tip", _ALL, _late, _expire),
        duty_of_parts("close", _ORGANIZER, _ended, _close),
    ),
)
