"""`diln sum market contribute`, `relay` and `open`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.consent import YesOption, agree
from orchestrator.cli.console import out, print_one, progress_bar
from orchestrator.cli.marketprinting import losable
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
    MarketArgument,
    NumbersOption,
    TextColumn,
    TextOption,
    connection_from,
    encode,
    market_from,
    print_rows,
    samples_from,
)
from orchestrator.errors import UsageError

LabelColumn = Annotated[str, typer.Option(metavar="NAME", help="The CSV's column of labels.")]


def contribute(
    reference: MarketArgument,
    label: Annotated[str | None, typer.Option(help="The sample's label.")] = None,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    hidden: Annotated[
        bool | None,
        typer.Option("--hidden/--open", help="Keep the data secret until `open` (if the market allows it)."),
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(help="Samples in a contribution; default: as many as fit.", min=1)
    ] = None,
    maximum: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The most to pay in all.")] = None,
    signed: Annotated[
        Path | None,
        typer.Option("--sign", metavar="FILE", help="Send nothing; sign it, for others to relay."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Give what you gave before once more.")] = False,
    yes: YesOption = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Give labelled samples, with a stake that comes back as more or as less, as they help the model.

    They are hidden until everybody has contributed, unless the market does not allow it or you say --open.
    """
    from orchestrator.sum.market.participating import contribute as give
    from orchestrator.sum.market.participating import plan
    from orchestrator.sum.market.relaying import sign

    if signed and hidden:
        raise UsageError("what is hidden cannot be relayed", "Leave out --hidden or --sign.")
    with connection_from(network, sender, storage, home) as connection:
        opened = market_from(connection, reference, encoder)
        if hidden is None:
            hidden = bool(opened.shared.rules.open_wait) and signed is None
        money, account = opened.shared.money, connection.account(chosen_sender(connection.settings))
        samples = samples_from(text, numbers, features, csv, text_column, label, label_column)
        labels = [opened.descriptor.label(each) for each in samples.labels]
        with connection.journal.alone(f"contribute {opened.shared.address} {account.address}"):
            lot = plan(
                connection,
                opened,
                list(zip(encode(opened, samples), labels, strict=True)),
                account,
                hidden=hidden,
                at_once=at_once,
                maximum=None if maximum is None else money.parse(maximum),
                again=again,
            )
            facts: dict[str, Any] = {
                "stake": lot.stake if json else money.show(lot.stake),
                "fee": lot.fee if json else money.show(lot.fee),
                "left out": lot.left_out or None,
                "hidden": hidden,
                "accuracy without": round(lot.before, 4),
                "accuracy with": round(lot.after, 4),
                "contributions": len(lot.runs),
                "dry run": dry_run or None,
            }
            if not dry_run:
                sentences = list(losable(opened, lot, hidden))
                agree(connection.known, opened.shared.address, "market", sentences, yes=yes, json=json)
            if signed and not dry_run:
                sign(opened, lot, account, opened.shared.deadline(), signed)
                facts["signed"] = str(signed)
            elif not dry_run:
                with progress_bar("giving") as progress:
                    done = give(connection, opened, lot, account, hidden=hidden, progress=progress)
                facts |= {"contributions": [each.index for each in done.given], "gas": done.gas_used}
    print_one(facts, json)


def relay(
    reference: MarketArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What somebody signed.")],
    pay: Annotated[bool, typer.Option("--pay", help="Pay what the contributor lacks.")] = False,
    yes: YesOption = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Send contributions that somebody else signed; the stakes and the rewards are the signer's."""
    from orchestrator.sum.market.relaying import lacking
    from orchestrator.sum.market.relaying import relay as relay_all

    with connection_from(network, sender, storage, home) as connection:
        opened = market_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        if pay and (gift := lacking(opened, file)):
            sentence = (
                f"You pay {opened.shared.money.show(gift)}: stake and reward are the signer's, not yours."
            )
            agree(connection.known, opened.shared.address, "market", [sentence], yes=yes, json=json)
        receipts = list(relay_all(connection, opened, file, account, pay=pay))
        given = [each for receipt in receipts for each in opened.shared.added(receipt)]
    facts: dict[str, Any] = {
        "contributions": [each.index for each in given],
        "contributor": given[0].contributor if given else "relayed before",
        "gas": sum(receipt.gas_used for receipt in receipts),
    }
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
        opened = market_from(connection, reference, encoder)
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
