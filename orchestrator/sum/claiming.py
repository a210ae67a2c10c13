"""What can be claimed: refunds of one's own deposits, shares of those of others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ContractReverted
from orchestrator.sum.connection import Connection
from orchestrator.sum.opening import Opened
from orchestrator.sum.records import Contribution, OpenRecord
from orchestrator.sum.shared import SharedModel
from orchestrator.types import Address, Seconds, Wei

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

Verb = Literal["refund", "report", "take", "sweep"]
_PAID = {"refund": "Refunded", "report": "Reported", "take": "Taken", "sweep": "Taken"}


@dataclass(frozen=True)
class Claim:
    """An open contribution as somebody sees it: `verb` is what can be done now (None: nothing yet).

    `predicted` is what the model says (None before the contribution is due), `next_at` when something may
    change by time alone.
    """

    contribution: Contribution
    record: OpenRecord
    due_at: Seconds
    predicted: int | None
    verb: Verb | None
    next_at: Seconds

    @property
    def agrees(self) -> bool:
        """Whether the model says what the contributor said."""
        return self.predicted == self.contribution.facts.label


@dataclass(frozen=True)
class Outcome:
    """A claim that was sent: `amount` (wei) was paid, or promised by a report. `refusal` says why not."""

    verb: Verb
    contribution: Contribution
    amount: Wei
    receipt: Receipt | None
    refusal: str = ""


def claims(opened: Opened, who: Address, *, everyone: bool = False) -> list[Claim]:
    """All open contributions, and what `who` can do about each now.

    Refunds are offered for one's own contributions, or for those of `everyone`.
    """
    shared = opened.shared
    now = shared.chain.now()
    found = [(each, shared.open_record(each)) for each in shared.contributions()]
    standing = [(each, record) for each, record in found if record]
    due = [each for each, _ in standing if shared.due_at(each) <= now]
    labels = dict(zip((each.id for each in due), shared.predict_many([each.x for each in due]), strict=True))
    look = _Look(shared, who, now, everyone)
    return [look.at(each, record, labels.get(each.id)) for each, record in standing]


def carry_out(connection: Connection, opened: Opened, claim: Claim, sender: Account) -> Outcome:
    """Send a claim. A refusal of the contract (somebody was faster, the model moved) is an outcome too."""
    assert claim.verb  # noqa: S101 - only claims with a verb are carried out
    build: Callable[[Contribution], ContractFunction] = getattr(opened.shared, claim.verb)
    try:
        receipt = connection.chain.send(build(claim.contribution), sender)
    except ContractReverted as error:
        return Outcome(claim.verb, claim.contribution, Wei(0), None, error.message)
    amount = opened.shared.amounts(_PAID[claim.verb], receipt)
    return Outcome(claim.verb, claim.contribution, Wei(amount), receipt)


def settle(
    connection: Connection,
    opened: Opened,
    sender: Account,
    verbs: Sequence[Verb],
    *,
    everyone: bool = False,
    numbers: Sequence[int] = (),
) -> Iterator[Outcome]:
    """Carry out all claims of these kinds that `sender` has now, or those on the contributions `numbers`."""
    for claim in claims(opened, sender.address, everyone=everyone):
        if claim.verb in verbs and (not numbers or claim.contribution.number in numbers):
            yield carry_out(connection, opened, claim, sender)


class _Look:
    """One look at the open contributions, by `who` at time `now`."""

    def __init__(self, shared: SharedModel, who: Address, now: Seconds, everyone: bool) -> None:
        self._shared, self._who, self._now, self._everyone = shared, who, now, everyone
        self._valid = shared.standing(who).valid
        self._all = shared.status().valid
        self._reported = {
            event["args"]["id"] for event in shared.events("Reported") if event["args"]["reporter"] == who
        }

    def at(self, contribution: Contribution, record: OpenRecord, predicted: int | None) -> Claim:
        due = self._shared.due_at(contribution)
        verb, next_at = self._verb(contribution, record, predicted, due)
        return Claim(contribution, record, due, predicted, verb, Seconds(next_at))

    def _verb(
        self, contribution: Contribution, record: OpenRecord, predicted: int | None, due: int
    ) -> tuple[Verb | None, int]:
        if predicted is None:
            return None, due
        mine = contribution.facts.contributor == self._who
        if predicted == contribution.facts.label:
            return ("refund", self._now) if mine or self._everyone else (None, self._now)
        terms = self._shared.terms
        sweepable = due + (terms.creator_wait if self._who == self._shared.creator else terms.any_wait)
        if self._now >= sweepable:
            return "sweep", self._now
        if mine:
            return None, sweepable
        promise = self._shared.promise(contribution, self._who)
        if promise:
            return ("take" if self._now >= promise.available else None), promise.available
        reported = contribution.id in self._reported
        share = contribution.facts.deposit * self._valid // self._all if self._all else 0
        return ("report" if not reported and min(share, record.open) else None), sweepable
