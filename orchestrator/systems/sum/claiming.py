"""What can be claimed: refunds of one's own deposits, shares of those of others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.bindings.sum import Looked, Refunded, Reported, Swept, Taken
from orchestrator.chain import Account, Receipt
from orchestrator.errors import ContractReverted
from orchestrator.kernel.session import Session
from orchestrator.systems.sum.ledger import Entry
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.systems.sum.records import Contribution, OpenRecord
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address, Digest, Seconds, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

Verb = Literal["refund", "report", "take", "sweep"]
_PAID: dict[Verb, type[Refunded | Reported | Taken | Swept]] = {
    "refund": Refunded,
    "report": Reported,
    "take": Taken,
    "sweep": Swept,
}
_SENT = {"refund": 1, "report": 2, "take": 1, "sweep": 1}
"""Transactions until a claim pays: what is reported has to be taken."""


@dataclass(frozen=True)
class Claim:
    """An open contribution as somebody sees it: `verb` is what can be done now (None: nothing yet).

    `predicted` is what the model says (None before anything can be done), `next_at` when something may change
    by time alone, `worth` what the verb brings in the end, in units.
    """

    contribution: Contribution
    record: OpenRecord
    due_at: Seconds
    predicted: int | None
    verb: Verb | None
    next_at: Seconds
    worth: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the model says what the contributor said."""
        return self.predicted == self.contribution.facts.label


@dataclass(frozen=True)
class ClaimResult:
    """A claim that was sent: `amount` (wei) was paid, or promised by a report. `refusal` says why not.

    `looked`: it was a first look, and pays a take gap later, if no other says otherwise. Where a `commitment`
    was closed, `contribution` is what it hid, None if that was not told.
    """

    verb: Verb | Literal["reveal", "release"]
    contribution: Contribution | None
    amount: Wei
    receipt: Receipt | None
    refusal: str = ""
    commitment: Digest | None = None
    looked: bool = False


def claims(opened: SharedModel, who: Address, *, everyone: bool = False) -> list[Claim]:
    """The open contributions that anything can be done about, and what `who` can now, read from one block.

    Those fall due within a take gap, or have: nothing can be done about a later one, and it is not read.
    Refunds are offered for one's own contributions, or for those of `everyone`.
    """
    chain = opened.shared.chain

    def look() -> list[Claim]:
        return _claims(opened, who, everyone, opened.ledger.refresh().open(due=_early(opened)))

    return chain.look(look)


def waiting(opened: SharedModel, who: Address) -> list[Claim]:
    """The same of all open contributions of `who`, due or not."""
    chain = opened.shared.chain
    return chain.look(lambda: _claims(opened, who, False, opened.ledger.refresh().open(contributor=who)))


def next_early(opened: SharedModel) -> Seconds | None:
    """When something can be done about the next contribution about which nothing can be done now."""
    found = opened.ledger.refresh().next_due(_early(opened))
    return None if found is None else Seconds(found - opened.shared.terms.take_gap)


def _early(opened: SharedModel) -> Seconds:
    """What falls due by then can be reported now."""
    return Seconds(opened.shared.chain.now() + opened.shared.terms.take_gap)


def _claims(opened: SharedModel, who: Address, everyone: bool, standing: list[Entry]) -> list[Claim]:
    shared, early = opened.shared, _early(opened)
    due = [each.contribution for each in standing if shared.due_at(each.contribution) <= early]
    reference = opened.reference() if due else None
    labels = {each.id: reference.classify(each.x) for each in due} if reference else {}
    look = _Look(shared, who, everyone)
    return [look.at(each, labels.get(each.contribution.id)) for each in standing]


def carry_out(session: Session, opened: SharedModel, claim: Claim, sender: Account) -> ClaimResult:
    """Send a claim. A refusal of the contract (somebody was faster, the model moved) is an outcome too."""
    assert claim.verb  # noqa: S101 - only claims with a verb are carried out
    try:
        function = call_of(opened, claim)
        if claim.verb == "report":  # it may be done again: the contract refuses what is too early
            receipt = session.send(function, sender)
        else:
            # A dispute takes the same verb twice: a first look, and the one that decides. Several may take.
            what = f"{claim.contribution.id:x}-{claim.record.looked_at}-{sender.address}"
            purpose = f"sum-{claim.verb}-{opened.shared.address}-{what}"
            receipt = session.send(function, sender, once=purpose)
    except ContractReverted as error:
        return ClaimResult(claim.verb, claim.contribution, Wei(0), None, error.message)
    told = opened.shared.contract.emitted(_PAID[claim.verb], receipt)
    looked = bool(opened.shared.contract.emitted(Looked, receipt))
    return ClaimResult(
        claim.verb, claim.contribution, Wei(sum(event.amount for event in told)), receipt, looked=looked
    )


def call_of(opened: SharedModel, claim: Claim) -> "Call":
    """What carries a claim out."""
    assert claim.verb  # noqa: S101 - only claims with a verb are carried out
    contract = opened.shared.contract
    build = {
        "refund": contract.refund,
        "report": contract.report,
        "take": contract.take,
        "sweep": contract.sweep,
    }
    return build[claim.verb](*claim.contribution.claim)


def transactions_of(claim: Claim) -> int:
    """How many transactions there are until a claim pays."""
    return _SENT[claim.verb] if claim.verb else 0


def settle(
    session: Session,
    opened: SharedModel,
    sender: Account,
    verbs: Sequence[Verb],
    *,
    everyone: bool = False,
    numbers: Sequence[int] = (),
) -> Iterator[ClaimResult]:
    """Carry out all claims of these kinds that `sender` has now, or those on the contributions `numbers`."""
    for claim in claims(opened, sender.address, everyone=everyone):
        if claim.verb in verbs and (not numbers or claim.contribution.number in numbers):
            yield carry_out(session, opened, claim, sender)


class _Look:
    """One look at the open contributions, by `who` at time `now`."""

    def __init__(self, shared: SharedModelContract, who: Address, everyone: bool) -> None:
        self._shared, self._now = shared, shared.chain.now()
        self._who, self._everyone = who, everyone
        self._unit, self._creator = shared.unit, shared.creator
        self._valid = self._shared.contract.account(who).valid
        self._all = self._shared.contract.status().valid

    def at(self, entry: Entry, predicted: int | None) -> Claim:
        due = self._shared.due_at(entry.contribution)
        verb, next_at = self._verb(entry, predicted, due)
        worth = entry.record.left if verb == "refund" else self._share(entry)
        if verb == "sweep":
            worth = entry.record.left // 2
        return Claim(entry.contribution, entry.record, due, predicted, verb, Seconds(next_at), worth)

    def _verb(self, entry: Entry, predicted: int | None, due: int) -> tuple[Verb | None, int]:
        if predicted is None:
            return None, due - self._shared.terms.take_gap
        facts, record = entry.contribution.facts, entry.record
        mine = facts.contributor == self._who
        if predicted == facts.label:
            if not mine and not self._everyone:
                return None, self._now
            if record.against:
                return "refund", self._now  # a first look for it
            return self._from("refund", max(due, self._held(record)))
        return (None, self._now) if mine else self._against(entry, due)

    def _against(self, entry: Entry, due: int) -> tuple[Verb | None, int]:
        """What can be done about a contribution of somebody else that the model is against."""
        record, terms = entry.record, self._shared.terms
        promised = entry.fate.promise(self._who) is not None
        held = max(due, self._held(record))
        if promised and record.against and self._now >= held:
            return "take", self._now
        fresh = not entry.fate.reported(self._who)
        if (fresh and self._share(entry)) or (promised and not record.against):
            return self._from("report", due - terms.take_gap)
        wait = terms.creator_wait if self._who == self._creator else terms.any_wait
        return self._from("sweep", max(due + wait, self._held(record) if record.against else 0))

    def _share(self, entry: Entry) -> int:
        """What a report promises, or has promised, in units."""
        contribution = entry.contribution
        promise = entry.fate.promise(self._who)
        if promise:
            return min(promise.amount // self._unit, entry.record.left)
        share = contribution.facts.deposit * self._valid // self._all if self._all else 0
        return min(share, entry.record.left)

    def _held(self, record: OpenRecord) -> int:
        """From when on the last look decides; zero where there is none."""
        return record.looked_at + self._shared.terms.take_gap if record.looked_at else 0

    def _from(self, verb: Verb, moment: int) -> tuple[Verb | None, int]:
        return (verb if self._now >= moment else None), moment
