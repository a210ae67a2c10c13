"""Keep the duties of a role: nobody loses a deposit or a bond for having been asleep."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from orchestrator.chain import Account
from orchestrator.competition.checking import check_claims, refute, settle, told
from orchestrator.competition.closing import can_finalize, finalize, withdraw, withheld_group
from orchestrator.competition.contracts import Competition
from orchestrator.competition.evaluating import claim, evaluate, revealed
from orchestrator.competition.money import money_of
from orchestrator.competition.overview import stands
from orchestrator.competition.records import Mode, Outcome, Phase, Status
from orchestrator.competition.submitting import NotRevealed, reveal
from orchestrator.competition.testing import open_test
from orchestrator.competition.training import (
    answer_all,
    blocks_until_final,
    draw,
    open_training,
    training_is_open,
)
from orchestrator.competition.venue import Consent, Report, Venue
from orchestrator.errors import DilnError


class Role(StrEnum):
    """Who watches: the organizer, somebody who submitted, or anybody who checks the others."""

    ORGANIZER = "organizer"
    SUBMITTER = "submitter"
    REFUTER = "refuter"


@dataclass(frozen=True)
class Watch:
    """Who watches what; `progress` is called with (done, total) in long steps, `consent` before paying."""

    venue: Venue
    competition: Competition
    account: Account
    role: Role
    progress: Report | None = None
    consent: Consent | None = None


Duty = Callable[[Watch], Iterator[str]]


def keep(watching: Watch) -> Iterator[str]:
    """Do everything that is due now, and say what was done; a duty that fails does not stop the others.

    Done again at any time, it does what has become due since.
    """
    for duty in DUTIES[watching.role]:
        try:
            yield from duty(watching)
        except Exception as error:  # strangers wrote what the duty read
            yield f"could not {duty.__name__.strip('_').replace('_', ' ')}: {told(error)}"


def watch(watching: Watch, *, interval: float = 12.0) -> Iterator[str]:
    """Keep the duties every `interval` seconds until the competition is closed and all is withdrawn.

    A node that is away for a while is waited for. What was said in one round is not said again in the next.
    """
    before: set[str] = set()
    while True:
        now: set[str] = set()
        try:
            closed = watching.competition.progress().outcome is not Outcome.OPEN
        except DilnError as error:
            yield f"could not look: {error.message}"
        else:
            for sentence in keep(watching):
                now.add(sentence)
                if sentence not in before:
                    yield sentence
            if closed:
                return
        before = now
        time.sleep(interval)


def _draw_the_split(w: Watch) -> Iterator[str]:
    if w.competition.phase() is not Phase.SEEDING:
        return
    if w.venue.chain.head().number >= w.competition.terms.drawable and draw(
        w.venue, w.competition, w.account
    ):
        yield "drew the split"


def _open_the_training_data(w: Watch) -> Iterator[str]:
    due = w.competition.phase() is Phase.TRAINING and not training_is_open(w.venue, w.competition)
    if due and not blocks_until_final(w.venue, w.competition):
        yield f"opened the training data: {open_training(w.venue, w.competition, w.account)}"


def _answer_challenges(w: Watch) -> Iterator[str]:
    if w.competition.progress().outcome is Outcome.OPEN:
        for number in answer_all(w.venue, w.competition, w.account):
            yield f"answered the challenge of group {number}"


def _open_the_test_data(w: Watch) -> Iterator[str]:
    due = w.competition.phase() is Phase.OPENING and w.competition.progress().revealed > 0
    if due and w.venue.chain.now() < w.competition.deadlines().opening:
        yield f"opened {open_test(w.venue, w.competition, w.account, w.progress)} test groups"


def _reveal(w: Watch) -> Iterator[str]:
    mine = [each for each in w.competition.submissions() if each.submitter == w.account.address]
    if w.competition.phase() is Phase.REVEAL and any(each.status is Status.COMMITTED for each in mine):
        try:
            numbers, left = reveal(w.venue, w.competition, w.account), []
        except NotRevealed as error:
            numbers, left = list(error.revealed), list(error.reasons)
        yield from (f"revealed submission {number}" for number in numbers)
        yield from (f"could not reveal: {each.message}" for each in left)


def _score_own_submissions(w: Watch) -> Iterator[str]:
    for number in _unscored(w.competition):
        if w.competition.submission(number).submitter != w.account.address:
            continue
        if w.competition.terms.mode is Mode.DIRECT:
            yield _evaluated(w, number)
        elif w.venue.chain.now() < w.competition.deadlines().evaluation:
            claiming = partial(claim, w.venue, w.competition, number, w.account, w.consent)
            yield _attempt("claim", "claimed", f"the score of submission {number}", claiming)


def _evaluate_for_the_tip(w: Watch) -> Iterator[str]:
    if w.competition.terms.mode is Mode.DIRECT:
        for number in _unscored(w.competition):
            yield _evaluated(w, number)


def _evaluated(w: Watch, number: int) -> str:
    evaluation = partial(evaluate, w.venue, w.competition, number, w.account, w.progress)
    return _attempt("evaluate", "evaluated", f"submission {number}", evaluation)


def _check_claims(w: Watch) -> Iterator[str]:
    if w.competition.phase() is not Phase.EVALUATION:
        return
    for found in check_claims(w.venue, w.competition, w.progress):
        if found.doubt:
            yield f"could not check the claim of submission {found.submission}: {found.doubt}"
        elif found.wrong_at is not None:
            wrong = f"submission {found.submission} by test sample {found.wrong_at}"
            refutation = partial(refute, w.venue, w.competition, found, w.account)
            yield _attempt("refute", "refuted", wrong, refutation)


def _settle_claims(w: Watch) -> Iterator[str]:
    if w.competition.terms.mode is Mode.OPTIMISTIC and w.competition.phase() is Phase.EVALUATION:
        for found in settle(w.venue, w.competition, w.account):
            why = found.doubt or f"its claim is wrong at test sample {found.wrong_at}"
            settled, left = f"settled submission {found.submission}", f"left submission {found.submission}"
            yield settled if found.holds else f"{left} unsettled: {why}"


def _close(w: Watch) -> Iterator[str]:
    if w.competition.progress().outcome is not Outcome.OPEN:
        return
    phase, now = w.competition.phase(), w.venue.chain.now()
    slashable = phase is Phase.OPENING and now >= w.competition.deadlines().opening
    if (
        slashable
        or can_finalize(w.venue, w.competition)
        or withheld_group(w.venue, w.competition) is not None
    ):
        yield f"closed the competition: {finalize(w.venue, w.competition, w.account).name.lower()}"


def _withdraw(w: Watch) -> Iterator[str]:
    if w.competition.progress().outcome is not Outcome.OPEN:
        money = money_of(w.venue.chain, w.competition.terms.token)
        for payment in withdraw(w.venue, w.competition, w.account):
            yield f"withdrew {money.show(payment.amount)} ({payment.reason})"


def _attempt(verb: str, done: str, what: str, act: Callable[[], object]) -> str:
    """What was done, or why it could not be: one submission must not keep others from their turn."""
    try:
        act()
    except Exception as error:  # a stranger's model, or claim, was read
        return f"could not {verb} {what}: {told(error)}"
    return f"{done} {what}"


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
