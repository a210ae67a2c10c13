"""`diln sum market create`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.console import err, print_one, progress_bar
from orchestrator.cli.marketprinting import LOSSES
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    chosen_sender,
)
from orchestrator.cli.sumcommon import TextColumn, connection_from, opened_from
from orchestrator.cli.sumcreating import plan_from
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.sum.connection import Connection
    from orchestrator.sum.conversion import Converted
    from orchestrator.sum.descriptor import Quality
    from orchestrator.sum.money import Money


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    test: Annotated[
        Path, typer.Option("--test", metavar="FILE", exists=True, help="The secret test set: a CSV.")
    ],
    bounty: Annotated[
        str, typer.Option(metavar="AMOUNT", help="What it is worth that no mistake is left: 1.5.")
    ],
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="To begin with: a skops file, or a shared model's name."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", exists=True, help="Samples to train (or calibrate) it with."),
    ] = None,
    label_column: Annotated[str, typer.Option(metavar="NAME", help="The column of labels.")] = "label",
    text_column: TextColumn = None,
    kind: Annotated[
        str, typer.Option(help="bayes, which a bad sample moves little, or perceptron.")
    ] = "bayes",
    words: Annotated[int, typer.Option(help="The most frequent words to know.", min=1)] = 1000,
    buckets: Annotated[int | None, typer.Option(help="Hash words into so many features.", min=2)] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate, in the trained model's units.")] = None,
    bond: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Burnt if you do not reveal; default: half the bounty."),
    ] = None,
    stake: Annotated[str, typer.Option(metavar="AMOUNT", help="For each sample (see --flat).")] = "0.001",
    tip: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT", help="To whoever measures, for each test sample looked at or learned."
        ),
    ] = "0.000001",
    tips: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Your part of the tips; default: for measuring the first model."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="An ERC-20 token; default: ether.")
    ] = None,
    loss: Annotated[str, typer.Option(help=f"What counts: {', '.join(LOSSES)}.")] = LOSSES[0],
    portions: Annotated[int, typer.Option(help="Of the test set; one is shown, the others count.")] = 10,
    samples: Annotated[int, typer.Option(help="In a portion; default: as many as there are.")] = 0,
    validation: Annotated[
        int, typer.Option(help="Portions that pay nothing, but no more counts than helps there, too.", min=0)
    ] = 0,
    flat: Annotated[bool, typer.Option("--flat", help="A stake for a contribution, not a sample.")] = False,
    duration: Annotated[str, typer.Option(help="How long contributions are taken.")] = "7d",
    capacity: Annotated[int, typer.Option(help="How many contributions are taken at most.")] = 1000,
    open_wait: Annotated[str, typer.Option(help="To open hidden data; 0s: nothing is hidden.")] = "1d",
    reveal_wait: Annotated[str, typer.Option(help="That you may take to reveal.")] = "3d",
    max_bytes: Annotated[int, typer.Option(help="Of a contribution: what bounds its influence.")] = 8192,
    margin: Annotated[
        float, typer.Option(help="Kept is what avoids so much of the loss at first.", min=0, max=0.5)
    ] = 0.1,
    threshold: Annotated[
        float, typer.Option(help="Who falls below so many stakes may drop out.", min=0, max=1)
    ] = 1.0,
    strikes: Annotated[int, typer.Option(help="How often below until one does.", min=1, max=15)] = 1,
    passes: Annotated[int, typer.Option(help="Over the contributions, at most.", min=1, max=15)] = 3,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave the trial portion to `reveal` or `watch`.")
    ] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Offer a bounty for data: commit to a secret test set, escrow, show a portion that a block chooses."""
    from orchestrator.learning.onchain.market_rules import Rules
    from orchestrator.sum.market.creating import Offer, prepare
    from orchestrator.sum.market.creating import create as create_market
    from orchestrator.sum.money import read_money
    from orchestrator.sum.records import ETHER
    from orchestrator.sum.training import read_table
    from orchestrator.times import seconds

    if loss not in LOSSES:
        raise UsageError(f"there is no loss `{loss}`", f"Choose one of {', '.join(LOSSES)}.")
    with connection_from(network, sender, storage, home) as connection:
        money = read_money(connection.chain, connection.address(token, paid=True) if token else ETHER)
        rules = Rules(
            stake=_units(money, stake),
            tip=_units(money, tip),
            duration=seconds(duration),
            open_wait=seconds(open_wait),
            reveal_wait=seconds(reveal_wait),
            capacity=capacity,
            portions=portions,
            samples=samples,
            max_bytes=max_bytes,
            threshold=round(threshold * 1000),
            margin=round(margin * 1000),
            strikes=strikes,
            passes=passes,
            loss=LOSSES.index(loss),
            validation=validation,
            weighted=0 if flat else 1,
        )
        prize = money.parse(bounty)
        offer = Offer(
            rules=rules,
            money=money,
            bounty=prize,
            bond=money.parse(bond) if bond is not None else prize // 2,
            tips=money.parse(tips) if tips is not None else None,
        )
        with err.status("preparing model and test set"):
            converted, quality = _start(
                connection, model, csv, text_column, label_column, kind, words, buckets, rate
            )
            table = read_table(test, text_column, label_column)
            account = connection.account(chosen_sender(connection.settings))
            draft = prepare(connection, name, converted, table, offer, account, quality)
        with progress_bar("waiting for the block that chooses", unit="blocks") as progress:
            made = create_market(
                connection, draft, account, wait=not no_wait, dry_run=dry_run, progress=progress
            )
    facts: dict[str, Any] = {
        "name": name,
        "address": made.address,
        "model": made.descriptor.model,
        "labels": list(made.descriptor.labels),
        "test set": f"{len(draft.secret.runs)} portions of {draft.offer.rules.samples}",
        "skipped": draft.skipped,
        "unused": draft.unused,
        "accuracy at first": round(draft.accuracy, 4),
        "bounty": money.show(offer.bounty),
        "bond": money.show(offer.bond),
        "tips": money.show(draft.offer.provided),
        "trial portion": made.trial,
        "gas": made.gas_used,
        "dry run": dry_run or None,
    }
    print_one(facts, json)


def _units(money: "Money", text: str) -> int:
    """An amount in what the records count. Raises UsageError for a part of it."""
    units, rest = divmod(money.parse(text), money.unit)
    if rest:
        raise UsageError(f"{text} is finer than the records", "Stakes and tips have nine decimals at most.")
    return units


def _start(
    connection: "Connection",
    model: str | None,
    csv: Path | None,
    text_column: str | None,
    label_column: str,
    kind: str,
    words: int,
    buckets: int | None,
    rate: float | None,
) -> "tuple[Converted, Quality | None]":
    """The first model: a shared model's, a file's, or trained here. Raises UsageError."""
    from orchestrator.sum.market.creating import start_from

    file = Path(model) if model is not None and Path(model).exists() else None
    if model is not None and file is None:
        return start_from(opened_from(connection, model)), None
    if csv is None:
        raise UsageError(
            "there is no model to begin with",
            "Give --csv to train one, or --model with a shared model's name.",
        )
    plan = plan_from(csv, text_column, label_column, file, kind, words, buckets, 0.2, None, rate)
    return plan.converted, plan.quality
