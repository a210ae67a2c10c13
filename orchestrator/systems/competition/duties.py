"""What is to be done in a competition: by its organizer, by those who submitted, and by anybody."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial

from orchestrator.bindings.competition import Mode, Outcome, Phase, Status
from orchestrator.errors import told
from orchestrator.kernel.money import ETHER, currency_of
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, Duty, Failure, System
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.competition.checking import check_claims, posted_claims, refute, settle
from orchestrator.systems.competition.closing import can_finalize, finalize, is_owed, withdraw, withheld_group
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.evaluating import claim, evaluate, gas_of, revealed
from orchestrator.systems.competition.finding import KIND, open_competition
from orchestrator.systems.competition.records import SETTLED
from orchestrator.systems.competition.submitting import NotRevealed, reveal
from orchestrator.systems.competition.testing import open_test
from orchestrator.systems.competition.training import (
    answer_all,
    blocks_until_final,
    draw,
    open_training,
    training_is_open,
)
from orchestrator.types import Address, Seconds

BLOCK_TIME = 12
"""Seconds to a block, about: what is due at a block is due then."""

Look = AnyLook[Competition]


class Role(StrEnum):
    """Who has duties: the organizer, somebody who submitted, or anybody who checks the others."""

    ORGANIZER = "organizer"
    SUBMITTER = "submitter"
    REFUTER = "refuter"


def _is_open(look: Look) -> bool:
    return look.instance.progress().outcome is Outcome.OPEN


def _mine(look: Look) -> list[int]:
    return [each.number for each in look.instance.submissions_of(look.account.address)]


def _draw_is_due(look: Look) -> Seconds | None:
    if look.instance.phase() is not Phase.SEEDING:
        return None
    blocks = look.instance.terms.drawable - look.session.chain.head().number
    return Seconds(look.now + BLOCK_TIME * max(0, blocks))


def _draw(look: Look) -> Iterator[str]:
    if draw(look.session, look.instance, look.account):
        yield "drew the split"


def _training_is_due(look: Look) -> Seconds | None:
    if look.instance.phase() is not Phase.TRAINING or training_is_open(look.session, look.instance):
        return None
    return Seconds(look.now + BLOCK_TIME * blocks_until_final(look.session, look.instance))


def _open_training(look: Look) -> Iterator[str]:
    yield f"opened the training data: {open_training(look.session, look.instance, look.account)}"


def _answer_is_due(look: Look) -> Seconds | None:
    return look.now if _is_open(look) and look.instance.progress().unanswered else None


def _answer(look: Look) -> Iterator[str]:
    for number in answer_all(look.session, look.instance, look.account):
        yield f"answered the challenge of group {number}"


def _test_is_due(look: Look) -> Seconds | None:
    phase, progress = look.instance.phase(), look.instance.progress()
    if phase is Phase.OPENING and progress.revealed and look.now < look.instance.schedule().opening:
        return look.now
    later = phase in (Phase.TRAINING, Phase.REVEAL) and progress.committed
    return look.instance.schedule().reveal if later else None


def _open_test(look: Look) -> Iterator[str]:
    opened = open_test(look.session, look.instance, look.account, look.report)
    yield f"opened {opened} test group{'' if opened == 1 else 's'}"


def _reveal_is_due(look: Look) -> Seconds | None:
    phase = look.instance.phase()
    if phase not in (Phase.TRAINING, Phase.REVEAL):
        return None
    mine = look.instance.submissions_of(look.account.address)
    if not any(each.status is Status.COMMITTED for each in mine):
        return None
    return look.now if phase is Phase.REVEAL else look.instance.schedule().training


def _reveal(look: Look) -> Iterator[str]:
    try:
        numbers, left = reveal(look.session, look.instance, look.account), []
    except NotRevealed as error:
        numbers, left = list(error.revealed), list(error.reasons)
    yield from (f"revealed submission {number}" for number in numbers)
    yield from (Failure(f"could not reveal: {each.message}") for each in left)


def _own_score_is_due(look: Look) -> Seconds | None:
    late = look.instance.terms.mode is Mode.OPTIMISTIC and look.instance.phase() is Phase.EVALUATION
    if late and look.now >= look.instance.schedule().evaluation:
        return None
    return look.now if set(_unscored(look.instance)) & set(_mine(look)) else None


def _score_own(look: Look) -> Iterator[str]:
    mine, unscored = look.session.chain.look(lambda: (_mine(look), _unscored(look.instance)))
    for number in (each for each in unscored if each in mine):
        if look.instance.terms.mode is Mode.DIRECT:
            yield _evaluated(look, number)
        else:
            claiming = partial(claim, look.session, look.instance, number, look.account, look.consent)
            yield _attempt("claim", "claimed", f"the score of submission {number}", claiming)


def _evaluation_is_due(look: Look) -> Seconds | None:
    direct = look.instance.terms.mode is Mode.DIRECT
    return look.now if direct and _unscored(look.instance) else None


def _evaluate_for_the_tip(look: Look) -> Iterator[str]:
    for number in look.session.chain.look(lambda: _unscored(look.instance)):
        if why := _unprofitable(look, number):
            yield f"left submission {number} unevaluated: {why}"
        else:
            yield _evaluated(look, number)


def _unprofitable(look: Look, number: int) -> str:
    """Why an evaluation costs more gas than it brings; empty where it does not, or does not matter."""
    if look.least is None or look.session.chain.development:
        return ""
    terms = look.instance.terms
    tip = terms.tip if currency_of(look.session.chain, terms.token).is_ether else 0
    cost = gas_of(look.instance, number) * look.session.chain.gas_price()
    if tip >= cost + look.least:
        return ""
    return f"its tip is {ETHER.show(tip)}, its gas costs {ETHER.show(cost)}"


def _evaluated(look: Look, number: int) -> str:
    evaluation = partial(evaluate, look.session, look.instance, number, look.account, look.report)
    return _attempt("evaluate", "evaluated", f"submission {number}", evaluation)


def _check_is_due(look: Look) -> Seconds | None:
    claims = look.instance.phase() is Phase.EVALUATION and posted_claims(look.instance)
    return look.now if claims else None


def _check(look: Look) -> Iterator[str]:
    for found in check_claims(look.session, look.instance, look.report):
        if found.doubt:
            yield Failure(f"could not check the claim of submission {found.submission}: {found.doubt}")
        elif found.wrong_at is not None:
            wrong = f"submission {found.submission} by test sample {found.wrong_at}"
            refutation = partial(refute, look.session, look.instance, found, look.account)
            yield _attempt("refute", "refuted", wrong, refutation)


def _settlement_is_due(look: Look) -> Seconds | None:
    found = look.instance
    if found.terms.mode is not Mode.OPTIMISTIC or found.phase() is not Phase.EVALUATION:
        return None
    waiting = [each.done for each in found.results(revealed(found)).values() if each.done not in (0, SETTLED)]
    return min((Seconds(done + found.terms.refute) for done in waiting), default=None)


def _settle(look: Look) -> Iterator[str]:
    for found in settle(look.session, look.instance, look.account):
        why = found.doubt or f"its claim is wrong at test sample {found.wrong_at}"
        settled, left = f"settled submission {found.submission}", f"left submission {found.submission}"
        yield settled if found.holds else f"{left} unsettled: {why}"


def _close_is_due(look: Look) -> Seconds | None:
    if not _is_open(look):
        return None
    phase, now = look.instance.phase(), look.now
    slashable = phase is Phase.OPENING and now >= look.instance.schedule().opening
    withheld = withheld_group(look.session, look.instance) is not None
    if slashable or withheld or can_finalize(look.session, look.instance):
        return now
    if phase is Phase.SEEDING:
        return None
    schedule = look.instance.schedule()
    ends = {Phase.OPENING: schedule.opening, Phase.EVALUATION: schedule.final}
    return max(Seconds(now + 1), ends.get(phase, schedule.reveal))


def _close(look: Look) -> Iterator[str]:
    yield f"closed the competition: {finalize(look.session, look.instance, look.account).name.lower()}"


def _withdrawal_is_due(look: Look) -> Seconds | None:
    if _is_open(look) or not is_owed(look.session, look.instance, look.account):
        return None
    return look.now


def _withdraw(look: Look) -> Iterator[str]:
    money = currency_of(look.session.chain, look.instance.terms.token)
    for payment in withdraw(look.session, look.instance, look.account):
        yield f"withdrew {money.show(payment.amount)} ({payment.reason})"


def _attempt(verb: str, done: str, what: str, act: Callable[[], object]) -> str:
    """What was done, or why it could not be: one submission must not keep others from their turn."""
    try:
        act()
    except Exception as error:  # a stranger's model, or claim, was read
        return Failure(f"could not {verb} {what}: {told(error)}")
    return f"{done} {what}"


def _unscored(competition: Competition) -> list[int]:
    if competition.phase() is not Phase.EVALUATION:
        return []
    results, direct = competition.results(revealed(competition)), competition.terms.mode is Mode.DIRECT
    final = competition.terms.test_samples
    return [number for number, each in results.items() if (each.done != final if direct else not each.done)]


def roles_of(session: Session, competition: Competition, who: Address) -> frozenset[str]:
    """What `who` is in a competition: its organizer, one who submitted, one who has something to withdraw."""
    organizer = {Role.ORGANIZER} if competition.terms.organizer == who else set()
    submitted = competition.submissions_of(who)
    return frozenset(organizer | ({Role.SUBMITTER} if submitted else set()))


_EVERYBODY = frozenset({*Role, ANYBODY})
_ORGANIZER, _SUBMITTER = frozenset({Role.ORGANIZER}), frozenset({Role.SUBMITTER})
_REFUTER = frozenset({Role.REFUTER, ANYBODY})

SYSTEM: System[Competition] = System(
    name="competition",
    kind=KIND,
    open=open_competition,
    address_of=lambda competition: competition.address,
    roles_of=roles_of,
    over=lambda competition: competition.progress().outcome is not Outcome.OPEN,
    duties=(
        Duty("draw the split", _draw_is_due, _draw, _EVERYBODY),
        Duty("open the training data", _training_is_due, _open_training, _ORGANIZER),
        Duty("answer challenges", _answer_is_due, _answer, _ORGANIZER),
        Duty("reveal", _reveal_is_due, _reveal, _SUBMITTER),
        Duty("open the test data", _test_is_due, _open_test, _ORGANIZER),
        Duty("score own submissions", _own_score_is_due, _score_own, _SUBMITTER),
        Duty("evaluate for the tip", _evaluation_is_due, _evaluate_for_the_tip, _REFUTER),
        Duty("check claims", _check_is_due, _check, _REFUTER),
        Duty("settle claims", _settlement_is_due, _settle, _EVERYBODY),
        Duty("close the competition", _close_is_due, _close, _EVERYBODY),
        Duty("withdraw", _withdrawal_is_due, _withdraw, _EVERYBODY),
    ),
)
