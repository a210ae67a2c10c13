"""`diln market list`, `show`, `leaderboard`, `replay`, `reveal`, `settle`, `keep` and `simulate`."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.keeping import kept
from orchestrator.cli.market import market
from orchestrator.cli.market.options import MarketArgument
from orchestrator.cli.market.printing import (
    leaderboard_shown,
    market_shown,
    replay_shown,
    settlement,
    simulated,
)
from orchestrator.cli.models.options import EncoderOption, listed, moment
from orchestrator.console import (
    SENDS,
    Answer,
    Facts,
    Shown,
    Stream,
    Table,
    amount,
    command,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import DilnError

with lazy_imports():
    from orchestrator.systems.market import duties, opening, settling, simulation
    from orchestrator.systems.market import leaderboard as boards
    from orchestrator.systems.market import provider as providers

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.factory import Created
    from orchestrator.systems.market.contract import MarketContract

WAITS = {
    "created": "the provider to escrow: create again",
    "trial": "the provider to reveal the trial portion",
    "participation": "contributions",
    "opening": "sealed data to be opened",
    "revealing": "the provider to reveal the test set",
}


@command(market, "list")
def list_markets(session: "Session") -> Answer:
    """List the markets of this chain, and what each pays."""
    columns = ["name", "phase", "until", "bounty", "contributions", "provider", "address"]
    return listed(session, opening, partial(_row, session), lambda *_: None, columns)


def _row(session: "Session", created: "Created", name: str, found: "MarketContract") -> dict[str, Any]:
    """Where a market stands, or why that cannot be told: one that is broken does not hide the others."""
    provider = Shown(created.creator, session.name_of(created.creator))
    row = {"name": name, "provider": provider, "address": created.address}
    try:
        state, until = found.state(), found.contract.deadline()
        return row | {
            "phase": found.phase().name.lower(),
            "until": moment(until) if until else None,
            "bounty": amount(found.money, state.bounty),
            "contributions": state.contributions,
        }
    except DilnError as error:
        return row | {"phase": Shown(None, f"unreadable: {error.message}"), "error": error.message}


@command(market)
def show(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Answer:
    """Show a market: rules, phase, money, participants, and what everybody gets as soon as that is known."""
    return market_shown(session, opening.open_market(session, reference, encoder))


@command(market)
def leaderboard(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Table:
    """Show what everybody gets, as far as that is known."""
    return leaderboard_shown(session, opening.open_market(session, reference, encoder))


@command(market)
def replay(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Facts:
    """Work out from the events what everybody gets, and compare it with the chain to the last wei."""
    return replay_shown(session, opening.open_market(session, reference, encoder))


@command(market, sender=SENDS)
def reveal(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Facts:
    """Reveal what is due of your test set: the trial portion at first, the others after participation."""
    opened, account = opening.open_market(session, reference, encoder), session.sender
    with progress_bar("revealing") as progress:
        receipts = providers.reveal(session, opened, account, progress=progress)
    gas, phase = sum(receipt.gas_used for receipt in receipts), opened.shared.phase().name.lower()
    return Facts({"revealed": len(receipts), "gas": gas, "phase": phase})


@command(market, sender=SENDS)
def settle(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Facts:
    """Measure the contributions and credit everybody, or end a market whose provider did not act.

    Anyone may, and gets the tips. What was paid is compared with the Python reference, to the last wei.
    """
    opened, account = opening.open_market(session, reference, encoder), session.sender
    with progress_bar("measuring", unit="contributions") as progress:
        steps = list(settling.settle(session, opened, account, progress=progress))
    until, phase = opened.shared.contract.deadline(), opened.shared.phase().name.lower()
    facts = {
        "phase": phase,
        "until": moment(until) if until else None,
        "waits_for": WAITS.get(phase),
        "steps": [step.verb for step in steps],
        "gas": sum(step.receipt.gas_used for step in steps),
    }
    return Facts(facts | settlement(opened, boards.leaderboard(session, opened)))


@command(market, sender=SENDS)
def keep(
    session: "Session",
    reference: MarketArgument,
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60,
    encoder: EncoderOption = None,
) -> Stream | Answer:
    """Keep: reveal and open what is sealed here, measure and pay, until the market is over."""
    opened = opening.open_market(session, reference, encoder)
    return kept(session, duties.SYSTEM, opened, every, once=once, others=True)


@command(market)
def simulate(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a TOML file.")],
    seeds: Annotated[
        int, typer.Option(help="Run it with so many seeds; default: the scenario's.", min=0)
    ] = 0,
) -> Answer:
    """Let strategic participants play against honest ones, on the Python reference, and see who gains."""
    return simulated(simulation.load_market(name), seeds)
