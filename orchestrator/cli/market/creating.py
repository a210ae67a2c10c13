"""`diln market create`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.host.listen import on_page
from orchestrator.cli.market import market
from orchestrator.cli.market.printing import LOSSES, escrowed, portions_of
from orchestrator.cli.models.options import Training, currency_in
from orchestrator.console import (
    SENDS,
    Consent,
    DryRunOption,
    Facts,
    Shown,
    among,
    amount,
    command,
    err,
    lazy_imports,
    progress_bar,
    status,
)
from orchestrator.errors import UsageError
from orchestrator.times import seconds

with lazy_imports():
    from orchestrator.models.online import clone
    from orchestrator.systems.market import creating
    from orchestrator.systems.sum import opening, replaying

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.kernel.money import Currency
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.conversion import Converted
    from orchestrator.models.online.descriptor import Quality
    from orchestrator.models.online.training import Table
    from orchestrator.systems.market.reference.rules import Rules as MarketRules
    from orchestrator.types import Address


@dataclass(frozen=True)
class Prize:
    """What the provider puts down, and in which money."""

    bounty: Annotated[
        str, typer.Option(metavar="AMOUNT", help="What you pay for a model without mistakes: 1.5.")
    ]
    bond: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Burnt if you do not reveal; default: half the bounty."),
    ] = None
    tips: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Your part of the tips; default: for measuring the first model."),
    ] = None
    token: Annotated[str | None, typer.Option(metavar="ADDRESS", help="An ERC-20 token; default: ether.")] = (
        None
    )

    def offer(self, money: "Currency", rules: "MarketRules") -> "creating.Offer":
        """Raises UsageError for what is not an amount."""
        bounty = money.parse(self.bounty)
        return creating.Offer(
            rules=rules,
            money=money,
            bounty=bounty,
            bond=money.parse(self.bond) if self.bond is not None else bounty // 2,
            tips=money.parse(self.tips) if self.tips is not None else None,
        )


@dataclass(frozen=True)
class Rules:
    """The rules as they are written."""

    stake: Annotated[str, typer.Option(metavar="AMOUNT", help="For each sample (see --flat).")] = "0.001"
    tip: Annotated[
        str,
        typer.Option(metavar="AMOUNT", help="Paid for measuring, for each test sample looked at or learned."),
    ] = "0.000001"
    loss: Annotated[str, typer.Option(help=f"What counts: {', '.join(LOSSES)}.")] = LOSSES[0]
    portions: Annotated[int, typer.Option(help="Of the test set; one is shown, the others count.")] = 10
    samples: Annotated[int, typer.Option(help="In a portion; default: as many as there are.")] = 0
    validation: Annotated[
        int,
        typer.Option(
            help="Portions that pay nothing: data count only as far as they help there, too.", min=0
        ),
    ] = 0
    flat: Annotated[bool, typer.Option("--flat", help="A stake for a contribution, not a sample.")] = False
    duration: Annotated[str, typer.Option(help="How long contributions are taken.")] = "7d"
    capacity: Annotated[int, typer.Option(help="How many contributions are taken at most.")] = 1000
    open_wait: Annotated[str, typer.Option(help="To open sealed data; 0s: nothing is sealed.")] = "1d"
    reveal_wait: Annotated[str, typer.Option(help="How long you may take to reveal.")] = "3d"
    max_bytes: Annotated[int, typer.Option(help="The size of a contribution: it bounds its influence.")] = (
        8192
    )
    margin: Annotated[
        float,
        typer.Option(help="A contribution is kept if it avoids so much of the first loss.", min=0, max=0.5),
    ] = 0.1
    threshold: Annotated[
        float, typer.Option(help="Participants below so many stakes may drop out.", min=0, max=1)
    ] = 1.0
    strikes: Annotated[int, typer.Option(help="How many times below until they do.", min=1, max=15)] = 1
    passes: Annotated[int, typer.Option(help="Over the contributions, at most.", min=1, max=15)] = 3

    def rules(self, money: "Currency") -> "MarketRules":
        """Raises UsageError."""
        from orchestrator.systems.market.reference.rules import Rules as MarketRules

        if self.loss not in LOSSES:
            raise UsageError(f"there is no loss `{self.loss}`", f"Choose one of {', '.join(LOSSES)}.")
        return MarketRules(
            stake=_units(money, self.stake),
            tip=_units(money, self.tip),
            duration=seconds(self.duration),
            open_wait=seconds(self.open_wait),
            reveal_wait=seconds(self.reveal_wait),
            capacity=self.capacity,
            portions=self.portions,
            samples=self.samples,
            max_bytes=self.max_bytes,
            threshold=round(self.threshold * 1000),
            margin=round(self.margin * 1000),
            strikes=self.strikes,
            passes=self.passes,
            loss=LOSSES.index(self.loss),
            validation=self.validation,
            weighted=0 if self.flat else 1,
        )


@dataclass(frozen=True)
class First:
    """The first model: a shared model's, a file's, or trained here."""

    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The first model: a skops file, or a shared model's name."),
    ] = None
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", exists=True, help="Samples to train (or calibrate) it with."),
    ] = None
    kind: Annotated[
        str,
        typer.Option(
            help="bayes, which a bad sample moves little, or perceptron.",
            autocompletion=among("bayes", "perceptron"),
        ),
    ] = "bayes"

    def converted(self, session: "Session", training: Training) -> "tuple[Converted, Quality | None]":
        """Raises UsageError."""
        file = Path(self.model) if self.model is not None and Path(self.model).exists() else None
        if self.model is not None and file is None:
            return replaying.converted(opening.open_model(session, self.model)), None
        if self.csv is None:
            raise UsageError(
                "there is no model to begin with",
                "Give --csv to train one, or --model with a shared model's name.",
            )
        plan = training.plan(self.csv, self.kind, file)
        return plan.converted, plan.quality

    def draft(
        self, session: "Session", name: str, training: Training, test: "Table", offer: "creating.Offer"
    ) -> "creating.Draft":
        """The market of this model and the secret `test` set. Raises UsageError, DataError, ModelError."""
        converted, quality = self.converted(session, training)
        return creating.prepare(session, name, converted, test, offer, session.sender, quality)


@command(market, sender=SENDS)
def create(
    session: "Session",
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    test: Annotated[
        Path, typer.Option("--test", metavar="FILE", exists=True, help="The secret test set: a CSV.")
    ],
    prize: Prize,
    first: First,
    training: Training,
    written: Rules,
    consent: Consent,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave the trial portion to `reveal` or `keep`.")
    ] = False,
    dry_run: DryRunOption = False,
) -> Facts:
    """Offer a bounty for data: commit to a secret test set, escrow, show a portion that a block chooses."""
    money, account = currency_in(session, prize.token), session.sender
    offer = prize.offer(money, written.rules(money))
    with status("preparing model and test set"):
        draft = first.draft(session, name, training, training.table(test), offer)
    agree = _agreement(session, consent, draft)
    with progress_bar("waiting for the block that chooses", unit="blocks") as progress:
        made = creating.create(
            session, draft, account, wait=not no_wait, dry_run=dry_run, progress=progress, agree=agree
        )
    if not dry_run:
        err.print(on_page(session, f"markets/{made.address}"))
    return Facts(_facts(name, draft, made, money, dry_run))


def _agreement(session: "Session", consent: Consent, draft: "creating.Draft") -> "Callable[[Address], None]":
    """What is asked before anything is paid to a market."""

    def agree(market: "Address") -> None:
        consent.ask(session.known, market, "market", [*escrowed(draft, session.sender.name)])

    return agree


def _facts(
    name: str,
    draft: "creating.Draft",
    made: "creating.CreatedMarket",
    money: "Currency",
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "name": name,
        "address": made.address,
        "model": made.descriptor.model,
        "labels": list(made.descriptor.labels),
        "test_set": portions_of(len(draft.secret.batches), draft.offer.rules.samples),
        "skipped": draft.skipped,
        "unused": draft.unused,
        "accuracy_at_first": round(draft.accuracy, 4),
        "bounty": amount(money, draft.offer.bounty),
        "bond": amount(money, draft.offer.bond),
        "tips": amount(money, draft.offer.provided),
        "trial_portion": made.trial,
        "gas": made.gas_used,
        "dry_run": Shown(dry_run, "yes" if dry_run else ""),
    }


def _units(money: "Currency", text: str) -> int:
    """An amount in what the records count. Raises UsageError for a part of it."""
    units, rest = divmod(money.parse(text), clone.unit_of(money))
    if rest:
        raise UsageError(f"{text} is finer than the records", "Stakes and tips have nine decimals at most.")
    return units
