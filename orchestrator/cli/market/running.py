"""`diln sum market list`, `show`, `reveal` and `settle`."""

from typing import TYPE_CHECKING, Any

from orchestrator.cli.market import market
from orchestrator.cli.market.printing import market_shown, settlement
from orchestrator.cli.sum.options import EncoderOption, MarketArgument, moment
from orchestrator.console import (
    SENDS,
    Answer,
    Facts,
    Shown,
    Table,
    amount,
    command,
    lazy_imports,
    nameless,
    progress_bar,
)
from orchestrator.errors import ChainError, DilnError

with lazy_imports():
    from orchestrator.systems.sum import factory as factories
    from orchestrator.systems.sum import opening
    from orchestrator.systems.sum.market import contract, providing, settling, standing

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session

WAITS = {
    "created": "the provider to escrow: create again",
    "trial": "the provider to reveal the trial portion",
    "participation": "contributions",
    "opening": "hidden data to be opened",
    "revealing": "the provider to reveal the test set",
}


@command(market, "list")
def list_markets(session: "Session") -> Answer:
    """List the markets of this chain, and what each pays."""
    rows, unknown = [], 0
    for created, descriptor in opening.models(session):
        try:
            found = factories.factory_of(session).open(created)
        except ChainError:
            continue
        if not isinstance(found, contract.MarketContract):
            continue
        unknown += descriptor is None
        provider = Shown(created.creator, session.name_of(created.creator))
        row = {"name": descriptor.name if descriptor else "", "provider": provider}
        rows.append(row | {"address": created.address} | _row(found))
    columns = ["name", "phase", "until", "bounty", "contributions", "provider", "address"]
    return Answer(rows, Table(rows, columns, "none was created"), *nameless(unknown))


def _row(found: "contract.MarketContract") -> dict[str, Any]:
    """Where a market stands, or why that cannot be told: one that is broken does not hide the others."""
    try:
        state, until = found.state(), found.contract.deadline()
        return {
            "phase": found.phase().name.lower(),
            "until": moment(until) if until else None,
            "bounty": amount(found.money, state.bounty),
            "contributions": state.contributions,
        }
    except DilnError as error:
        return {"phase": Shown(None, f"unreadable: {error.message}"), "error": error.message}


@command(market)
def show(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Answer:
    """Show a market: rules, phase, money, participants, and what everybody gets as soon as that is known."""
    return market_shown(session, opening.open_market(session, reference, encoder))


@command(market, sender=SENDS)
def reveal(session: "Session", reference: MarketArgument, encoder: EncoderOption = None) -> Facts:
    """Reveal what is due of your test set: the trial portion at first, the others after participation."""
    opened, account = opening.open_market(session, reference, encoder), session.sender
    with progress_bar("revealing") as progress:
        receipts = providing.reveal(session, opened, account, progress=progress)
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
    return Facts(facts | settlement(opened, standing.standing(session, opened)))
