"""`diln market contribute`, `relay` and `open`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.market import market
from orchestrator.cli.market.options import MarketArgument
from orchestrator.cli.market.printing import losable
from orchestrator.cli.models.options import (
    CsvOption,
    EncoderOption,
    LabelColumn,
    LabelledSampleOptions,
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
    from orchestrator.systems.market import opening, participating, relaying, sealing

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.encoding import Sample
    from orchestrator.systems.market.opening import PredictionMarket


@command(market, sender=SENDS)
def contribute(
    session: "Session",
    reference: MarketArgument,
    given: LabelledSampleOptions,
    consent: Consent,
    sealed: Annotated[
        bool | None,
        typer.Option("--sealed/--open", help="Keep the data secret until `open` (if the market allows it)."),
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(help="Samples in a contribution; default: as many as fit.", min=1)
    ] = None,
    maximum: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The most to pay in all.")] = None,
    signed: Annotated[
        Path | None,
        typer.Option("--sign", metavar="FILE", help="Send nothing; sign it, for others to relay."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Give again what you gave before.")] = False,
    encoder: EncoderOption = None,
    dry_run: DryRunOption = False,
) -> Facts:
    """Give labelled samples, with a stake that comes back as more or as less, as they help the model.

    They are sealed until everybody has contributed, unless the market does not allow it or you say --open.
    """
    opened = opening.open_market(session, reference, encoder)
    hidden, samples = _is_hidden(opened, sealed, signed), _samples(opened, given)
    most = None if maximum is None else opened.shared.money.parse(maximum)
    plan = partial(participating.plan, session, opened, samples, session.sender, sealed=hidden)
    with session.alone(f"contribute {opened.shared.address} {session.sender.address}"):
        submission = plan(at_once=at_once, maximum=most, again=again)
        facts = _planned(opened, submission, hidden, dry_run)
        if not dry_run:
            losses = list(losable(opened, submission, hidden))
            consent.ask(session.known, opened.shared.address, "market", losses)
            facts |= _given(session, opened, submission, hidden, signed)
    return Facts(facts)


@command(market, sender=SENDS)
def relay(
    session: "Session",
    reference: MarketArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What somebody signed.")],
    consent: Consent,
    pay: Annotated[
        bool, typer.Option("--pay", help="Pay what is missing from the contributor's balance.")
    ] = False,
    maximum: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="The most that you pay for all of the file.")
    ] = None,
    encoder: EncoderOption = None,
) -> Facts:
    """Send contributions that somebody else signed; the stakes and the rewards are the signer's."""
    opened, account = opening.open_market(session, reference, encoder), session.sender
    most, money = None if maximum is None else opened.shared.money.parse(maximum), opened.shared.money
    gift = relaying.shortfall(opened, file, most) if pay else 0
    if gift:
        told = f"You pay {money.show(gift)}: stake and reward are the signer's, not yours."
        consent.ask(session.known, opened.shared.address, "market", [told])
    receipts = list(relaying.relay(session, opened, file, account, pay=pay, maximum=gift))
    given = [each for receipt in receipts for each in opened.shared.added(receipt)]
    whose = given[0].contributor if given else Shown(None, "relayed before")
    facts = {"contributions": len(given), "numbers": [each.index for each in given], "contributor": whose}
    return Facts({**facts, "gas": sum(receipt.gas_used for receipt in receipts)})


@command(market, "open", sender=SENDS)
def open_data(
    session: "Session",
    reference: MarketArgument,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    encoder: EncoderOption = None,
) -> Table:
    """Open the sealed data that are known here; --csv restores yours, with your wallet, if .diln is lost."""
    opened = opening.open_market(session, reference, encoder)
    given = LabelledSampleOptions(csv=csv, text_column=text_column, label_column=label_column)
    samples = [] if csv is None else _samples(opened, given)
    rows = [
        {
            "number": each.index,
            "samples": each.samples,
            "contributor": Shown(each.contributor, session.name_of(each.contributor)),
        }
        for each in sealing.open_sealed(session, opened, session.sender, samples)
    ]
    return Table(rows, empty="there is no sealed contribution to open")


def _is_hidden(opened: "PredictionMarket", sealed: bool | None, signed: Path | None) -> bool:
    """Whether data are to be sealed: as it was said, or else wherever the market allows it."""
    if signed and sealed:
        raise UsageError("what is sealed cannot be relayed", "Leave out --sealed or --sign.")
    return bool(opened.shared.rules.open_wait) and signed is None if sealed is None else sealed


def _given(
    session: "Session",
    opened: "PredictionMarket",
    submission: "participating.Submission",
    hidden: bool,
    signed: Path | None,
) -> dict[str, Any]:
    """Give it, or sign it into a file; what is said of that."""
    if signed:
        until = opened.shared.contract.deadline()
        relaying.sign(opened, submission, session.sender, until, signed)
        return {"signed": str(signed)}
    with progress_bar("giving") as progress:
        done = participating.contribute(
            session, opened, submission, session.sender, sealed=hidden, progress=progress
        )
    numbers = [each.index for each in done.given]
    return {"contributions": len(numbers), "numbers": numbers, "gas": done.gas_used}


def _samples(opened: "PredictionMarket", given: LabelledSampleOptions) -> "list[Sample]":
    samples = given.samples()
    labels = [opened.descriptor.label(each) for each in samples.labels]
    return list(zip(encode(opened, samples), labels, strict=True))


def _planned(
    opened: "PredictionMarket", submission: "participating.Submission", sealed: bool, dry_run: bool
) -> dict[str, Any]:
    return {
        "stake": amount(opened, submission.stake),
        "fee": amount(opened, submission.fee),
        "left_out": Shown(submission.left_out, str(submission.left_out or "")),
        "sealed": Shown(sealed, "yes" if sealed else "no"),
        "accuracy_without": round(submission.before, 4),
        "accuracy_with": round(submission.after, 4),
        "contributions": len(submission.batches),
        "dry_run": Shown(dry_run, "yes" if dry_run else ""),
    }
