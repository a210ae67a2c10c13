"""`diln sum refund`, `report`, `withdraw` and `watch`: what moves money."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.console import out, print_json, print_one
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
    ReferenceArgument,
    amount_in,
    anything_from,
    connection_from,
    opened_from,
    outcome_facts,
    print_outcomes,
    when,
)

if TYPE_CHECKING:
    from orchestrator.errors import NodeUnavailable
    from orchestrator.sum.claiming import Verb
    from orchestrator.sum.connection import Connection
    from orchestrator.sum.keeping import Turn
    from orchestrator.sum.market.keeping import MarketTurn
    from orchestrator.sum.opening import Opened, OpenedMarket


def refund(
    reference: ReferenceArgument,
    number: Annotated[list[int] | None, typer.Option(help="Only this contribution; repeatable.")] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Not only one's own.")] = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Get due deposits back where the model agrees by now."""
    with connection_from(network, sender, storage, home) as connection:
        opened = opened_from(connection, reference, encoder)
        _settle(connection, opened, ("refund",), json, number, everyone=everyone)


def report(
    reference: ReferenceArgument,
    number: Annotated[list[int] | None, typer.Option(help="Only this contribution; repeatable.")] = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Report due contributions that the model disagrees with, take the shares that are ready, sweep the rest.

    Half of what nobody took is swept: by the creator after its wait, by anyone after theirs.
    """
    verbs: tuple[Verb, ...] = ("report", "take", "sweep")
    with connection_from(network, sender, storage, home) as connection:
        opened = opened_from(connection, reference, encoder)
        _settle(connection, opened, verbs, json, number)


def withdraw(
    reference: ReferenceArgument,
    to: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Default: the sender.")] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Pay out what the model or market owes to the account --from."""
    with connection_from(network, sender, storage, home) as connection:
        opened = anything_from(connection, reference)
        account = connection.account(chosen_sender(connection.settings))
        dest = connection.address(to, paid=True) if to else account.address
        if not opened.shared.balance(account.address):
            print_json({"amount": 0}) if json else out.print("there is nothing to withdraw")
            return
        receipt = connection.chain.send(opened.shared.withdraw(dest), account)
        amount = amount_in(opened, opened.shared.amounts("Withdrawn", receipt), json)
    print_one({"amount": amount, "to": dest, "transaction": receipt.tx_hash}, json)


def watch(
    reference: ReferenceArgument,
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60,
    everyone: Annotated[bool, typer.Option("--everyone", help="Refund others too.")] = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Keep: do what is due in a model or market, until interrupted or killed at any moment.

    In a model it reveals, refunds, reports, takes and sweeps. In a market it reveals and opens what is secret
    here, measures, pays, and ends when the market does.
    """
    from orchestrator.sum.keeping import watch as keep

    with connection_from(network, sender, storage, home) as connection:
        opened = anything_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        turns = keep(connection, opened, account, everyone=everyone, every=every)
        for turn in turns:
            _print_turn(opened, turn, json)
            if once:
                return


def _print_turn(
    opened: "Opened | OpenedMarket", turn: "Turn | MarketTurn | NodeUnavailable", json: bool
) -> None:
    from orchestrator.sum.keeping import Turn
    from orchestrator.sum.market.keeping import MarketTurn

    if isinstance(turn, MarketTurn):
        phase = turn.phase.name.lower()
        if json:
            print_json({"done": turn.done, "phase": phase, "until": turn.until})
            return
        for line in turn.done:
            out.print(line, markup=False)
        out.print(f"{phase}{f' until {when(turn.until)}' if turn.until else ''}")
    elif isinstance(turn, Turn):
        facts = [outcome_facts(opened, each, json) for each in turn.outcomes]
        if json:
            skipped = list(turn.skipped)
            print_json({"done": facts, "waiting": turn.waiting, "next": turn.next_at, "skipped": skipped})
            return
        print_outcomes(facts)
        for line in turn.skipped:
            out.print(line, markup=False)
        out.print(f"{turn.waiting} wait{f', the next until {when(turn.next_at)}' if turn.next_at else ''}")
    else:
        out.print(f"the node does not answer: {turn.message}", markup=False)


def _settle(
    connection: "Connection",
    opened: "Opened",
    verbs: "tuple[Verb, ...]",
    json: bool,
    numbers: list[int] | None,
    *,
    everyone: bool = False,
) -> None:
    from orchestrator.sum.claiming import settle
    from orchestrator.sum.hiding import release

    account = connection.account(chosen_sender(connection.settings))
    outcomes = list(
        settle(
            connection,
            opened,
            account,
            verbs,
            everyone=everyone,
            numbers=numbers or (),
        )
    )
    if "refund" in verbs and not numbers:
        outcomes += release(connection, opened, account, everyone=everyone)
    facts = [outcome_facts(opened, each, json) for each in outcomes]
    print_json(facts) if json else print_outcomes(facts)
