"""The part of `diln competition` that finds the best model and pays it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.chain import Account
from orchestrator.cli.competitioncommon import (
    CompetitionArgument,
    MaximumOption,
    NumberOption,
    chosen_account,
    consent_to,
    opened,
    print_rows,
)
from orchestrator.cli.consent import YesOption
from orchestrator.cli.console import (
    Progress,
    out,
    print_facts,
    print_json,
    print_line,
    print_one,
    progress_bar,
)
from orchestrator.cli.options import FromOption, HomeOption, JsonOption, NetworkOption, StorageOption
from orchestrator.competition import checking, closing, evaluating, publishing, watching
from orchestrator.competition.money import money_of
from orchestrator.competition.records import Phase
from orchestrator.errors import ChainError, UsageError
from orchestrator.learning.integer import readable_score

if TYPE_CHECKING:
    from orchestrator.competition.contracts import Competition
    from orchestrator.competition.venue import Venue


def evaluate(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    everybody: Annotated[bool, typer.Option("--all", help="All submissions, for their tips.")] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Have the contract run a submission on the test data."""
    with opened(network, sender, home) as venue, progress_bar("evaluating", unit="samples") as progress:
        found, account = venue.find(reference), chosen_account(venue)
        if everybody:
            rows = [_evaluated(venue, found, each, account, progress) for each in evaluating.revealed(found)]
        else:
            mine = _own(found, account, number)
            gas = evaluating.evaluate(venue, found, mine, account, progress)
            rows = [_score(found, mine) | {"gas": gas}]
    print_rows(rows, json)


def claim(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    maximum: MaximumOption = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """In an optimistic competition: post your model's predictions with the bond."""
    with opened(network, sender, home) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        mine = _own(found, account, number)
        evaluating.claim(venue, found, mine, account, consent_to(venue, found, maximum, yes, json))
        facts = _score(found, mine)
    print_one(facts, json)


def refute(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute every claim, and refute those that are wrong."""
    rows: list[dict[str, Any]] = []
    with opened(network, sender, home) as venue, progress_bar("checking", unit="claims") as progress:
        found = venue.find(reference)
        rows += [_checked(venue, found, each) for each in checking.check_claims(venue, found, progress)]
    print_rows(rows or ([] if json else [{"claims": "none that can be refuted"}]), json)


def finalize(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Close the competition by its ranking, or because somebody did not do their part."""
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        outcome = closing.finalize(venue, found, chosen_account(venue))
        facts = {"competition": found.address, "outcome": outcome.name.lower(), "winners": found.ranking()}
    print_one(facts, json)


def withdraw(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Pull everything that the competition owes you."""
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        money = money_of(venue.chain, found.terms.token)
        paid = closing.withdraw(venue, found, chosen_account(venue))
    if json:
        print_json([{"reason": each.reason, "wei": str(each.amount)} for each in paid])
    else:
        print_facts({each.reason: money.show(each.amount) for each in paid} or {"nothing": "is due"})


def publish(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    licence: Annotated[str | None, typer.Option(metavar="SPDX", help="Such as MIT.")] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put your model into the model registry, with its licence and the score that the contract gave it."""
    with opened(network, sender, home, storage) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        done = publishing.publish(venue, found, _own(found, account, number), account, licence)
    facts = {
        "status": done.version.status.word,
        "sha256": done.version.artifact_hash.hex(),
        "cid": done.manifest.artifact_cid,
        "manifest cid": done.version.manifest_cid,
        "gas": done.gas_used,
    }
    print_one(facts, json)


def watch(
    reference: CompetitionArgument = "latest",
    role: Annotated[watching.Role, typer.Option(help="Whose duties to keep.")] = watching.Role.SUBMITTER,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
    maximum: MaximumOption = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Keep a role's duties: reveal in time, crank, check every claim and refute wrong ones, be paid."""
    with (
        opened(network, sender, home, storage) as venue,
        progress_bar("working") as progress,
    ):
        found = venue.find(reference)
        consent = consent_to(venue, found, maximum, yes, json)
        seen = watching.Watch(venue, found, chosen_account(venue), role, progress, consent)
        if once and json:
            print_json(list(watching.keep(seen)))
            return
        for sentence in watching.keep(seen) if once else watching.watch(seen, interval=interval):
            if json:
                print_line({"time": venue.chain.now(), "done": sentence})
            else:
                out.print(sentence, markup=False)


def _checked(venue: "Venue", found: "Competition", each: checking.Claim) -> dict[str, Any]:
    """A row of `refute`; a claim that cannot be checked or refuted must not stop the others."""
    row: dict[str, Any] = {"submission": each.submission, "claim": "holds", "gas": None}
    if each.doubt:
        return row | {"claim": f"could not be checked: {each.doubt}"}
    if each.wrong_at is None:
        return row
    try:
        gas = checking.refute(venue, found, each, chosen_account(venue))
    except ChainError as error:
        return row | {"claim": f"wrong at test sample {each.wrong_at}", "error": error.message}
    return row | {"claim": f"refuted by test sample {each.wrong_at}", "gas": gas}


def _own(found: "Competition", account: Account, number: int | None) -> int:
    if number is not None:
        return number
    mine = [
        each for each in evaluating.revealed(found) if found.submission(each).submitter == account.address
    ]
    if len(mine) != 1:
        raise UsageError(f"{account.name} has {len(mine)} revealed submissions here", "Add --submission N.")
    return mine[0]


def _evaluated(
    venue: "Venue", found: "Competition", number: int, account: Account, progress: Progress
) -> dict[str, Any]:
    """A row of `--all`, where one submission that cannot be evaluated must not stop the others."""
    try:
        gas = evaluating.evaluate(venue, found, number, account, progress)
    except ChainError as error:
        if found.phase() is not Phase.EVALUATION:
            raise
        return {"submission": number, "score": None, "rank": None, "gas": None, "error": error.message}
    return _score(found, number) | {"gas": gas}


def _score(found: "Competition", number: int) -> dict[str, Any]:
    return {
        "submission": number,
        "score": readable_score(found.terms.metric_name, found.result(number).score),
        "rank": next((place for place, each in enumerate(found.ranking(), 1) if each == number), None),
    }
