"""`diln sum add`, `refund`, `report`, `withdraw` and `watch`: what moves money."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.console import out, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    chosen_sender,
)
from orchestrator.cli.sumcommon import (
    CsvOption,
    EncoderOption,
    FeaturesOption,
    NumbersOption,
    ReferenceArgument,
    TextColumn,
    TextOption,
    anything_from,
    connection_from,
    contribution_facts,
    encode,
    money_of,
    opened_from,
    outcome_facts,
    print_one,
    print_outcomes,
    samples_from,
    when,
)

if TYPE_CHECKING:
    from orchestrator.errors import NodeUnavailable
    from orchestrator.sum.claiming import Verb
    from orchestrator.sum.connection import Connection
    from orchestrator.sum.keeping import Turn
    from orchestrator.sum.market.keeping import MarketTurn
    from orchestrator.sum.opening import Opened, OpenedMarket


def add(
    reference: ReferenceArgument,
    label: Annotated[str | None, typer.Option(help="The sample's label.")] = None,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: Annotated[str, typer.Option(metavar="NAME", help="The CSV's column of labels.")] = "label",
    maximum: Annotated[
        float | None,
        typer.Option(metavar="ETHER", help="The most to deposit for a sample; default: its price."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Add what is open already once more.")] = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Add a sample, or a CSV of samples, with a deposit that comes back if the model comes to agree."""
    from orchestrator.sum.adding import add as add_samples
    from orchestrator.types import Wei

    with connection_from(network, sender, storage, home) as connection, progress_bar("adding") as progress:
        opened = opened_from(connection, reference, encoder)
        given = samples_from(text, numbers, features, csv, text_column, label, label_column)
        labels = [opened.descriptor.label(each) for each in given.labels]
        samples = list(zip(encode(opened, given), labels, strict=True))
        account = connection.account(chosen_sender(connection.settings))
        most = None if maximum is None else Wei(int(maximum * 10**18))
        addition = add_samples(
            connection,
            opened,
            samples,
            account,
            maximum=most,
            again=again,
            dry_run=dry_run,
            progress=progress,
        )
        rows_added = [contribution_facts(opened, each, "added") for each in addition.added]
        rows_added += [contribution_facts(opened, each, "known") for each in addition.known]
    if json:
        print_json({"contributions": rows_added, "gas": addition.gas_used, "dry run": dry_run})
        return
    if rows_added:
        columns = ["number", "label", "deposit", "surprise", "due", "state"]
        print_table(columns, [[row[column] for column in columns] for row in rows_added])
    out.print(f"{addition.gas_used} gas{' would be used by the first transaction' if dry_run else ''}")


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
        _settle(connection, opened_from(connection, reference, encoder), ("refund",), number, everyone, json)


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
    """Report due contributions that the model disagrees with, and take the shares that are ready."""
    verbs: tuple[Verb, ...] = ("report", "take", "sweep")
    with connection_from(network, sender, storage, home) as connection:
        _settle(connection, opened_from(connection, reference, encoder), verbs, number, False, json)


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
        dest = connection.address(to) if to else account.address
        if not opened.shared.balance(account.address):
            print_json({"amount": 0}) if json else out.print("there is nothing to withdraw")
            return
        receipt = connection.chain.send(opened.shared.withdraw(dest), account)
        amount = opened.shared.amounts("Withdrawn", receipt)
        shown = money_of(opened).show(amount)
    facts = {"amount": amount if json else shown, "to": dest, "transaction": receipt.tx_hash}
    print_one(facts, json)


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
    """Keep: do what is due in a model or market, until interrupted. It may be killed at any moment.

    In a model it refunds, reports, takes and sweeps. In a market it reveals and opens what is secret here,
    measures, pays, and ends when the market does.
    """
    from orchestrator.sum.keeping import watch as keep

    with connection_from(network, sender, storage, home) as connection:
        opened = anything_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        for turn in keep(connection, opened, account, everyone=everyone, every=every):
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
        facts = [outcome_facts(opened, each) for each in turn.outcomes]
        if json:
            print_json({"done": facts, "waiting": turn.waiting, "next": turn.next_at})
            return
        print_outcomes(facts)
        out.print(f"{turn.waiting} wait{f', the next until {when(turn.next_at)}' if turn.next_at else ''}")
    else:
        out.print(f"the node does not answer: {turn.message}", markup=False)


def _settle(
    connection: "Connection",
    opened: "Opened",
    verbs: "tuple[Verb, ...]",
    numbers: list[int] | None,
    everyone: bool,
    json: bool,
) -> None:
    from orchestrator.sum.claiming import settle

    account = connection.account(chosen_sender(connection.settings))
    outcomes = settle(connection, opened, account, verbs, everyone=everyone, numbers=numbers or ())
    facts = [outcome_facts(opened, each) for each in outcomes]
    print_json(facts) if json else print_outcomes(facts)
