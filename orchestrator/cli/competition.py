"""`diln competition`: set up and follow competitions. What competitors do is in `competing.py`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.chain import ether
from orchestrator.cli.competing import (
    CompetitionArgument,
    chosen_account,
    competition,
    opened,
    print_result,
)
from orchestrator.cli.console import err, out, print_facts, print_json, print_table, progress_bar
from orchestrator.cli.options import FromOption, HomeOption, JsonOption, NetworkOption, StorageOption, new_app
from orchestrator.competition import creating, offer, overview, timing, training
from orchestrator.competition.amounts import parse_ether
from orchestrator.competition.records import Mode, Phase
from orchestrator.competition.testing import open_test as open_all_tests
from orchestrator.errors import UsageError
from orchestrator.learning.integer import pass_mark, readable_score

app = new_app()
app.add_typer(competition, name="competition")

Ether = Annotated[str | None, typer.Option(metavar="ETHER")]


@competition.command()
def create(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="The data, labels included; or Parquet.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    prize: Annotated[str, typer.Option(metavar="ETHER", help="What winners divide.")],
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
    bond: Ether = None,
    deposit: Ether = None,
    tip: Ether = None,
    stake: Ether = None,
    claim_bond: Ether = None,
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
    amounts = {"bond": bond, "deposit": deposit, "tip": tip, "stake": stake, "claim_bond": claim_bond}
    decided = offer.Offer(
        file=file,
        target=target,
        prize=parse_ether(prize),
        criterion=criterion,
        metric=metric,
        name=name,
        groups=groups,
        test_groups=test_groups,
        group_size=group_size,
        label_unit=label_unit,
        drop_missing=drop_missing,
        optimistic=optimistic,
        by_score=by_score,
        organizer_may_enter=may_enter,
        shares=_shares(shares),
        max_model_bytes=max_model_bytes,
        training=timing.parse_duration(training_time),
        reveal=timing.parse_duration(reveal_time),
        opening=timing.parse_duration(opening_time),
        evaluation=timing.parse_duration(evaluation_time),
        refute=timing.parse_duration(refute_time),
        answer=timing.parse_duration(answer_time) if answer_time else None,
        **{key: parse_ether(value) for key, value in amounts.items() if value is not None},
    )
    with opened(network, sender, home, storage) as venue:
        organizer = chosen_account(venue)
        draft = creating.prepare(venue, decided, organizer)
        for warning in draft.warnings:
            err.print(f"[yellow]note:[/] {warning}")
        with progress_bar("waiting for the block that draws the split") as progress:
            made = creating.create(venue, draft, organizer, wait=not no_wait, progress=progress)
        facts = _facts(overview.overview(made.competition), venue.chain.now())
    print_result({**facts, "gas": made.gas_used, "notes": list(draft.warnings)}, json)


@competition.command(name="list")
def list_competitions(
    network: NetworkOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """List the competitions on this chain."""
    with opened(network, None, home) as venue:
        now = venue.chain.now()
        found = [_facts(overview.overview(each), now) for each in venue.factory.competitions()]
    if json:
        print_json(found)
        return
    columns = ["competition", "phase", "until", "prize", "metric", "criterion", "submissions"]
    print_table(columns, [[_shown(each[column]) for column in columns] for each in found])


@competition.command()
def show(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show terms, phase, deadlines and standings."""
    with opened(network, None, home) as venue:
        seen = overview.overview(venue.find(reference))
        facts = _facts(seen, venue.chain.now())
    rows = [_standing(each) for each in seen.standings]
    if json:
        print_json({**facts, "standings": rows})
        return
    print_facts(facts)
    if rows:
        out.print()
        print_table(list(rows[0]), [[_shown(value) for value in row.values()] for row in rows])


@competition.command()
def data(
    reference: CompetitionArgument = "latest",
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the training data here.")] = None,
    opening: Annotated[
        str | None, typer.Option(metavar="CID", help="Published salts, instead of the registry's.")
    ] = None,
    challenge: Annotated[
        int | None, typer.Option(metavar="GROUP", help="Demand, with the stake, that it be opened on-chain.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Get the training data, checked; as the organizer, draw the split, open the data, answer challenges."""
    with opened(network, sender, home, storage) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        creating.await_seed(venue, found)
        training.draw(venue, found, account)
        if account.address == found.terms.organizer and found.phase() is Phase.TRAINING:
            training.open_training(venue, found, account)
            training.answer_all(venue, found, account)
        if challenge is not None:
            training.challenge(venue, found, challenge, account)
        seen = training.training_data(venue, found, opening)
        file = output or Path(f"competition-{found.address[2:10].lower()}.csv")
        rows = training.write_csv(seen, found.terms, file) if seen.groups else 0
    facts = {
        "competition": found.address,
        "file": str(file) if rows else None,
        "rows": rows,
        "groups": len(seen.groups),
        "missing groups": list(seen.missing),
        "classes": list(seen.archive.encoding.classes),
        "sealed data": found.terms.cid,
    }
    print_result(facts, json)


@competition.command(name="open-test")
def open_test(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Open all test groups on-chain, after the reveals."""
    with opened(network, sender, home) as venue, progress_bar("opening", unit="groups") as progress:
        found = venue.find(reference)
        count = open_all_tests(venue, found, chosen_account(venue), progress)
        total = found.progress().opened
    print_result({"competition": found.address, "opened now": count, "open": total}, json)


def _facts(seen: overview.Overview, now: int) -> dict[str, Any]:
    terms, progress, until = seen.terms, seen.progress, seen.next_deadline
    mark = terms.criterion if terms.classes else pass_mark("mae", terms.criterion / 10**6)
    return {
        "competition": seen.address,
        "organizer": terms.organizer,
        "phase": seen.phase.name.lower(),
        "until": timing.show_moment(until, now) if until else None,
        "outcome": progress.outcome.name.lower(),
        "prize": f"{ether(terms.prize)} ether",
        "bond": f"{ether(terms.bond)} ether",
        "deposit": f"{ether(terms.deposit)} ether",
        "claim bond": f"{ether(terms.claim_bond)} ether" if terms.mode is Mode.OPTIMISTIC else None,
        "metric": terms.metric_name,
        "criterion": readable_score(terms.metric_name, mark),
        "mode": terms.mode.name.lower(),
        "data": f"{terms.groups} groups of {terms.group_size}, {terms.test_groups} for testing; "
        f"{terms.features} features, {terms.classes or 'no'} classes",
        "test groups": " ".join(map(str, seen.test_groups)),
        "largest model": f"{terms.max_model_bytes} bytes",
        "submissions": progress.committed,
        "revealed": progress.revealed,
    }


def _standing(each: overview.Standing) -> dict[str, Any]:
    return {
        "submission": each.submission.number,
        "submitter": each.submission.submitter,
        "status": each.submission.status.name.lower(),
        "score": each.score,
        "rank": each.rank,
        "due": ether(each.payout) if each.payout else None,
    }


def _shown(value: Any) -> Any:
    return "" if value is None else value


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in text.split(","))
    except ValueError as error:
        raise UsageError(f"`{text}` are no shares", "Write them as 0.6,0.3,0.1.") from error
