"""The part of `diln competition` that finds the best model and pays it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.competition import compete
from orchestrator.cli.competition.options import CompetitionArgument, NumberOption, Payment
from orchestrator.cli.keeping import kept
from orchestrator.console import (
    SENDS,
    Answer,
    Facts,
    Result,
    Shown,
    Stream,
    command,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import ChainError, UsageError

with lazy_imports():
    from orchestrator.bindings import competition as contracts
    from orchestrator.kernel import money as moneys
    from orchestrator.models import integer
    from orchestrator.systems.competition import checking, closing, duties, evaluating, finding, publishing

if TYPE_CHECKING:
    from orchestrator.chain import Account
    from orchestrator.kernel.session import Session
    from orchestrator.systems.competition.contracts import Competition
    from orchestrator.types import Report


@command(compete, sender=SENDS)
def evaluate(
    session: "Session",
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    everybody: Annotated[bool, typer.Option("--all", help="All submissions, for their tips.")] = False,
) -> Answer:
    """Have the contract run a submission on the test data."""
    found, account = finding.find(session, reference), session.sender
    with progress_bar("evaluating", unit="samples") as progress:
        if everybody:
            rows = [
                _evaluated(session, found, each, account, progress) for each in evaluating.revealed(found)
            ]
        else:
            mine = _own(found, account, number)
            gas = evaluating.evaluate(session, found, mine, account, progress)
            rows = [_score(found, mine) | {"gas": gas}]
    return _listed(rows)


@command(compete, sender=SENDS)
def claim(
    session: "Session",
    payment: Payment,
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
) -> Facts:
    """In an optimistic competition: post your model's predictions with the bond."""
    found, account = finding.find(session, reference), session.sender
    mine = _own(found, account, number)
    evaluating.claim(session, found, mine, account, payment.to(session, found))
    return Facts(_score(found, mine))


@command(compete, sender=SENDS)
def refute(session: "Session", reference: CompetitionArgument = "latest") -> Answer:
    """Recompute every claim, and refute those that are wrong."""
    found = finding.find(session, reference)
    with progress_bar("checking", unit="claims") as progress:
        rows = [_checked(session, found, each) for each in checking.check_claims(session, found, progress)]
    return _listed(rows, Facts({"claims": "none that can be refuted"}))


@command(compete, sender=SENDS)
def finalize(session: "Session", reference: CompetitionArgument = "latest") -> Facts:
    """Close the competition by its ranking, or because somebody did not do their part."""
    found = finding.find(session, reference)
    outcome = closing.finalize(session, found, session.sender).name.lower()
    return Facts({"competition": found.address, "outcome": outcome, "winners": found.ranking()})


@command(compete, sender=SENDS)
def withdraw(session: "Session", reference: CompetitionArgument = "latest") -> Answer:
    """Pull everything that the competition owes you."""
    found = finding.find(session, reference)
    money = moneys.currency_of(session.chain, found.terms.token)
    paid = closing.withdraw(session, found, session.sender)
    value = [{"reason": each.reason, "amount": money.json(each.amount)} for each in paid]
    if not paid:
        return Answer(value, "nothing is due")
    return Answer(value, Facts({each.reason: money.show(each.amount) for each in paid}))


@command(compete, sender=SENDS, storage=True)
def publish(
    session: "Session",
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    licence: Annotated[str | None, typer.Option(metavar="SPDX", help="Such as MIT.")] = None,
) -> Facts:
    """Put your model into the model registry, with its licence and the score that the contract gave it."""
    found, account = finding.find(session, reference), session.sender
    done = publishing.publish(session, found, _own(found, account, number), account, licence)
    facts = {
        "status": done.version.status.word,
        "sha256": done.version.artifact_hash.hex(),
        "cid": done.manifest.artifact_cid,
        "manifest_cid": done.version.manifest_cid,
        "gas": done.gas_used,
    }
    return Facts(facts)


class Role(StrEnum):
    """The roles of `orchestrator.systems.competition.duties`, by their names."""

    ORGANIZER = "organizer"
    SUBMITTER = "submitter"
    REFUTER = "refuter"


@command(compete, sender=SENDS, storage=True)
def keep(
    session: "Session",
    payment: Payment,
    reference: CompetitionArgument = "latest",
    role: Annotated[Role, typer.Option(help="Whose duties to keep.")] = Role.SUBMITTER,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
) -> Stream | Answer:
    """Keep a role's duties: reveal in time, crank, check every claim and refute wrong ones, be paid."""
    found = finding.find(session, reference)
    with progress_bar("working") as progress:
        agreed = payment.to(session, found)
        return kept(
            session, duties.SYSTEM, found, interval, once=once, roles={role}, report=progress, consent=agreed
        )


def _listed(rows: list[dict[str, Any]], *otherwise: Result) -> Answer:
    """A row each; exit code 1 where one of them failed, or could not be checked."""
    failed = any("error" in row or "reason" in row for row in rows)
    return Answer(rows, *([Facts(row) for row in rows] or otherwise), code=int(failed))


def _checked(session: "Session", found: "Competition", each: "checking.Claim") -> dict[str, Any]:
    """A row of `refute`; a claim that cannot be checked or refuted must not stop the others."""
    row: dict[str, Any] = {"submission": each.submission, "claim": "holds", "gas": None}
    if each.doubt:
        unchecked = Shown("unchecked", f"could not be checked: {each.doubt}")
        return row | {"claim": unchecked, "reason": Shown(each.doubt, "")}
    if each.wrong_at is None:
        return row
    row["wrong_at"] = Shown(each.wrong_at, "")
    try:
        gas = checking.refute(session, found, each, session.sender)
    except ChainError as error:
        return row | {
            "claim": Shown("wrong", f"wrong at test sample {each.wrong_at}"),
            "error": error.message,
        }
    return row | {"claim": Shown("refuted", f"refuted by test sample {each.wrong_at}"), "gas": gas}


def _own(found: "Competition", account: "Account", number: int | None) -> int:
    if number is not None:
        return number
    mine = [
        each for each in evaluating.revealed(found) if found.submission(each).submitter == account.address
    ]
    if len(mine) != 1:
        raise UsageError(f"{account.name} has {len(mine)} revealed submissions here", "Add --submission N.")
    return mine[0]


def _evaluated(
    session: "Session", found: "Competition", number: int, account: "Account", progress: "Report"
) -> dict[str, Any]:
    """A row of `--all`, where one submission that cannot be evaluated must not stop the others."""
    try:
        gas = evaluating.evaluate(session, found, number, account, progress)
    except ChainError as error:
        if found.phase() is not contracts.Phase.EVALUATION:
            raise
        return {"submission": number, "score": None, "rank": None, "gas": None, "error": error.message}
    return _score(found, number) | {"gas": gas}


def _score(found: "Competition", number: int) -> dict[str, Any]:
    return {
        "submission": number,
        "score": integer.readable_score(found.terms.metric_name, found.result_of(number).score),
        "rank": next((place for place, each in enumerate(found.ranking(), 1) if each == number), None),
    }
