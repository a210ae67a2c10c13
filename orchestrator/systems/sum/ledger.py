"""All contributions to a shared model and what became of each, told by its events alone.

A record on the chain is what the events make of it: the deposit, less what was taken, and the last look.
Eight questions to a node (in ranges of blocks) tell of thousands of contributions, those that are sealed
yet included. What they tell is kept (`chain/indexes`), so that the next command reads new blocks only, and
asks for what is due, or for what is somebody's.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from orchestrator.bindings.sum import (
    CommitmentClosed,
    Committed,
    Looked,
    Refunded,
    Reported,
    Swept,
    Taken,
)
from orchestrator.chain.indexes import IndexTable, Told, places
from orchestrator.models.online.encoding import Sample
from orchestrator.systems.sum.records import Contribution, ContributionInfo, OpenRecord, Promise
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address, Digest, Seconds, Wei

Commitment = tuple[Address, Digest]
"""Who hid something, behind what."""

_CONTRIBUTIONS = IndexTable(
    "contributions",
    (
        *("id INTEGER PRIMARY KEY", "contributor TEXT", "sample BLOB", "due_at INTEGER"),
        *("facts BLOB", "x BLOB", "tx TEXT"),
    ),
    (
        *("(sample)", "(contributor)"),
        *("(due_at) WHERE ended IS NULL", "(contributor, id) WHERE ended IS NULL"),
    ),
    ends=True,
)
_LOOKS = IndexTable(
    "looks",
    ("place INTEGER", "id INTEGER", "since INTEGER", "against INTEGER", "reporter TEXT", "promised TEXT"),
    ("(id)",),
)
_PAYMENTS = IndexTable(
    "payments", ("id INTEGER", "refund INTEGER", "receiver TEXT", "amount TEXT"), ("(id)",)
)
_COMMITMENTS = IndexTable(
    "commitments",
    ("contributor TEXT", "commitment BLOB", "deposit INTEGER"),
    ("(contributor, commitment)", "(contributor) WHERE ended IS NULL"),
    ends=True,
)
_OPEN = "FROM contributions WHERE ended IS NULL"
AT_ONCE = 500


@dataclass
class Fate:
    """What was promised (to whom) and taken (by whom) of a deposit, and refunded, in wei or token units.

    `look` is since when all looks said the same, and whether against the contribution; zero without one.
    """

    promised: dict[Address, Promise] = field(default_factory=dict)
    taken: dict[Address, int] = field(default_factory=dict)
    refunded: Wei | None = None
    look: tuple[int, bool] = (0, False)

    @property
    def disputed(self) -> bool:
        """Whether anybody ever found the model against it when that counted."""
        return self.look[0] != 0

    def reported(self, reporter: Address) -> bool:
        """Whether `reporter` has reported it, ever."""
        return reporter in self.promised

    def promise(self, reporter: Address) -> Promise | None:
        """What `reporter` was promised of the deposit and has not taken; None if nothing."""
        return None if reporter in self.taken else self.promised.get(reporter)


@dataclass(frozen=True)
class Entry:
    """A contribution, what is left of its deposit while it is open, and what became of it."""

    contribution: Contribution
    record: OpenRecord
    fate: Fate


@dataclass
class _Events:
    contributions: list[Contribution]
    looks: list[Reported | Looked]
    payments: list[Refunded | Taken | Swept]
    commitments: list[Committed | CommitmentClosed]


class Ledger(Told[_Events]):
    """What the events of `shared` tell."""

    TABLES = (_CONTRIBUTIONS, _LOOKS, _PAYMENTS, _COMMITMENTS)

    def __init__(self, shared: SharedModelContract) -> None:
        self.shared = shared
        super().__init__(shared.contract)

    @cached_property
    def _unit(self) -> int:
        return self.shared.unit

    def all(self) -> Iterator[Entry]:
        """All there ever were, in their order."""
        fates = self._fates("")
        found = self._index.rows("SELECT * FROM contributions ORDER BY id")
        return (self._entry(row, fates) for row in found)

    def open(self, due: Seconds | None = None, contributor: Address | None = None) -> list[Entry]:
        """Those of which a deposit, or at least a record, is left: all, those due by then, or somebody's."""
        where, values = _OPEN, list[object]()
        for condition, value in (("due_at <= ?", due), ("contributor = ?", contributor)):
            if value is not None:
                where, values = f"{where} AND {condition}", [*values, value]
        fates = self._fates(f"WHERE id IN (SELECT id {where})", *values)
        found = self._index.rows(f"SELECT * {where} ORDER BY id", *values)
        return [self._entry(row, fates) for row in found]

    def next_due(self, after: Seconds) -> Seconds | None:
        """When the next of the open ones falls due that was not due `after`."""
        found = self._index.value(f"SELECT min(due_at) {_OPEN} AND due_at > ?", after)
        return None if found is None else Seconds(found)

    def gave(self, who: Address) -> bool:
        """Whether `who` ever contributed."""
        return bool(self._index.value("SELECT 1 FROM contributions WHERE contributor = ? LIMIT 1", who))

    def given(self, who: Address, samples: Iterable[Sample]) -> tuple[Counter[Sample], list[Contribution]]:
        """How often `who` gave each of these samples, and of each the newest contribution that is open."""
        wanted = {_sample(who, *each): each for each in samples}
        keys, times, standing = list(wanted), Counter[Sample](), list[Contribution]()
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            given = f"FROM contributions WHERE sample IN ({places(part)})"
            counts = self._index.tuples(f"SELECT sample, count(*) {given} GROUP BY sample", *part)
            times.update({wanted[key]: count for key, count in counts})
            newest = f"SELECT max(id) {given} AND ended IS NULL GROUP BY sample"
            found = self._index.rows(f"SELECT * FROM contributions WHERE id IN ({newest})", *part)  # noqa: S608
            standing += map(_contribution, found)
        return times, sorted(standing, key=lambda each: each.id)

    def sealed(self, who: Address | None = None) -> dict[Commitment, tuple[int, int]]:
        """The open commitments, of one or all: the deposit (units) and the block of each, in their order."""
        one = "" if who is None else "AND contributor = ?"
        query = f"SELECT * FROM commitments WHERE ended IS NULL {one} ORDER BY rowid"  # noqa: S608
        found = self._index.rows(query, *([] if who is None else [who]))
        return {
            (Address(contributor), Digest(commitment)): (deposit, block)
            for block, _, contributor, commitment, deposit in found
        }

    def committed(self, who: Address, commitment: Digest) -> bool:
        """Whether this commitment was ever made, open or not."""
        query = "SELECT 1 FROM commitments WHERE contributor = ? AND commitment = ? LIMIT 1"
        return bool(self._index.value(query, who, bytes(commitment)))

    def _fates(self, which: str, *values: object) -> dict[int, Fate]:
        fates: dict[int, Fate] = defaultdict(Fate)
        looks = f"SELECT * FROM looks {which} ORDER BY block, place"  # noqa: S608
        for _, _, number, since, against, reporter, promised in self._index.rows(looks, *values):
            fates[number].look = since, bool(against)
            if reporter:
                fates[number].promised[Address(reporter)] = Promise(Wei(int(promised)))
        payments = f"SELECT * FROM payments {which}"  # noqa: S608
        for _, number, refund, receiver, amount in self._index.rows(payments, *values):
            fate, who = fates[number], Address(receiver)
            if refund:
                fate.refunded = Wei(int(amount))
            else:
                fate.taken[who] = fate.taken.get(who, 0) + int(amount)
        return fates

    def _entry(self, row: tuple[Any, ...], fates: dict[int, Fate]) -> Entry:
        contribution = _contribution(row)
        fate = fates.get(contribution.id) or Fate()
        left = contribution.facts.deposit - sum(fate.taken.values()) // self._unit
        return Entry(contribution, OpenRecord(left, *fate.look), fate)

    def _read(self, first: int, last: int) -> _Events:
        told = self.shared.contract.events
        return _Events(
            list(self.shared.contributions(first, last)),
            sorted([*told(Reported, first, last), *told(Looked, first, last)], key=lambda each: each.place),
            [*told(Refunded, first, last), *told(Taken, first, last), *told(Swept, first, last)],
            sorted(
                [*told(Committed, first, last), *told(CommitmentClosed, first, last)],
                key=lambda each: each.place,
            ),
        )

    def _write(self, told: _Events) -> None:
        insert, terms = self._index.insert, self.shared.terms
        for each in told.contributions:
            who, facts = each.facts.contributor, each.facts.pack().to_bytes(32, "big")
            key, due_at = _sample(who, each.x, each.facts.label), each.facts.due_at(terms)
            insert(_CONTRIBUTIONS, each.block, each.id, who, key, due_at, facts, each.x, each.transaction)
        for look in told.looks:
            against = look.against if isinstance(look, Looked) else True
            by = (look.reporter, str(look.amount)) if isinstance(look, Reported) else ("", "")
            since = look.from_ - terms.take_gap
            insert(_LOOKS, look.block_number, look.log_index, look.id, since, int(against), *by)
        self._write_payments(told.payments)
        for event in told.commitments:
            if isinstance(event, Committed):
                row = (event.contributor, bytes(event.commitment), event.deposit)
                insert(_COMMITMENTS, event.block_number, *row)
            else:
                which = (event.contributor, bytes(event.commitment))
                where = "contributor = ? AND commitment = ?"
                self._index.end(_COMMITMENTS, event.block_number, where, *which)

    def _write_payments(self, payments: Sequence[Refunded | Taken | Swept]) -> None:
        """What is refunded or swept is settled, and so is that of which nothing is left to take."""
        for each in payments:
            row = (each.id, int(isinstance(each, Refunded)), _receiver(each), str(each.amount))
            self._index.insert(_PAYMENTS, each.block_number, *row)
        last = {each.id: each.block_number for each in sorted(payments, key=lambda each: each.place)}
        settled = {each.id for each in payments if not isinstance(each, Taken)}
        for number, block in last.items():
            if number in settled or not self._left(number):
                self._index.end(_CONTRIBUTIONS, block, "id = ?", number)

    def _left(self, number: int) -> int:
        """What nobody has taken of a deposit (units)."""
        found = self._index.rows("SELECT * FROM contributions WHERE id = ?", number)
        fate = self._fates("WHERE id = ?", number)
        return self._entry(found[0], fate).record.left if found else 0


def _receiver(payment: Refunded | Taken | Swept) -> str:
    """Who got it; nothing where it is the contributor."""
    if isinstance(payment, Refunded):
        return ""
    return payment.taker if isinstance(payment, Taken) else payment.sweeper


def _sample(who: Address, x: bytes, label: int) -> bytes:
    """What a contributor's sample is looked up by."""
    return hashlib.sha256(f"{who} {label} ".encode() + x).digest()[:16]


def _contribution(row: tuple[Any, ...]) -> Contribution:
    block, _, number, _, _, _, facts, x, transaction = row
    return Contribution(number, ContributionInfo.unpack(int.from_bytes(facts, "big")), x, block, transaction)
