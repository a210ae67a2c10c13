"""What can be claimed: refunds of one's own deposits, shares of those of others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ContractReverted
from orchestrator.sum.connection import Connection
from orchestrator.sum.ledger import Entry, Ledger
from orchestrator.sum.opening import Opened
from orchestrator.sum.records import Contribution, OpenRecord
from orchestrator.types import Address, Digest, Seconds, Wei

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
    """A claim that was sent: `amount` (wei) was paid, or promised by a report. `refusal` says why not.

    Where a `commitment` was closed, `contribution` is what it hid, None if that was not told.
    """

    verb: Verb | Literal["reveal", "release"]
    contribution: Contribution | None
    amount: Wei
    receipt: Receipt | None
    refusal: str = ""
    commitment: Digest | None = None


def claims(opened: Opened, who: Address, *, everyone: bool = False, abandoned: bool = False) -> list[Claim]:
    """All open contributions, and what `who` can do about each now.

    Refunds are offered for one's own contributions, or for those of `everyone`; sweeping where the model is
    against a contribution, or also where it agrees and nobody wanted the deposit back (`abandoned`).
    """
    shared = opened.shared
    now = shared.chain.now()
    ledger = opened.ledger.refresh()
    standing = ledger.open()
    due = [each.contribution for each in standing if shared.due_at(each.contribution) <= now]
    twin = opened.twin() if due else None
    labels = {each.id: twin.classify(each.x) for each in due} if twin else {}
    look = _Look(ledger, who, now, everyone, abandoned)
    return [look.at(each, labels.get(each.contribution.id)) for each in standing]


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
    abandoned: bool = False,
    numbers: Sequence[int] = (),
) -> Iterator[Outcome]:
    """Carry out all claims of these kinds that `sender` has now, or those on the contributions `numbers`."""
    for claim in claims(opened, sender.address, everyone=everyone, abandoned=abandoned):
        if claim.verb in verbs and (not numbers or claim.contribution.number in numbers):
            yield carry_out(connection, opened, claim, sender)


class _Look:
    """One look at the open contributions, by `who` at time `now`."""

    def __init__(self, ledger: Ledger, who: Address, now: Seconds, everyone: bool, abandoned: bool) -> None:
        self._ledger, self._shared = ledger, ledger.shared
        self._who, self._now = who, now
        self._everyone, self._abandoned = everyone, abandoned
        self._valid = self._shared.standing(who).valid
        self._all = self._shared.status().valid

    def at(self, entry: Entry, predicted: int | None) -> Claim:
        due = self._shared.due_at(entry.contribution)
        verb, next_at = self._verb(entry, predicted, due)
        return Claim(entry.contribution, entry.record, due, predicted, verb, Seconds(next_at))

    def _verb(self, entry: Entry, predicted: int | None, due: int) -> tuple[Verb | None, int]:
        if predicted is None:
            return None, due
        facts, terms = entry.contribution.facts, self._shared.terms
        mine = facts.contributor == self._who
        sweepable = due + (terms.creator_wait if self._who == self._shared.creator else terms.any_wait)
        if predicted == facts.label:
            if mine or self._everyone:
                return "refund", self._now
            if not self._abandoned:
                return None, self._now
        if self._now >= sweepable:
            return "sweep", self._now
        if mine or predicted == facts.label:
            return None, sweepable
        return self._against(entry, sweepable)

    def _against(self, entry: Entry, sweepable: int) -> tuple[Verb | None, int]:
        """What a reporter can do: report, then take."""
        contribution = entry.contribution
        promise = self._ledger.promise(contribution, self._who)
        if promise:
            return ("take" if self._now >= promise.available else None), promise.available
        share = contribution.facts.deposit * self._valid // self._all if self._all else 0
        fresh = not self._ledger.reported(contribution, self._who)
        return ("report" if fresh and min(share, entry.record.open) else None), sweepable
