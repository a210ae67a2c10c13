"""`diln competition create`: what an organizer decides."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.competition import compete
from orchestrator.cli.competition.reading import facts_of
from orchestrator.cli.host.listen import on_page
from orchestrator.console import (
    SENDS,
    Answer,
    Facts,
    Shown,
    among,
    command,
    err,
    labelled,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import UsageError
from orchestrator.times import seconds

with lazy_imports():
    from orchestrator.kernel import money as moneys
    from orchestrator.systems.competition import creating, offer, overview

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.systems.competition.trivial import Trivial


@dataclass(frozen=True)
class Task:
    """What is to be predicted from which data."""

    target: Annotated[str, typer.Option(help="The column to predict.")]
    criterion: Annotated[float, typer.Option(help="What must be reached: a share of 1, or a mean error.")]
    metric: Annotated[
        str,
        typer.Option(help="accuracy, macro-f1 or mae.", autocompletion=among("accuracy", "macro-f1", "mae")),
    ] = "accuracy"
    name: Annotated[str, typer.Option(help="What competitors see; the file's name unless given.")] = ""
    groups: Annotated[int, typer.Option(help="Into how many groups the rows are cut.")] = 20
    test_groups: Annotated[int | None, typer.Option(help="How many are for testing; a fifth.")] = None
    group_size: Annotated[int | None, typer.Option(help="Samples of a group; as many as there are.")] = None
    label_unit: Annotated[float | None, typer.Option(help="Of numbers: what 1 stands for.")] = None
    drop_missing: Annotated[bool, typer.Option("--drop-missing", help="Leave rows with gaps out.")] = False
    max_model_bytes: Annotated[int, typer.Option(help="At most 49152.")] = 32_768


@dataclass(frozen=True)
class Ways:
    """How scores are found, and who may win."""

    optimistic: Annotated[
        bool, typer.Option("--optimistic", help="Scores are claimed with a bond instead of computed.")
    ] = False
    by_score: Annotated[
        bool, typer.Option("--by-score", help="Places share by their margin, not by --shares.")
    ] = False
    organizer_may_enter: Annotated[
        bool, typer.Option("--organizer-may-enter", help="Let your own models win, too.")
    ] = False


@dataclass(frozen=True)
class Amounts:
    """Amounts of ether or of a token."""

    prize: Annotated[str, typer.Option(metavar="AMOUNT", help="What winners divide.")]
    bond: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Yours; default: twice the prize. You lose it, half of it burnt, if you leave the "
            "split undrawn or data closed; a tenth is burnt if nobody reveals; else it comes back.",
        ),
    ] = None
    deposit: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="With each submission; default: 1 % of the prize. Comes back, less the tip, once the model "
            "is revealed; else it joins the prize.",
        ),
    ] = None
    tip: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Out of the deposit; default: a tenth of it. For whoever evaluates another's submission.",
        ),
    ] = None
    stake: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="To challenge a group that you withhold; default: 1 % of the prize. Yours if you then "
            "open it in time; else it comes back, with half your bond.",
        ),
    ] = None
    claim_bond: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="With each claim of a score (--optimistic); default: 5 % of the prize. If it is refuted, "
            "half is the refuter's and half joins the prize; else it comes back.",
        ),
    ] = None

    def parsed(self, currency: "moneys.Currency") -> dict[str, Any]:
        """In the currency's smallest units. Raises UsageError for what is not an amount."""
        return {name: currency.parse(text) for name, text in asdict(self).items() if text is not None}


@dataclass(frozen=True)
class Times:
    """How long each phase lasts."""

    training: Annotated[
        str, typer.Option("--training", metavar="TIME", help="For training and commitments.")
    ] = "7d"
    reveal: Annotated[str, typer.Option("--reveal", metavar="TIME", help="For reveals.")] = "1d"
    opening: Annotated[str, typer.Option("--opening", metavar="TIME", help="To open the test data.")] = "1d"
    evaluation: Annotated[
        str, typer.Option("--evaluation", metavar="TIME", help="To evaluate, or to claim.")
    ] = "1d"
    refute: Annotated[
        str, typer.Option("--refute", metavar="TIME", help="How long a claim can be refuted.")
    ] = "1d"
    answer: Annotated[str | None, typer.Option("--answer", metavar="TIME", help="To answer a challenge.")] = (
        None
    )

    def seconds(self) -> dict[str, Any]:
        """Raises UsageError for what is not a time."""
        return {name: seconds(text) for name, text in asdict(self).items() if text}


@command(compete, sender=SENDS, storage=True)
def create(
    session: "Session",
    file: Annotated[Path, typer.Argument(metavar="CSV", help="The data, labels included; or Parquet.")],
    task: Task,
    ways: Ways,
    amounts: Amounts,
    times: Times,
    shares: Annotated[str, typer.Option(help="Of the places, such as 0.6,0.3,0.1.")] = "1",
    token: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="An ERC-20 token, instead of ether, for all amounts."),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the draw to `data` or `keep`.")] = False,
) -> Answer:
    """Escrow a prize behind your data, draw the split, open the training data."""
    currency = moneys.read_currency(session.chain, moneys.parse_token(token))
    shape: dict[str, Any] = {"file": file, **asdict(task), **asdict(ways), "shares": _shares(shares)}
    offered = offer.Offer(**shape, **times.seconds(), **amounts.parsed(currency), token=currency.address)
    draft = creating.prepare(session, offered, session.sender)
    _tell(session, draft)
    with progress_bar("waiting for the block that draws the split", unit="blocks") as progress:
        made = creating.create(session, draft, session.sender, wait=not no_wait, progress=progress)
    facts = facts_of(session, overview.overview(made.competition))
    facts |= {"trivial_models": [_trivial(each) for each in draft.trivial], "gas": made.gas_used}
    err.print(on_page(session, f"competitions/{made.competition.address}"))
    value = facts | {"notes": list(draft.warnings)}
    return Answer(value, Facts(facts), after=lambda: creating.finish(session, draft))


def _tell(session: "Session", draft: "creating.Draft") -> None:
    """What is doubtful, and what is at stake, before anything is sent."""
    for warning in draft.warnings:
        err.print(labelled("note: ", "yellow", warning))
    for sentence in creating.stakes(session, draft, session.sender):
        err.print(sentence)


def _trivial(model: "Trivial") -> Shown:
    return Shown(vars(model), str(model))


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in text.split(","))
    except ValueError as error:
        raise UsageError(f"`{text}` are not shares", "Write them as 0.6,0.3,0.1.") from error
