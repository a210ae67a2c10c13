"""A keeper: it does what is due for an account, again and again. All that it knows is on the chain."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import NodeUnavailable
from orchestrator.sum.claiming import Claim, Outcome, carry_out, claims, not_worth
from orchestrator.sum.connection import Connection
from orchestrator.sum.hiding import release, reveal
from orchestrator.sum.market.keeping import MarketTurn
from orchestrator.sum.market.keeping import turn as market_turn
from orchestrator.sum.opening import Opened, OpenedMarket


@dataclass(frozen=True)
class Turn:
    """One look at a model: what was done, what is not worth its gas, and how many contributions wait."""

    outcomes: tuple[Outcome, ...]
    waiting: int
    next_at: int | None
    skipped: tuple[str, ...] = ()


def turn(
    connection: Connection,
    opened: Opened,
    account: Account,
    *,
    everyone: bool = False,
    gas_price: int | None = None,
) -> Turn:
    """Reveal, release, refund, report, take and sweep what is due now, and worth its gas.

    `gas_price` (wei) is by default what the node says, nothing on a development chain. Killed at any moment,
    the next turn does the rest.
    """
    price = _gas_price(connection) if gas_price is None else gas_price
    outcomes = list(reveal(connection, opened, account))
    outcomes += release(connection, opened, account, everyone=everyone)
    seen, skipped = claims(opened, account.address, everyone=everyone), []
    for claim in seen:
        why = not_worth(opened, claim, account, price) if claim.verb else ""
        if why:
            skipped.append(f"no {claim.verb} of {claim.contribution.number}: {why}")
        elif claim.verb:
            outcomes.append(carry_out(connection, opened, claim, account))
    waiting = [claim for claim in seen if claim.verb is None]
    now = connection.chain.now()
    return Turn(tuple(outcomes), len(waiting), _next(waiting, now), tuple(skipped))


def watch(
    connection: Connection,
    opened: Opened | OpenedMarket,
    account: Account,
    *,
    everyone: bool = False,
    every: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Turn | MarketTurn | NodeUnavailable]:
    """Turns, `every` so many seconds: for ever, or until a market is closed.

    A node that does not answer is asked again at the next one.
    """
    while True:
        try:
            if isinstance(opened, OpenedMarket):
                done = market_turn(connection, opened, account)
                yield done
                if done.over:
                    return
            else:
                yield turn(connection, opened, account, everyone=everyone)
        except NodeUnavailable as error:
            yield error
        sleep(every)


def _gas_price(connection: Connection) -> int:
    return 0 if connection.chain.development else connection.chain.gas_price()


def _next(waiting: list[Claim], now: int) -> int | None:
    return min((claim.next_at for claim in waiting if claim.next_at > now), default=None)
