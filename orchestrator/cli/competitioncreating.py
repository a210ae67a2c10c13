"""`diln competition create`: what an organizer decides."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.competitioncommon import chosen_account, opened
from orchestrator.cli.competitionreading import facts_of
from orchestrator.cli.console import err, labelled, print_one, progress_bar
from orchestrator.cli.options import FromOption, HomeOption, JsonOption, NetworkOption, StorageOption
from orchestrator.competition import creating, offer, overview, timing
from orchestrator.competition.money import ETHER, Token, parse_token
from orchestrator.errors import UsageError

Amount = Annotated[str | None, typer.Option(metavar="AMOUNT")]


def create(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="The data, labels included; or Parquet.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    prize: Annotated[str, typer.Option(metavar="AMOUNT", help="What winners divide.")],
    criterion: Annotated[float, typer.Option(help="What must be reached: a share of 1, or a mean error.")],
    metric: Annotated[str, typer.Option(help="accuracy, macro-f1 or mae.")] = "accuracy",
    name: Annotated[str, typer.Option(help="What competitors see; the file's name unless given.")] = "",
    groups: Annotated[int, typer.Option(help="Into how many groups the rows are cut.")] = 20,
    test_groups: Annotated[int | None, typer.Option(help="How many are for testing; a fifth.")] = None,
    group_size: Annotated[int | None, typer.Option(help="Samples of a group; as many as there are.")] = None,
    label_unit: Annotated[float | None, typer.Option(help="Of numbers: what 1 stands for.")] = None,
    drop_missing: Annotated[bool, typer.Option("--drop-missing", help="Leave rows with gaps out.")] = False,
    optimistic: Annotated[
        bool, typer.Option("--optimistic", help="Scores are claimed with a bond instead of computed.")
    ] = False,
    by_score: Annotated[
        bool, typer.Option("--by-score", help="Places share by their margin, not by --shares.")
    ] = False,
    may_enter: Annotated[bool, typer.Option("--organizer-may-enter", help="Let yourself win.")] = False,
    shares: Annotated[str, typer.Option(help="Of the places, such as 0.6,0.3,0.1.")] = "1",
    token: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="An ERC-20 token, instead of ether, for all amounts."),
    ] = None,
    bond: Amount = None,
    deposit: Amount = None,
    tip: Amount = None,
    stake: Amount = None,
    claim_bond: Amount = None,
    max_model_bytes: Annotated[int, typer.Option(help="At most 49152.")] = 32_768,
    training_time: Annotated[
        str, typer.Option("--training", metavar="TIME", help="For training and commitments.")
    ] = "7d",
    reveal_time: Annotated[str, typer.Option("--reveal", metavar="TIME", help="For reveals.")] = "1d",
    opening_time: Annotated[
        str, typer.Option("--opening", metavar="TIME", help="To open the test data.")
    ] = "1d",
    evaluation_time: Annotated[
        str, typer.Option("--evaluation", metavar="TIME", help="To evaluate, or to claim.")
    ] = "1d",
    refute_time: Annotated[
        str, typer.Option("--refute", metavar="TIME", help="How long a claim can be refuted.")
    ] = "1d",
    answer_time: Annotated[
        str | None, typer.Option("--answer", metavar="TIME", help="To answer a challenge.")
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the draw to `data` or `watch`.")] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Escrow a prize behind your data, draw the split, open the training data."""
    terms: dict[str, Any] = {
        "file": file,
        "target": target,
        "criterion": criterion,
        "metric": metric,
        "name": name,
        "groups": groups,
        "test_groups": test_groups,
        "group_size": group_size,
        "label_unit": label_unit,
        "drop_missing": drop_missing,
        "optimistic": optimistic,
        "by_score": by_score,
        "organizer_may_enter": may_enter,
        "shares": _shares(shares),
        "max_model_bytes": max_model_bytes,
        "training": timing.parse_duration(training_time),
        "reveal": timing.parse_duration(reveal_time),
        "opening": timing.parse_duration(opening_time),
        "evaluation": timing.parse_duration(evaluation_time),
        "refute": timing.parse_duration(refute_time),
        "answer": timing.parse_duration(answer_time) if answer_time else None,
        "token": parse_token(token),
    }
    amounts = {"prize": prize, "bond": bond, "deposit": deposit, "tip": tip, "stake": stake}
    amounts["claim_bond"] = claim_bond
    with opened(network, sender, home, storage) as venue:
        money = Token(venue.chain, terms["token"]).money if token else ETHER
        terms |= {key: money.parse(value) for key, value in amounts.items() if value is not None}
        organizer = chosen_account(venue)
        draft = creating.prepare(venue, offer.Offer(**terms), organizer)
        for warning in draft.warnings:
            err.print(labelled("note: ", "yellow", warning))
        for sentence in creating.stakes(venue, draft, organizer):
            err.print(sentence)
        with progress_bar("waiting for the block that draws the split", unit="blocks") as progress:
            made = creating.create(venue, draft, organizer, wait=not no_wait, progress=progress)
        facts = facts_of(venue, overview.overview(made.competition))
        trivial = [str(each) for each in draft.trivial]
        facts |= {"trivial models": trivial, "gas": made.gas_used}
        print_one(facts | {"notes": list(draft.warnings)} if json else facts, json)
        sys.stdout.flush()
        creating.finish(venue, draft)


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in text.split(","))
    except ValueError as error:
        raise UsageError(f"`{text}` are no shares", "Write them as 0.6,0.3,0.1.") from error
