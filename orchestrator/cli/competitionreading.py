"""The part of `diln competition` that looks: competitions, standings, data; and opens what must be seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.competitioncommon import (
    CompetitionArgument,
    MaximumOption,
    OpeningOption,
    chosen_account,
    consent_to,
    opened,
)
from orchestrator.cli.consent import YesOption
from orchestrator.cli.console import out, print_facts, print_json, print_one, print_table, progress_bar
from orchestrator.cli.options import FromOption, HomeOption, JsonOption, NetworkOption, StorageOption
from orchestrator.competition import creating, overview, timing, training
from orchestrator.competition.checking import told
from orchestrator.competition.money import Money, money_of
from orchestrator.competition.records import NOBODY, Mode, Phase
from orchestrator.competition.testing import open_test as open_all_tests
from orchestrator.errors import NodeUnavailable
from orchestrator.learning.integer import pass_mark, readable_score

if TYPE_CHECKING:
    from orchestrator.chain import Account
    from orchestrator.competition.contracts import Competition
    from orchestrator.competition.venue import Venue


def list_competitions(
    network: NetworkOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """List the competitions on this chain."""
    with opened(network, None, home) as venue:
        found = [_row(venue, each) for each in venue.factory.competitions()]
    if json:
        print_json(found)
        return
    columns = ["competition", "phase", "until", "prize", "metric", "criterion", "submissions"]
    print_table(columns, [[_shown(each.get(column)) for column in columns] for each in found])


def _row(venue: "Venue", each: "Competition") -> dict[str, Any]:
    """The facts of one of many: what cannot be read is a row that says why, and never ends the list."""
    try:
        return facts_of(venue, overview.overview(each))
    except NodeUnavailable:
        raise
    except Exception as error:
        return {"competition": each.address, "phase": "cannot be read", "error": told(error)}


def show(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show terms, phase, deadlines and standings."""
    with opened(network, None, home) as venue:
        seen = overview.overview(venue.find(reference))
        facts = facts_of(venue, seen)
        money = money_of(venue.chain, seen.terms.token)
    rows = [_standing(each, money) for each in seen.standings]
    if json:
        print_json({**facts, "standings": rows})
        return
    print_facts(facts)
    if rows:
        out.print()
        print_table(list(rows[0]), [[_shown(value) for value in row.values()] for row in rows])


def data(
    reference: CompetitionArgument = "latest",
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the training data here.")] = None,
    opening: OpeningOption = None,
    challenge: Annotated[
        int | None, typer.Option(metavar="GROUP", help="Demand, with the stake, that it be opened on-chain.")
    ] = None,
    maximum: MaximumOption = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Get the training data, checked; as the organizer, draw the split, open the data, answer challenges."""
    waiting = "waiting for the block that draws the split"
    with opened(network, sender, home, storage) as venue, progress_bar(waiting, unit="blocks") as progress:
        found = venue.find(reference)
        creating.await_seed(venue, found, progress)
        account = _sender_if_needed(venue, found, challenge)
        if account:
            training.draw(venue, found, account)
            if account.address == found.terms.organizer and found.phase() is Phase.TRAINING:
                training.open_training(venue, found, account)
                training.answer_all(venue, found, account)
            if challenge is not None:
                consent = consent_to(venue, found, maximum, yes, json)
                training.challenge(venue, found, challenge, account, consent)
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
    print_one(facts, json)


def _sender_if_needed(venue: "Venue", found: "Competition", challenge: int | None) -> "Account | None":
    """Who sends; None where nobody was named and there is nothing to send but for an organizer."""
    named = venue.settings.sender
    needed = challenge is not None or not found.progress().drawn_at
    return chosen_account(venue) if named or needed else None


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
    print_one({"competition": found.address, "opened now": count, "open": total}, json)


def facts_of(venue: "Venue", seen: overview.Overview) -> dict[str, Any]:
    """A competition's terms and where it stands, for people."""
    terms, progress, until = seen.terms, seen.progress, seen.next_deadline
    now, money = venue.chain.now(), money_of(venue.chain, terms.token)
    mark = terms.criterion if terms.classes else pass_mark("mae", terms.criterion / 10**6)
    return {
        "competition": seen.address,
        "organizer": terms.organizer,
        "phase": seen.phase.name.lower(),
        "until": timing.show_moment(until, now) if until else None,
        "outcome": progress.outcome.name.lower(),
        "token": None if terms.token == NOBODY else terms.token,
        "prize": money.show(terms.prize),
        "bond": money.show(terms.bond),
        "deposit": money.show(terms.deposit),
        "claim bond": money.show(terms.claim_bond) if terms.mode is Mode.OPTIMISTIC else None,
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


def _standing(each: overview.Standing, money: Money) -> dict[str, Any]:
    return {
        "submission": each.submission.number,
        "submitter": each.submission.submitter,
        "status": each.submission.status.name.lower(),
        "score": each.score,
        "rank": each.rank,
        "due": money.show(each.payout) if each.payout else None,
    }


def _shown(value: Any) -> Any:
    return "" if value is None else value
