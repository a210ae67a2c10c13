"""The end of a competition, and who is paid what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.bindings.competition import Challenged, Mode, Outcome, Phase, Progress, Status
from orchestrator.chain import Account
from orchestrator.errors import ChainError, ContractReverted
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.checking import settle
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.records import SETTLED, Submission
from orchestrator.times import show_moment
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


@dataclass(frozen=True)
class Payment:
    """What was paid: `reason` is `submission N`, `credit`, `reward N` or `stake N`."""

    reason: str
    amount: int


def finalize(session: Session, competition: Competition, sender: Account) -> Outcome:
    """Close the competition the way that its state asks for; anyone may. Done twice, nothing happens twice.

    By its ranking; or because training data were withheld, the split was not drawn, or test data stayed
    closed. Claims that stood their time, and hold, are settled first. Raises ChainError that says what it
    waits for.
    """
    phase, ending = session.chain.look(lambda: _ending(session, competition))
    if phase is Phase.CLOSED:
        return competition.progress().outcome
    if ending is None:
        if competition.terms.mode is Mode.OPTIMISTIC and phase is Phase.EVALUATION:
            list(settle(session, competition, sender))
        ending = competition.finalize(session.chain.look(lambda: _winner(competition, sender)))
    session.send(ending, sender)
    return competition.progress().outcome


def _ending(session: Session, competition: Competition) -> tuple[Phase, "Call | None"]:
    """The phase, and what ends the competition without a ranking, if somebody did not act in time.

    Raises ChainError that says what is waited for.
    """
    phase, progress = competition.phase(), competition.progress()
    if phase is Phase.CLOSED:
        return phase, None
    if phase is Phase.SEEDING:
        return phase, competition.slash_undrawn()
    withheld = withheld_group(session, competition)
    if withheld is not None:
        return phase, competition.slash_withheld(withheld)
    _wait_for_reveals(session, competition, phase, progress)
    unopened = progress.revealed and phase is Phase.OPENING
    return phase, competition.slash_unopened() if unopened else None


def can_finalize(session: Session, competition: Competition) -> bool:
    """Whether `finalize` of the ranking would go through now, no claim left to settle."""
    try:
        session.chain.call(competition.finalize(b""))
    except ContractReverted:
        return False
    return True


def withheld_group(session: Session, competition: Competition) -> int | None:
    """A group whose challenge went unanswered: nobody can reveal or finalize before that is punished."""
    return session.chain.look(lambda: _withheld_group(session, competition))


def _withheld_group(session: Session, competition: Competition) -> int | None:
    if not competition.progress().unanswered:
        return None
    for event in competition.events(Challenged):
        pending = competition.challenge_of(event.group)
        if not pending.answered and pending.deadline <= session.chain.now():
            return event.group
    return None


def withdraw(session: Session, competition: Competition, account: Account) -> list[Payment]:
    """Pull everything that is due to `account`: payouts, credit, rewards, stakes. May be run at any time."""
    due, staked = session.chain.look(lambda: (_due(competition, account), _staked(competition, account)))
    paid = []
    for payment, call, unkept in due:
        if unkept is not None:
            session.send(competition.keep(unkept, competition.model_bytes(unkept)), account)
        session.send(call, account)
        paid.append(payment)
    return paid + _stakes(session, competition, account, staked)


def _due(competition: Competition, account: Account) -> list[tuple[Payment, "Call", int | None]]:
    """What is owed to `account`, what pays it, and a submission whose model must be kept as code before."""
    who, due = account.address, list[tuple[Payment, "Call", int | None]]()
    if credit := competition.credit(who):
        due.append((Payment("credit", credit), competition.withdraw_credit(who, who), None))
    for each in competition.submissions_of(who):
        if amount := competition.payout_of(each.number):
            unkept = each.number if _wants_keeping(competition, each.number) else None
            payment = Payment(f"submission {each.number}", amount)
            due.append((payment, competition.withdraw(each.number, who), unkept))
    for each in competition.refuted_by(who):
        if _rewards(each, who):
            payment = Payment(f"reward {each.number}", competition.terms.claim_bond // 2)
            due.append((payment, competition.withdraw_reward(each.number, who), None))
    return due


def is_owed(session: Session, competition: Competition, account: Account) -> bool:
    """Whether `withdraw` would pull anything for `account` now."""
    staked = _staked(competition, account)
    return bool(_due(competition, account)) or any(
        _returns(session, competition, group, account.address) for group in staked
    )


def _rewards(refuted: Submission, who: Address) -> bool:
    """Whether the reward of a refutation waits for `who`."""
    return refuted.status is Status.REFUTED and int.from_bytes(refuted.extra, "big") == int(who, 16)


def _returns(session: Session, competition: Competition, group: int, who: Address) -> bool:
    """Whether a challenge's stake can be taken back."""
    try:
        session.chain.call(competition.withdraw_stake(group, who), sender=who)
    except ContractReverted:
        return False
    return True


def _winner(competition: Competition, sender: Account) -> bytes:
    """The winner's model for the organizer and for the winner, who want it to be callable; else nothing."""
    first = competition.ranking()[:1]
    wanted = {competition.terms.organizer, *(competition.submission(number).submitter for number in first)}
    return competition.model_bytes(first[0]) if first and sender.address in wanted else b""


def _wants_keeping(competition: Competition, number: int) -> bool:
    """Prizes are paid for models that are kept as code."""
    decided = competition.progress().outcome is Outcome.DECIDED
    return decided and number in competition.ranking() and not competition.is_kept(number)


def _staked(competition: Competition, account: Account) -> list[int]:
    """The groups that `account` challenged, once the competition is closed."""
    if competition.progress().outcome is Outcome.OPEN:
        return []
    return [event.group for event in competition.events(Challenged, challenger=account.address)]


def _stakes(
    session: Session, competition: Competition, account: Account, groups: Sequence[int]
) -> list[Payment]:
    paid = []
    for group in groups:
        try:
            session.send(competition.withdraw_stake(group, account.address), account)
        except ContractReverted as error:
            if error.error not in ("NotChallenged", "NothingDue"):
                raise
            continue
        paid.append(Payment(f"stake {group}", competition.terms.stake))
    return paid


def _wait_for_reveals(session: Session, competition: Competition, phase: Phase, progress: Progress) -> None:
    """Raises ChainError that says what is waited for, where that is known before asking the contract."""
    deadlines, now = competition.schedule(), session.chain.now()
    if phase in (Phase.TRAINING, Phase.REVEAL):
        moment = show_moment(deadlines.reveal, now)
        raise ChainError(f"nothing can be decided before reveals end at {moment}", "Run this again then.")
    if progress.revealed and phase is Phase.OPENING and now < deadlines.opening:
        moment = show_moment(deadlines.opening, now)
        raise ChainError(
            f"{competition.terms.test_groups - progress.opened} test groups are closed; "
            f"the organizer has until {moment}",
            "Run this again then.",
        )
    left = progress.revealed - progress.concluded - _settleable(competition, now)
    if left > 0 and phase is Phase.EVALUATION and now < deadlines.final:
        moment = show_moment(deadlines.final, now)
        raise ChainError(
            f"{left} of {progress.revealed} submissions have no final score yet",
            f"Evaluate them, or wait until {moment}: then nobody is waited for.",
        )


def _settleable(competition: Competition, now: int) -> int:
    """Claims that `settle` would rank now."""
    if competition.terms.mode is Mode.DIRECT:
        return 0
    results = competition.results(
        [each.number for each in competition.submissions() if each.status is Status.REVEALED]
    )
    waiting = [each.done for each in results.values() if each.done not in (0, SETTLED)]
    return sum(done + competition.terms.refute <= now for done in waiting)
