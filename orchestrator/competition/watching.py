"""Keep the duties of a role: nobody loses a deposit or a bond for having been asleep."""

import time
from collections.abc import Callable, Iterator
from enum import StrEnum

from orchestrator.chain import Account, ether
from orchestrator.competition.closing import can_finalize, finalize, withdraw, withheld_group
from orchestrator.competition.contracts import Competition
from orchestrator.competition.evaluating import check_claims, claim, evaluate, refute, revealed, settle
from orchestrator.competition.overview import stands
from orchestrator.competition.records import Mode, Outcome, Phase, Status
from orchestrator.competition.submitting import reveal
from orchestrator.competition.testing import open_test
from orchestrator.competition.training import answer_all, draw, open_training, training_is_open
from orchestrator.competition.venue import Venue
from orchestrator.errors import DilnError

Duty = Callable[[Venue, Competition, Account], Iterator[str]]


class Role(StrEnum):
    """Who watches: the organizer, somebody who submitted, or anybody who checks the others."""

    ORGANIZER = "organizer"
    SUBMITTER = "submitter"
    REFUTER = "refuter"


def keep(venue: Venue, competition: Competition, account: Account, role: Role) -> Iterator[str]:
    """Do everything that is due now, and say what was done; a duty that fails does not stop the others.

    Done again at any time, it does what has become due since.
    """
    for duty in DUTIES[role]:
        try:
            yield from duty(venue, competition, account)
        except DilnError as error:
            yield f"could not {duty.__name__.strip('_').replace('_', ' ')}: {error.message}"


def watch(
    venue: Venue, competition: Competition, account: Account, role: Role, *, interval: float = 12.0
) -> Iterator[str]:
    """Keep the duties every `interval` seconds until the competition is closed and all is withdrawn."""
    while True:
        closed = competition.progress().outcome is not Outcome.OPEN
        yield from keep(venue, competition, account, role)
        if closed:
            return
        time.sleep(interval)


def _draw_the_split(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.phase() is not Phase.SEEDING:
        return
    if venue.chain.head().number > competition.terms.seed_block and draw(venue, competition, account):
        yield "drew the split"


def _open_the_training_data(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.phase() is Phase.TRAINING and not training_is_open(venue, competition):
        yield f"opened the training data: {open_training(venue, competition, account)}"


def _answer_challenges(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.progress().outcome is Outcome.OPEN:
        for number in answer_all(venue, competition, account):
            yield f"answered the challenge of group {number}"


def _open_the_test_data(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    due = competition.phase() is Phase.OPENING and competition.progress().revealed > 0
    if due and venue.chain.now() < competition.deadlines().opening:
        yield f"opened {open_test(venue, competition, account)} test groups"


def _reveal(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    mine = [each for each in competition.submissions() if each.submitter == account.address]
    if competition.phase() is Phase.REVEAL and any(each.status is Status.COMMITTED for each in mine):
        for number in reveal(venue, competition, account):
            yield f"revealed submission {number}"


def _score_own_submissions(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    for number in _unscored(competition):
        if competition.submission(number).submitter != account.address:
            continue
        if competition.terms.mode is Mode.DIRECT:
            evaluate(venue, competition, number, account)
            yield f"evaluated submission {number}"
        elif venue.chain.now() < competition.deadlines().evaluation:
            claim(venue, competition, number, account)
            yield f"claimed the score of submission {number}"


def _evaluate_for_the_tip(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.terms.mode is Mode.DIRECT:
        for number in _unscored(competition):
            evaluate(venue, competition, number, account)
            yield f"evaluated submission {number}"


def _check_claims(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.phase() is not Phase.EVALUATION:
        return
    for found in check_claims(competition):
        if found.wrong_at is not None:
            refute(venue, competition, found, account)
            yield f"refuted submission {found.submission} by test sample {found.wrong_at}"


def _settle_claims(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.terms.mode is Mode.OPTIMISTIC and competition.phase() is Phase.EVALUATION:
        for number in settle(venue, competition, account):
            yield f"settled submission {number}"


def _close(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.progress().outcome is not Outcome.OPEN:
        return
    phase, now = competition.phase(), venue.chain.now()
    slashable = phase is Phase.OPENING and now >= competition.deadlines().opening
    if slashable or can_finalize(venue, competition) or withheld_group(venue, competition) is not None:
        yield f"closed the competition: {finalize(venue, competition, account).name.lower()}"


def _withdraw(venue: Venue, competition: Competition, account: Account) -> Iterator[str]:
    if competition.progress().outcome is not Outcome.OPEN:
        for payment in withdraw(venue, competition, account):
            yield f"withdrew {ether(payment.amount)} ether ({payment.reason})"


def _unscored(competition: Competition) -> list[int]:
    if competition.phase() is not Phase.EVALUATION:
        return []
    direct = competition.terms.mode is Mode.DIRECT
    numbers = revealed(competition)
    if direct:
        return [number for number in numbers if not stands(competition, number)]
    return [number for number in numbers if not competition.result(number).done]


DUTIES: dict[Role, tuple[Duty, ...]] = {
    Role.ORGANIZER: (
        _draw_the_split,
        _open_the_training_data,
        _answer_challenges,
        _open_the_test_data,
        _settle_claims,
        _close,
        _withdraw,
    ),
    Role.SUBMITTER: (_draw_the_split, _reveal, _score_own_submissions, _settle_claims, _close, _withdraw),
    Role.REFUTER: (
        _draw_the_split,
        _evaluate_for_the_tip,
        _check_claims,
        _settle_claims,
        _close,
        _withdraw,
    ),
}
