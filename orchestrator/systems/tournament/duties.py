"""What is to be done in a tournament: by its organizer, by those who entered, and by anybody."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice

from orchestrator.bindings.tournament import Entered, State, Tournament
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, System, duty_of_parts
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.tournament import rounds
from orchestrator.systems.tournament.entering import score
from orchestrator.systems.tournament.finding import KIND, act, money_of, open_tournament
from orchestrator.systems.tournament.rounds import RoundView, opened_rounds, unsettled, waiting
from orchestrator.types import Address

Look = AnyLook[Tournament]
MOST_ROUNDS, MOST_ENTRIES = 8, 16
"""Of others, that a look is at most about: the newest rounds, and entries in them."""


class Role(StrEnum):
    """Who has duties, besides anybody."""

    ORGANIZER = "organizer"
    ENTRANT = "entrant"


def _rounds(look: Look, *states: State) -> list[RoundView]:
    return [each for each in opened_rounds(look.instance) if each.state in states]


def _entries(look: Look, *states: State) -> Iterator[tuple[RoundView, Address]]:
    """The account's entries that wait in rounds of these states."""
    views = {each.number: each for each in _rounds(look, *states)}
    for number, who in unsettled(look.instance, look.account.address):
        if number in views:
            yield views[number], who


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
    views = _rounds(look, State.OPEN)
    return [(each.times.closes, each.number) for each in views if look.now < each.times.resolves]


def _reveal(look: Look, number: int) -> str:
    rounds.reveal(look.session, look.instance, number, look.account)
    return f"revealed the targets of round {number}"


def _scorable(look: Look) -> list[tuple[int, int]]:
    """Now where the targets are known; before entries close, from then on."""
    known = [each for each, _ in _entries(look, State.REVEALED) if look.now < each.times.ends]
    waiting = [each for each, _ in _entries(look, State.OPEN) if look.now < each.times.closes]
    return [(look.now, each.number) for each in known] + [
        (each.times.closes, each.number) for each in waiting
    ]


def _score(look: Look, number: int) -> str:
    found = score(look.session, look.instance, number, look.account)
    change = f"{'+' if found.payout >= 0 else '-'}{money_of(look.instance).show(abs(found.payout))}"
    return f"scored {found.correlation / 10**9:.4f} in round {number}: {change}"


def _silent(look: Look) -> list[tuple[int, int]]:
    """For an entrant, rounds that hold its stake; for anybody, all."""
    mine = {each.number for each, _ in _entries(look, State.OPEN)}
    views = _rounds(look, State.OPEN)
    return [
        (each.times.resolves, each.number) for each in views if ANYBODY in look.roles or each.number in mine
    ]


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
        ended = [each for each in _rounds(look, State.REVEALED, State.CLOSED) if each.times.ends <= look.now]
        times = {each.number: each.times.ends for each in ended[-MOST_ROUNDS:]}
        late = (each for each in waiting(look.instance, list(times)) if each[1] != look.account.address)
        found += [(times[number], (number, who)) for number, who in islice(late, MOST_ENTRIES)]
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
    return [(each.times.ends, each.number) for each in _rounds(look, State.REVEALED)]


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
