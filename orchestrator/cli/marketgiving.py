"""`diln sum market list`, `show`, `contribute`, `open`, `reveal` and `settle`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.console import out, print_json, print_table, progress_bar
from orchestrator.cli.marketprinting import print_market, settlement
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
    TextColumn,
    TextOption,
    connection_from,
    encode,
    money_of,
    print_one,
    print_rows,
    samples_from,
    when,
)

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.sum.connection import Connection
    from orchestrator.sum.opening import OpenedMarket

WAITS = {
    "created": "the provider to escrow: create again",
    "trial": "the provider to reveal the trial portion",
    "participation": "contributions",
    "opening": "hidden data to be opened",
    "revealing": "the provider to reveal the test set",
}
MarketArgument = Annotated[str, typer.Argument(metavar="MARKET", help="A market's name or address.")]
LabelColumn = Annotated[str, typer.Option(metavar="NAME", help="The CSV's column of labels.")]


def list_markets(
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the markets of this chain, and what each pays."""
    from orchestrator.errors import ChainError
    from orchestrator.sum.market.contract import MarketContract
    from orchestrator.sum.market.money import money_at
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
            state, until = market.state(), market.deadline()
            rows.append(
                {
                    "name": descriptor.name if descriptor else "",
                    "phase": market.phase().name.lower(),
                    "until": when(until) if until else "",
                    "bounty": money_at(connection.chain, market.money[0]).show(state.bounty),
                    "contributions": state.contributions,
                    "provider": connection.name_of(created.creator),
                    "address": created.address,
                }
            )
    print_rows(["name", "phase", "until", "bounty", "contributions", "provider", "address"], rows, json)


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
        print_market(connection, _market(connection, reference, encoder), json)


def contribute(
    reference: MarketArgument,
    label: Annotated[str | None, typer.Option(help="The sample's label.")] = None,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    hidden: Annotated[bool, typer.Option("--hidden", help="Keep the data secret until `open`.")] = False,
    at_once: Annotated[
        int | None, typer.Option(help="Samples in a contribution; default: as many as fit.", min=1)
    ] = None,
    maximum: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The most to stake in all.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Give what you gave before once more.")] = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Give labelled samples, with a stake that comes back as more or as less, as they help the model."""
    from orchestrator.sum.market.participating import contribute as give

    with connection_from(network, sender, storage, home) as connection, progress_bar("giving") as progress:
        opened = _market(connection, reference, encoder)
        samples = samples_from(text, numbers, features, csv, text_column, label, label_column)
        labels = [opened.descriptor.label(each) for each in samples.labels]
        money = money_of(opened)
        done = give(
            connection,
            opened,
            list(zip(encode(opened, samples), labels, strict=True)),
            connection.account(chosen_sender(connection.settings)),
            hidden=hidden,
            at_once=at_once,
            maximum=None if maximum is None else money.parse(maximum),
            again=again,
            dry_run=dry_run,
            progress=progress,
        )
    rows = [
        {"number": each.index, "samples": each.samples, "hidden": each.run is None} for each in done.given
    ]
    facts: dict[str, Any] = {
        "stake": done.stake if json else money.show(done.stake),
        "left out": done.left_out or None,
        "trial accuracy without": round(done.before, 4),
        "trial accuracy with": round(done.after, 4),
        "gas": done.gas_used or None,
        "dry run": dry_run or None,
    }
    if json:
        print_json(facts | {"contributions": rows})
        return
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    print_one(facts, json)


def open_data(
    reference: MarketArgument,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Open the hidden data that are known here; --csv restores yours, with your wallet, if .diln is lost."""
    from orchestrator.sum.market.hiding import open_hidden

    with connection_from(network, sender, storage, home) as connection:
        opened = _market(connection, reference, encoder)
        samples = []
        if csv is not None:
            given = samples_from(None, None, None, csv, text_column, None, label_column)
            labels = [opened.descriptor.label(each) for each in given.labels]
            samples = list(zip(encode(opened, given), labels, strict=True))
        account = connection.account(chosen_sender(connection.settings))
        rows = [
            {
                "number": each.index,
                "samples": each.samples,
                "contributor": connection.name_of(each.contributor),
            }
            for each in open_hidden(connection, opened, account, samples)
        ]
    if rows or json:
        print_rows(["number", "samples", "contributor"], rows, json)
    else:
        out.print("nothing is hidden that could be opened")


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
        opened = _market(connection, reference, encoder)
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
        opened = _market(connection, reference, encoder)
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


def _market(connection: "Connection", reference: str, encoder: "Path | None") -> "OpenedMarket":
    from orchestrator.sum.opening import open_market

    return open_market(connection, reference, encoder)
