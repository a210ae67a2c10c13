"""What the duties of a federation are made of: who has them, from when on, and what is said of them."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import Account
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, Duty
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.federation.rounds import NO_SEAT
from orchestrator.types import Seconds

Look = AnyLook[Federation]
Due = Callable[[Look], Seconds | None]


class Role(StrEnum):
    """Who has duties, besides anybody."""

    PARTY = "party"


PARTY = frozenset({Role.PARTY})
ALL = frozenset({Role.PARTY, ANYBODY})


def duty(name: str, roles: frozenset[str], due: Due, act: Callable[[Look], str]) -> Duty[Federation]:
    """What `act` says, if it says anything, is told."""

    def do(look: Look) -> Iterator[str]:
        if said := act(look):
            yield said

    return Duty(name, due, do, roles)


def tells(act: Callable[[Session, Federation, Account], object], said: str) -> Callable[[Look], str]:
    """Do `act` for the account, and say so with what it returned, unless that is nothing."""

    def do(look: Look) -> str:
        done = act(look.session, look.instance, look.account)
        return said.format(done) if done else ""

    return do


def bit_of(look: Look) -> int:
    """The account's seat as a mask; 0 without one."""
    seat = look.instance.party_of(look.account.address).seat
    return 0 if seat == NO_SEAT else 1 << seat


def now_if(condition: Callable[[Look], object]) -> Due:
    return lambda look: look.now if condition(look) else None


def after(before: Phase, mask: str, now: Callable[[Look], object]) -> Due:
    """Now where `now` holds; else at the end of the phase `before`, for whoever is in the state's `mask`."""

    def due(look: Look) -> Seconds | None:
        if now(look):
            return look.now
        clock = look.instance.clock()
        if Phase(clock.phase) is not before or clock.ends_at <= look.now:
            return None
        return Seconds(clock.ends_at) if bit_of(look) & getattr(look.instance.state(), mask) else None

    return due
