"""One keeper for all systems: nobody loses a deposit or a bond for having been asleep.

All that it knows is on the chain and in the state folder: it may be killed at any moment and begun again.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from orchestrator.chain import Account
from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.kernel.metrics import Metrics
from orchestrator.kernel.session import Consent, Session
from orchestrator.kernel.system import ANYBODY, Duty, Failure, Look, System, reason
from orchestrator.types import ZERO_ADDRESS, Address, Report, Seconds, Wei

REMARK = "remark"
"""The duty of what is said and not done."""


@dataclass(frozen=True)
class Due:
    """A duty that an account has in an instance; `at` is from when on it can be done."""

    system: str
    instance: Address
    account: str
    duty: str
    at: Seconds


@dataclass(frozen=True)
class Said:
    """What was done, or (`failed`) why it could not be."""

    system: str
    instance: Address
    account: str
    duty: str
    text: str
    failed: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class _Waiting:
    """A duty, from when on it can be done (None: nothing to do), and whether that is now.

    `doubt` is why that cannot be told: then it is said, and nothing is done.
    """

    duty: Duty[Any]
    at: Seconds | None
    ready: bool
    doubt: str = ""


@dataclass(frozen=True)
class Unopened:
    """An instance that cannot be opened now, such as one whose descriptor storage does not have."""

    address: Address
    reason: str


class Known:
    """All instances of `systems` that this folder created or agreed to pay; new ones join as it goes on.

    One that cannot be opened is an Unopened, and tried again the next time.
    """

    def __init__(self, session: Session, systems: Sequence[System[Any]]) -> None:
        self._session, self._systems = session, systems
        self._opened: dict[Address, Any] = {}

    def __iter__(self) -> Iterator[tuple[System[Any], Any]]:
        for system in self._systems:
            for address in self._session.known.all(system.kind):
                if address not in self._opened:
                    found = self._open(system, address)
                    if isinstance(found, Unopened):
                        yield system, found
                        continue
                    self._opened[address] = found
                yield system, self._opened[address]

    def _open(self, system: System[Any], address: Address) -> Any:
        try:
            return system.open(self._session, address)
        except NodeUnavailable:
            raise
        except Exception as error:  # strangers wrote what is read
            return Unopened(address, reason(error))


class Keeper:
    """Does what is due for `accounts` in `instances`, each with its system.

    `roles` are those to keep, by default all that an account has in an instance. With `others` it also does
    what everybody may, for a tip or for nothing; of what costs more gas than it brings, `least` wei above,
    it says why it leaves it.
    """

    def __init__(
        self,
        session: Session,
        instances: Iterable[tuple[System[Any], Any]],
        accounts: Sequence[Account],
        *,
        roles: Collection[str] = (),
        others: bool = False,
        least: Wei | None = None,
        report: Report | None = None,
        consent: Consent | None = None,
    ) -> None:
        self._session, self._instances, self._accounts = session, instances, accounts
        self._others, self._roles = others, frozenset(roles)
        self._least, self._report, self._consent = least, report, consent
        self._looks: dict[tuple[Address, Address], Look[Any]] = {}  # of the last turn, for remarks

    def due(self) -> list[Due]:
        """What is to be done, and when: what can be done now comes first."""
        found = []
        for system, instance, account in self._kept(self._instances):
            try:
                _, waiting = self._begin(system, instance, account)
            except NodeUnavailable:
                raise
            except Exception:
                waiting = []  # `turn` says why
            where = system.address_of(instance)
            times = [(each.duty.name, each.at) for each in waiting if each.at is not None]
            found += [Due(system.name, where, account.name, name, at) for name, at in times]
        return sorted(found, key=lambda each: each.at)

    def turn(self) -> Iterator[Said]:
        """Do what is due now; what fails does not stop the rest. Raises NodeUnavailable."""
        instances = list(self._instances)
        for system, instance in instances:
            if isinstance(instance, Unopened):
                why = f"could not open {system.name} {instance.address}: {instance.reason}"
                yield Said(system.name, instance.address, "", "open", why, failed=True)
        for system, instance, account in self._kept(instances):
            where = system.address_of(instance)
            try:
                yield from self._turn(system, instance, account, where)
            except NodeUnavailable:
                raise
            except Exception as error:  # strangers wrote what was read, or the state folder is damaged
                why = f"could not look: {reason(error)}"
                yield Said(system.name, where, account.name, "look", why, failed=True)

    def _turn(
        self, system: System[Any], instance: object, account: Account, where: Address
    ) -> Iterator[Said]:
        look, waiting = self._begin(system, instance, account)
        while next_one := next((each for each in waiting if each.ready), None):
            said = [(next_one.doubt, True)] if next_one.doubt else self._done(next_one.duty, look)
            for text, failed in said:
                yield Said(system.name, where, account.name, next_one.duty.name, text, failed)
            rest = [each.duty for each in waiting[waiting.index(next_one) + 1 :]]
            waiting = self._session.chain.look(partial(self._asked, look, rest))

    def remarks(self) -> Iterator[Said]:
        """What accounts should know beside what is done and due: what was lost, why nothing is done."""
        for system, instance, account in self._kept(list(self._instances)):
            try:
                found = self._session.chain.look(partial(self._remarked, system, instance, account))
            except NodeUnavailable:
                raise
            except Exception:
                found = []  # `turn` says why
            where = system.address_of(instance)
            yield from (Said(system.name, where, account.name, REMARK, text) for text in found)

    def over(self) -> bool:
        """Whether nothing is left to do in what this keeper looks at."""
        opened = [each for each in self._instances if not isinstance(each[1], Unopened)]
        return all(system.over(instance) for system, instance in opened)

    def run(
        self,
        every: float,
        *,
        until_over: bool = False,
        metrics: Metrics | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[Said]:
        """Turns, `every` so many seconds: for ever, or until nothing is left to do.

        A node that is away is waited for. What was said in one turn is not said again in the next; `metrics`
        counts it all.
        """
        before: set[Said] = set()
        while True:
            now: set[Said] = set()
            try:
                over = until_over and self.over()  # looked at first: the last turn comes after the end
                for said in chain(self.turn(), self.remarks()):
                    if metrics and said.duty != REMARK:
                        metrics.count(said.system, said.duty, failed=said.failed)
                    now.add(said)
                    if said not in before:
                        yield said
                if over:
                    return
                if metrics:
                    metrics.show([(each.system, each.at) for each in self.due()], self._session.chain.now())
            except ChainError as error:  # the node is away, or shows another chain at each look
                away = Said("", ZERO_ADDRESS, "", "look", f"could not look: {error.message}", failed=True)
                if metrics:
                    metrics.count(away.system, away.duty, failed=True)
                yield away
            before = now
            sleep(every)

    def _kept(
        self, instances: Iterable[tuple[System[Any], Any]]
    ) -> Iterator[tuple[System[Any], Any, Account]]:
        return (
            (system, instance, account)
            for system, instance in instances
            if not isinstance(instance, Unopened)
            for account in self._accounts
        )

    def _begin(
        self, system: System[Any], instance: object, account: Account
    ) -> tuple[Look[Any], list[_Waiting]]:
        """The parts that an account has in an instance, and when its duties are due: all from one block."""
        return self._session.chain.look(partial(self._begun, system, instance, account))

    def _begun(
        self, system: System[Any], instance: object, account: Account
    ) -> tuple[Look[Any], list[_Waiting]]:
        look = self._look(system, instance, account)
        self._looks[system.address_of(instance), account.address] = look
        return look, self._asked(look, [duty for duty in system.duties if duty.roles & look.roles])

    def _remarked(self, system: System[Any], instance: object, account: Account) -> list[str]:
        found = self._looks.pop((system.address_of(instance), account.address), None)
        look = found or self._look(system, instance, account)
        return list(system.remarks(look)) if look.roles - {ANYBODY} else []

    def _look(self, system: System[Any], instance: object, account: Account) -> Look[Any]:
        roles = self._roles or system.roles_of(self._session, instance, account.address)
        if self._others:
            roles |= {ANYBODY}
        return Look(self._session, instance, account, self._report, self._consent, roles, self._least)

    def _asked(self, look: Look[Any], duties: Sequence[Duty[Any]]) -> list[_Waiting]:
        """When each is due.

        What cannot be told – the node failed, or strangers wrote what is read – is said now. It is not done:
        acting too early may cost a deposit, or show what should stay hidden.
        """
        found = []
        for duty in duties:
            try:
                at = duty.due(look)
            except NodeUnavailable:
                raise
            except Exception as error:  # strangers wrote what the duty read
                doubt = f"could not tell whether to {duty.name}: {reason(error)}"
                found.append(_Waiting(duty, look.now, True, doubt))
                continue
            found.append(_Waiting(duty, at, at is not None and at <= look.now))
        return found

    def _done(self, duty: Duty[Any], look: Look[Any]) -> Iterator[tuple[str, bool]]:
        try:
            for text in duty.act(look):
                yield text, isinstance(text, Failure)
        except NodeUnavailable:
            raise
        except Exception as error:  # strangers wrote what the duty read
            yield f"could not {duty.name}: {reason(error)}", True
