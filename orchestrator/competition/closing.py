"""The end of a competition, and who is paid what."""

from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.competition.checking import settle
from orchestrator.competition.contracts import Competition
from orchestrator.competition.records import SETTLED, Mode, Outcome, Phase, Status
from orchestrator.competition.timing import show_moment
from orchestrator.competition.venue import Venue
from orchestrator.errors import ChainError, ContractReverted
from orchestrator.types import Wei


@dataclass(frozen=True)
class Payment:
    """What was paid: `reason` is `submission N`, `credit`, `reward N` or `stake N`."""

    reason: str
    amount: Wei


def finalize(venue: Venue, competition: Competition, sender: Account) -> Outcome:
    """Close the competition the way that its state asks for; anyone may. Done twice, nothing happens twice.

    By its ranking; or because training data were withheld, the split was not drawn, or test data stayed
    closed. Claims that stood their time, and hold, are settled first. Raises ChainError that says what it
    waits for.
    """
    if competition.progress().outcome is not Outcome.OPEN:
        return competition.progress().outcome
    phase = competition.phase()
    if phase is Phase.SEEDING:
        venue.send(competition.slash_undrawn(), sender)
        return competition.progress().outcome
    withheld = withheld_group(venue, competition)
    if withheld is not None:
        venue.send(competition.slash_withheld(withheld), sender)
        return competition.progress().outcome
    _wait_for_reveals(venue, competition, phase)
    if competition.progress().revealed and phase is Phase.OPENING:
        venue.send(competition.slash_unopened(), sender)
        return competition.progress().outcome
    if competition.terms.mode is Mode.OPTIMISTIC and phase is Phase.EVALUATION:
        list(settle(venue, competition, sender))
    venue.send(competition.finalize(_winner(competition, sender)), sender)
    return competition.progress().outcome


def can_finalize(venue: Venue, competition: Competition) -> bool:
    """Whether `finalize` of the ranking would go through now, no claim left to settle."""
    try:
        venue.chain.call(competition.finalize())
    except ContractReverted:
        return False
    return True


def withheld_group(venue: Venue, competition: Competition) -> int | None:
    """A group whose challenge went unanswered: nobody can reveal or finalize before that is punished."""
    if not competition.progress().unanswered:
        return None
    for event in competition.events("Challenged"):
        number = int(event["args"]["group"])
        pending = competition.challenge_of(number)
        if not pending.answered and pending.deadline <= venue.chain.now():
            return number
    return None


def withdraw(venue: Venue, competition: Competition, account: Account) -> list[Payment]:
    """Pull everything that is due to `account`: payouts, credit, rewards, stakes. May be run at any time."""
    paid = []
    credit = competition.credit(account.address)
    if credit:
        venue.send(competition.withdraw_credit(account.address, account.address), account)
        paid.append(Payment("credit", credit))
    for each in competition.submissions():
        if each.submitter == account.address and (amount := competition.payout(each.number)):
            _keep(venue, competition, each.number, account)
            venue.send(competition.withdraw(each.number, account.address), account)
            paid.append(Payment(f"submission {each.number}", amount))
        if each.status is Status.REFUTED and int.from_bytes(each.extra, "big") == int(account.address, 16):
            venue.send(competition.withdraw_reward(each.number, account.address), account)
            paid.append(Payment(f"reward {each.number}", Wei(competition.terms.claim_bond // 2)))
    return paid + _stakes(venue, competition, account)


def _winner(competition: Competition, sender: Account) -> bytes:
    """The winner's model for the organizer and for the winner, who want it to be callable; else nothing."""
    first = competition.ranking()[:1]
    wanted = {competition.terms.organizer, *(competition.submission(number).submitter for number in first)}
    return competition.model_bytes(first[0]) if first and sender.address in wanted else b""


def _keep(venue: Venue, competition: Competition, number: int, account: Account) -> None:
    """Prizes are paid for models that are kept as code."""
    decided = competition.progress().outcome is Outcome.DECIDED
    if decided and number in competition.ranking() and not competition.is_kept(number):
        venue.send(competition.keep(number, competition.model_bytes(number)), account)


def _stakes(venue: Venue, competition: Competition, account: Account) -> list[Payment]:
    paid = []
    if competition.progress().outcome is Outcome.OPEN:
        return []
    for event in competition.events("Challenged", challenger=account.address):
        number = int(event["args"]["group"])
        try:
            venue.send(competition.withdraw_stake(number, account.address), account)
        except ContractReverted as error:
            if error.error not in ("NotChallenged", "NothingDue"):
                raise
            continue
        paid.append(Payment(f"stake {number}", competition.terms.stake))
    return paid


def _wait_for_reveals(venue: Venue, competition: Competition, phase: Phase) -> None:
    """Raises ChainError that says what is waited for, where that is known before asking the contract."""
    deadlines, now = competition.deadlines(), venue.chain.now()
    progress = competition.progress()
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
    count = 0
    for each in competition.submissions():
        if each.status is Status.REVEALED:
            done = competition.result(each.number).done
            count += done not in (0, SETTLED) and done + competition.terms.refute <= now
    return count
