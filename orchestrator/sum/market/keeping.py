"""The duties in a market, of anybody and of those whose secrets are here. All else is on the chain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import DilnError, NodeUnavailable
from orchestrator.learning.onchain.market import Phase
from orchestrator.sum.connection import Connection
from orchestrator.sum.market.hiding import open_hidden
from orchestrator.sum.market.providing import reveal
from orchestrator.sum.market.secrets import kept_provider
from orchestrator.sum.market.settling import overdue, settle
from orchestrator.sum.opening import OpenedMarket

Duty = Callable[[Connection, OpenedMarket, Account], Iterator[str]]


@dataclass(frozen=True)
class MarketTurn:
    """One look at a market: what was done or failed, and the phase in which it is now, until when (or 0)."""

    done: tuple[str, ...]
    phase: Phase
    until: int

    @property
    def over(self) -> bool:
        return self.phase is Phase.CLOSED


def turn(connection: Connection, opened: OpenedMarket, account: Account) -> MarketTurn:
    """Do what is due now; a duty that fails does not stop the others. Killed, the next turn does the rest."""
    done: list[str] = []
    for duty in (_choose, _open, _reveal, _settle):
        try:
            done += duty(connection, opened, account)
        except NodeUnavailable:
            raise
        except DilnError as error:
            done.append(f"could not {duty.__name__.strip('_')}: {error.message}")
    return MarketTurn(tuple(done), opened.shared.phase(), opened.shared.deadline())


def _choose(connection: Connection, opened: OpenedMarket, account: Account) -> Iterator[str]:
    """Anybody's duty: if nobody looks at the block in time, the market is void."""
    market = opened.shared
    if market.phase() is not Phase.TRIAL or overdue(market) or _knows(connection, opened, account):
        return
    state = market.state()
    if state.trial is None and connection.chain.head().number > state.target:
        connection.chain.send(market.choose(), account)
        yield "chose the trial portion"


def _reveal(connection: Connection, opened: OpenedMarket, account: Account) -> Iterator[str]:
    market = opened.shared
    if market.phase() not in (Phase.TRIAL, Phase.REVEALING) or overdue(market):
        return
    if _knows(connection, opened, account):
        trial = market.phase() is Phase.TRIAL
        count = len(reveal(connection, opened, account))
        yield "revealed the trial portion" if trial else f"revealed {count} portions of the test set"


def _open(connection: Connection, opened: OpenedMarket, account: Account) -> Iterator[str]:
    """Not before participation is over: until then what is hidden is to stay so."""
    if opened.shared.phase() is Phase.OPENING:
        for each in open_hidden(connection, opened, account):
            yield f"opened contribution {each.index}"


def _settle(connection: Connection, opened: OpenedMarket, account: Account) -> Iterator[str]:
    verbs = [step.verb for step in settle(connection, opened, account)]
    if "expire" in verbs:
        yield f"ended the market: {opened.shared.state().outcome.name.lower()}"
    if cranks := verbs.count("crank"):
        yield f"measured the contributions in {cranks} transactions"
    if "pay" in verbs:
        yield "credited everybody"


def _knows(connection: Connection, opened: OpenedMarket, account: Account) -> bool:
    market = opened.shared
    return account.address == market.creator or kept_provider(connection, market.address) is not None
