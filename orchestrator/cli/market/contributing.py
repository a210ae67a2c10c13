"""`diln sum market contribute`, `relay` and `open`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.market import market
from orchestrator.cli.market.printing import losable
from orchestrator.cli.sum.options import (
    CsvOption,
    EncoderOption,
    GivenLabelled,
    LabelColumn,
    MarketArgument,
    TextColumn,
    amount,
    encode,
)
from orchestrator.console import (
    SENDS,
    Consent,
    DryRunOption,
    Facts,
    Shown,
    Table,
    command,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.systems.sum import opening
    from orchestrator.systems.sum.market import hiding, participating, relaying

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.systems.sum.adding import Sample
    from orchestrator.systems.sum.opening import OpenedMarket


@command(market, sender=SENDS)
def contribute(
    session: "Session",
    reference: MarketArgument,
    given: GivenLabelled,
    consent: Consent,
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
    encoder: EncoderOption = None,
    dry_run: DryRunOption = False,
) -> Facts:
    """Give labelled samples, with a stake that comes back as more or as less, as they help the model.

    They are hidden until everybody has contributed, unless the market does not allow it or you say --open.
    """
    if signed and hidden:
        raise UsageError("what is hidden cannot be relayed", "Leave out --hidden or --sign.")
    opened, account = opening.open_market(session, reference, encoder), session.sender
    if hidden is None:
        hidden = bool(opened.shared.rules.open_wait) and signed is None
    most, samples = None if maximum is None else opened.shared.money.parse(maximum), _samples(opened, given)
    with session.alone(f"contribute {opened.shared.address} {account.address}"):
        lot = participating.plan(
            session, opened, samples, account, hidden=hidden, at_once=at_once, maximum=most, again=again
        )
        facts = _planned(opened, lot, hidden) | {"dry_run": Shown(dry_run, "yes" if dry_run else "")}
        if dry_run:
            return Facts(facts)
        consent.ask(session.known, opened.shared.address, "market", list(losable(opened, lot, hidden)))
        if signed:
            relaying.sign(opened, lot, account, opened.shared.contract.deadline(), signed)
            return Facts(facts | {"signed": str(signed)})
        with progress_bar("giving") as progress:
            done = participating.contribute(session, opened, lot, account, hidden=hidden, progress=progress)
    numbers = [each.index for each in done.given]
    given = (
        {} if hidden else {"contributions": len(numbers)}
    )  # what is hidden gets its number when it is opened
    return Facts(facts | given | {"numbers": numbers, "gas": done.gas_used})


@command(market, sender=SENDS)
def relay(
    session: "Session",
    reference: MarketArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What somebody signed.")],
    consent: Consent,
    pay: Annotated[bool, typer.Option("--pay", help="Pay what the contributor lacks.")] = False,
    encoder: EncoderOption = None,
) -> Facts:
    """Send contributions that somebody else signed; the stakes and the rewards are the signer's."""
    opened, account = opening.open_market(session, reference, encoder), session.sender
    if pay and (gift := relaying.lacking(opened, file)):
        told = f"You pay {opened.shared.money.show(gift)}: stake and reward are the signer's, not yours."
        consent.ask(session.known, opened.shared.address, "market", [told])
    receipts = list(relaying.relay(session, opened, file, account, pay=pay))
    given = [each for receipt in receipts for each in opened.shared.added(receipt)]
    facts = {
        "contributions": len(given),
        "numbers": [each.index for each in given],
        "contributor": given[0].contributor if given else Shown(None, "relayed before"),
        "gas": sum(receipt.gas_used for receipt in receipts),
    }
    return Facts(facts)


@command(market, "open", sender=SENDS)
def open_data(
    session: "Session",
    reference: MarketArgument,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    encoder: EncoderOption = None,
) -> Table:
    """Open the hidden data that are known here; --csv restores yours, with your wallet, if .diln is lost."""
    opened = opening.open_market(session, reference, encoder)
    given = GivenLabelled(csv=csv, text_column=text_column, label_column=label_column)
    samples = [] if csv is None else _samples(opened, given)
    rows = [
        {
            "number": each.index,
            "samples": each.samples,
            "contributor": Shown(each.contributor, session.name_of(each.contributor)),
        }
        for each in hiding.open_hidden(session, opened, session.sender, samples)
    ]
    return Table(rows, empty="nothing is hidden that could be opened")


def _samples(opened: "OpenedMarket", given: GivenLabelled) -> "list[Sample]":
    samples = given.samples()
    labels = [opened.descriptor.label(each) for each in samples.labels]
    return list(zip(encode(opened, samples), labels, strict=True))


def _planned(opened: "OpenedMarket", lot: "participating.Lot", hidden: bool) -> dict[str, Any]:
    return {
        "stake": amount(opened, lot.stake),
        "fee": amount(opened, lot.fee),
        "left_out": Shown(lot.left_out, str(lot.left_out or "")),
        "hidden": Shown(hidden, "yes" if hidden else "no"),
        "accuracy_without": round(lot.before, 4),
        "accuracy_with": round(lot.after, 4),
        "contributions": len(lot.runs),
    }
