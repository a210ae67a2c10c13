"""What the house asks of a system: how its instances are opened, and what is to be done in them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from orchestrator.errors import ContractReverted, DilnError, NodeUnavailable, told
from orchestrator.kernel.money import ETHER
from orchestrator.text import shown

if TYPE_CHECKING:
    from orchestrator.chain import Account
    from orchestrator.chain.bound import Call
    from orchestrator.kernel.session import Consent, Session
    from orchestrator.types import Address, Report, Seconds, Wei

I = TypeVar("I")  # noqa: E741 - an instance: a competition, a shared model, a market
P = TypeVar("P")

LONGEST_REASON = 400

ANYBODY = "anybody"
"""The role of everybody: what it does, it does for the others, for a tip or for nothing."""


class Failure(str):
    """A sentence that says what could not be done, and why."""

    __slots__ = ()


def reason(error: Exception) -> str:
    """What went wrong and what to do next, as a terminal may show it: strangers wrote what was read."""
    hint = error.hint if isinstance(error, DilnError) else ""
    return shown(f"{told(error)}. {hint}" if hint else told(error), LONGEST_REASON)


@dataclass(frozen=True)
class Look(Generic[I]):
    """An instance, looked at for `account` in its `roles`.

    `report` is called with (done, total) in long steps, `consent` before something is paid. `least` is what
    an act for others must bring above its gas, in wei; None where they are done whatever they cost.
    """

    session: "Session"
    instance: I
    account: "Account"
    report: "Report | None" = None
    consent: "Consent | None" = None
    roles: frozenset[str] = frozenset()
    least: "Wei | None" = None

    @property
    def now(self) -> "Seconds":
        return self.session.chain.now()

    def loss(self, call: "Call", reward: int, *, transactions: int = 1) -> str:
        """Why `call` costs more gas than its `reward` (wei of ether) brings, with what follows; else empty.

        On a development chain gas costs nothing.
        """
        price = 0 if self.session.chain.development else self.session.chain.gas_price()
        if not price and not self.least:
            return ""
        try:
            gas = self.session.chain.send(call, self.account, dry_run=True).gas_used
        except ContractReverted as error:
            return error.message
        cost = gas * price * transactions
        if reward >= cost + (self.least or 0):
            return ""
        return f"it brings {ETHER.show(reward)} and costs {ETHER.show(cost)} of gas"


@dataclass(frozen=True)
class Duty(Generic[I]):
    """What has to be done by those in one of `roles`.

    `due` tells from when on it can be done, as far as the chain shows now: a time that has come, one that
    will, or None. `act` does it and says what it did, a sentence each, a Failure for what it could not; done
    again, it does nothing twice.
    """

    name: str
    due: Callable[[Look[I]], "Seconds | None"]
    act: Callable[[Look[I]], Iterator[str]]
    roles: frozenset[str] = field(default=frozenset({ANYBODY}))


def duty_of_parts(
    name: str,
    roles: frozenset[str],
    find: "Callable[[Look[I]], Iterable[tuple[int, P]]]",
    act: Callable[[Look[I], P], str],
) -> Duty[I]:
    """A duty made of parts: `find` tells from when on each can be done, `act` does one and says so.

    A part that fails leaves the others their turn.
    """

    def due(look: Look[I]) -> "Seconds | None":
        return min((cast("Seconds", at) for at, _ in find(look)), default=None)

    def do(look: Look[I]) -> Iterator[str]:
        for at, part in list(find(look)):
            try:
                if at <= look.now:
                    yield act(look, part)
            except NodeUnavailable:
                raise
            except DilnError as error:
                yield Failure(f"could not {name}: {reason(error)}")

    return Duty(name, due, do, roles)


@dataclass(frozen=True)
class System(Generic[I]):
    """A system of the house; `kind` is what a folder knows its instances as (see `KnownContracts`).

    `roles_of` tells an account's parts in an instance, ANYBODY left out; `over` whether nothing is left to
    do; `remarks` what an account with a part should know beside what is done and due, a sentence each.
    """

    name: str
    kind: str
    open: "Callable[[Session, Address], I]"
    address_of: "Callable[[I], Address]"
    roles_of: "Callable[[Session, I, Address], frozenset[str]]"
    over: Callable[[I], bool]
    duties: tuple[Duty[I], ...]
    remarks: "Callable[[Look[I]], Iterable[str]]" = lambda look: ()
