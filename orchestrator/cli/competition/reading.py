"""The part of `diln competition` that looks: competitions, leaderboard, data; and opens what must be seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.competition import compete
from orchestrator.cli.competition.options import CompetitionArgument, OpeningOption, Payment
from orchestrator.cli.showing import each_row
from orchestrator.console import (
    SENDS,
    Answer,
    Facts,
    Result,
    Sender,
    Shown,
    Table,
    amount,
    command,
    err,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import told
from orchestrator.types import ZERO_ADDRESS, Address

with lazy_imports():
    from orchestrator import times
    from orchestrator.bindings import competition as contracts
    from orchestrator.kernel import money as moneys
    from orchestrator.models import integer
    from orchestrator.systems.competition import (
        creating,
        finding,
        overview,
        records,
        testing,
        training,
    )

if TYPE_CHECKING:
    from orchestrator.chain import Account
    from orchestrator.kernel.session import Session
    from orchestrator.systems.competition.contracts import Competition

NEWEST = 10
OWN = Sender("Whose submissions are shown however old they are; nothing is sent.")
AllSubmissionsOption = Annotated[
    bool, typer.Option("--all", help="Show all, not only the best, your own and the newest 10.")
]


@command(compete, "list")
def list_competitions(session: "Session") -> Table:
    """List the competitions on this chain."""
    rows = each_row(
        finding.competitions(session),
        lambda each: facts_of(session, overview.overview(each, leaderboard=False)),
        lambda each, error: _unread(each.address, error),
    )
    columns = ["competition", "phase", "until", "prize", "metric", "criterion", "submissions"]
    return Table(rows, columns, "none was created")


def _unread(address: Address, error: Exception) -> dict[str, Any]:
    return {"competition": address, "phase": Shown(None, "cannot be read"), "error": told(error)}


@command(compete, sender=OWN)
def show(
    session: "Session", reference: CompetitionArgument = "latest", every: AllSubmissionsOption = False
) -> Answer:
    """Show terms, phase, deadlines and leaderboard: the best, your own and the last submissions, or --all."""
    found = finding.find(session, reference)
    seen = overview.overview(found, last=None if every else NEWEST, own=session.viewer)
    facts, money = facts_of(session, seen), moneys.currency_of(session.chain, seen.terms.token)
    rows = [_standing(session, each, money) for each in seen.leaderboard]
    if left := seen.progress.committed - len(rows):
        err.print(f"{left} other submissions are shown with --all")
    parts: list[str | Result] = ["", Table(rows)] if rows else []
    return Answer({**facts, "leaderboard": rows}, Facts(facts), *parts)


@command(compete, sender=SENDS, storage=True)
def data(
    session: "Session",
    payment: Payment,
    reference: CompetitionArgument = "latest",
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the training data here.")] = None,
    opening: OpeningOption = None,
    challenge: Annotated[
        int | None, typer.Option(metavar="GROUP", help="Demand, with the stake, that it be opened on-chain.")
    ] = None,
) -> Facts:
    """Get the training data, checked; as the organizer, draw the split, open the data, answer challenges."""
    found = finding.find(session, reference)
    with progress_bar("waiting for the block that draws the split", unit="blocks") as progress:
        creating.await_seed(session, found, progress)
        if account := _sender_if_needed(session, found, challenge):
            _open_what_is_due(session, found, account)
            if challenge is not None:
                training.challenge(session, found, challenge, account, payment.to(session, found))
        seen = training.training_data(session, found, opening)
    file = output or Path(f"competition-{found.address[2:10].lower()}.csv")
    rows = training.write_csv(seen, found.terms, file) if seen.groups else 0
    return Facts(_seen(found, seen, file, rows))


def _open_what_is_due(session: "Session", found: "Competition", account: "Account") -> None:
    training.draw(session, found, account)
    if account.address == found.terms.organizer and found.phase() is contracts.Phase.TRAINING:
        training.open_training(session, found, account)
        training.answer_all(session, found, account)


def _seen(found: "Competition", seen: "training.TrainingData", file: Path, rows: int) -> dict[str, Any]:
    return {
        "competition": found.address,
        "file": str(file) if rows else None,
        "rows": rows,
        "groups": len(seen.groups),
        "missing_groups": list(seen.missing),
        "classes": list(seen.archive.encoding.classes),
        "sealed_data": found.terms.cid,
    }


def _sender_if_needed(session: "Session", found: "Competition", challenge: int | None) -> "Account | None":
    """Who sends; None where nobody was named and there is nothing to send but for an organizer."""
    named = session.settings.sender
    needed = challenge is not None or not found.progress().drawn_at
    return session.sender if named or needed else None


@command(compete, sender=SENDS)
def publish_test(session: "Session", reference: CompetitionArgument = "latest") -> Facts:
    """Open all test groups on-chain, after the reveals."""
    found = finding.find(session, reference)
    with progress_bar("opening", unit="groups") as progress:
        count = testing.open_test(session, found, session.sender, progress)
    return Facts({"competition": found.address, "opened_now": count, "open": found.progress().opened})


def facts_of(session: "Session", seen: "overview.Overview") -> dict[str, Any]:
    """A competition's terms and where it stands."""
    terms, progress, until = seen.terms, seen.progress, seen.next_deadline
    now, money = session.chain.now(), moneys.currency_of(session.chain, terms.token)
    return {
        "competition": seen.address,
        "organizer": Shown(terms.organizer, session.name_of(terms.organizer)),
        "phase": seen.phase.name.lower(),
        "until": Shown(times.instant(until), times.show_moment(until, now)) if until else None,
        "outcome": progress.outcome.name.lower(),
        "token": None if terms.token == ZERO_ADDRESS else terms.token,
        "prize": amount(money, terms.prize),
        "bond": amount(money, terms.bond),
        "deposit": amount(money, terms.deposit),
        "claim_bond": amount(money, terms.claim_bond) if terms.mode is contracts.Mode.OPTIMISTIC else None,
        "metric": terms.metric_name,
        "criterion": integer.readable_score(terms.metric_name, terms.least),
        "mode": terms.mode.name.lower(),
        "data": _data(terms),
        "test_groups": Shown(list(seen.test_groups), _numbers(seen.test_groups)),
        "largest_model": Shown(terms.max_model_bytes, f"{terms.max_model_bytes} bytes"),
        "submissions": progress.committed,
        "revealed": progress.revealed,
    }


def _numbers(groups: Sequence[int]) -> str:
    """Which groups, not how many."""
    return f"number{'s' * (len(groups) > 1)} {' '.join(map(str, groups))}" if groups else ""


def _data(terms: "records.Terms") -> Shown:
    counted = ("groups", "group_size", "test_groups", "features", "classes")
    return Shown(
        {name: getattr(terms, name) for name in counted},
        f"{terms.groups} groups of {terms.group_size}, {terms.test_groups} for testing; "
        f"{terms.features} features, {terms.classes or 'no'} classes",
    )


def _standing(
    session: "Session", each: "overview.LeaderboardRow", money: "moneys.Currency"
) -> dict[str, Any]:
    who = each.submission.submitter
    return {
        "submission": each.submission.number,
        "submitter": Shown(who, session.name_of(who)),
        "status": each.submission.status.name.lower(),
        "score": each.score,
        "rank": each.rank,
        "due": amount(money, each.payout) if each.payout else None,
    }
