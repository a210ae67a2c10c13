"""`diln sum market list`, `show`, `reveal` and `settle`."""

from typing import TYPE_CHECKING, Any

from orchestrator.cli.console import print_one, progress_bar
from orchestrator.cli.marketprinting import print_market, settlement
from orchestrator.cli.options import (
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    chosen_sender,
)
from orchestrator.cli.sumcommon import (
    EncoderOption,
    MarketArgument,
    connection_from,
    market_from,
    print_rows,
    when,
)

if TYPE_CHECKING:
    from orchestrator.sum.market.contract import MarketContract

WAITS = {
    "created": "the provider to escrow: create again",
    "trial": "the provider to reveal the trial portion",
    "participation": "contributions",
    "opening": "hidden data to be opened",
    "revealing": "the provider to reveal the test set",
}


def list_markets(
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the markets of this chain, and what each pays."""
    from orchestrator.errors import ChainError
    from orchestrator.sum.market.contract import MarketContract
    from orchestrator.sum.opening import models

    rows = []
    with connection_from(network, None, storage, home) as connection:
        for created, descriptor in models(connection):
            try:
                market = connection.factory.open(created)
            except ChainError:
                continue
            if not isinstance(market, MarketContract):
                continue
            row = {
                "name": descriptor.name if descriptor else "",
                "provider": connection.name_of(created.creator),
                "address": created.address,
            }
            rows.append(row | _row(market))
    print_rows(["name", "phase", "until", "bounty", "contributions", "provider", "address"], rows, json)


def _row(market: "MarketContract") -> dict[str, Any]:
    """Where a market stands, or why that cannot be told: one that is broken does not hide the others."""
    from orchestrator.errors import DilnError

    try:
        state, until = market.state(), market.deadline()
        return {
            "phase": market.phase().name.lower(),
            "until": when(until) if until else "",
            "bounty": market.money.show(state.bounty),
            "contributions": state.contributions,
        }
    except DilnError as error:
        return {"phase": f"unreadable: {error.message}", "until": "", "bounty": "", "contributions": ""}


def show(
    reference: MarketArgument,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a market: rules, phase, money, participants, and what everybody gets as soon as that is known."""
    with connection_from(network, None, storage, home) as connection:
        print_market(connection, market_from(connection, reference, encoder), json)


def reveal(
    reference: MarketArgument,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Reveal what is due of your test set: the trial portion at first, the others after participation."""
    from orchestrator.sum.market.providing import reveal as reveal_due

    with connection_from(network, sender, storage, home) as connection:
        opened = market_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        with progress_bar("revealing") as progress:
            receipts = reveal_due(connection, opened, account, progress=progress)
        facts: dict[str, Any] = {
            "revealed": len(receipts),
            "gas": sum(receipt.gas_used for receipt in receipts),
            "phase": opened.shared.phase().name.lower(),
        }
    print_one(facts, json)


def settle(
    reference: MarketArgument,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the contributions and credit everybody, or end a market whose provider did not act.

    Anyone may, and gets the tips. What was paid is compared with the Python reference, to the last wei.
    """
    from orchestrator.sum.market.settling import settle as settle_all
    from orchestrator.sum.market.standing import standing

    with connection_from(network, sender, storage, home) as connection:
        opened = market_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        with progress_bar("measuring", unit="contributions") as progress:
            steps = list(settle_all(connection, opened, account, progress=progress))
        until, phase = opened.shared.deadline(), opened.shared.phase().name.lower()
        facts: dict[str, Any] = {
            "phase": phase,
            "until": when(until) if until else None,
            "waits for": WAITS.get(phase),
            "steps": [step.verb for step in steps],
            "gas": sum(step.receipt.gas_used for step in steps),
        }
        facts |= settlement(opened, standing(connection, opened), json)
    print_one(facts, json)
