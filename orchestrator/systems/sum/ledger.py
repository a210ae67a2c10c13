"""All contributions to a shared model and what became of each, told by its events alone.

A record on the chain is what the events make of it: the deposit, less what was taken, and the last look.
Eight questions to a node (in ranges of blocks) tell of thousands of contributions, those that are sealed
yet included; the next time only new blocks are read.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Self

from orchestrator.bindings.sum import (
    CommitmentClosed,
    Committed,
    Looked,
    Refunded,
    Reported,
    Swept,
    Taken,
)
from orchestrator.chain import Block
from orchestrator.systems.sum.records import Contribution, OpenRecord, Promise
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address, Digest, Wei

Commitment = tuple[Address, Digest]
"""Who hid something, behind what."""


@dataclass
class _Fate:
    """What was promised (to whom) and taken (by whom) of a deposit, in wei or token units."""

    promised: dict[Address, Promise] = field(default_factory=dict)
    taken: dict[Address, int] = field(default_factory=dict)
    refunded: int | None = None
    look: tuple[int, bool] = (0, False)  # since when all looks said the same, and whether against
    swept: bool = False


@dataclass(frozen=True)
class Entry:
    """An open contribution and what is left of its deposit."""

    contribution: Contribution
    record: OpenRecord


class Ledger:
    """What the events of `shared` tell. `refresh` before each look. Raises ChainError."""

    def __init__(self, shared: SharedModelContract) -> None:
        self.shared = shared
        self._next = shared.contract.block
        self._hash = b""
        self._contributions: dict[int, Contribution] = {}
        self._fates: dict[int, _Fate] = defaultdict(_Fate)
        self._committed: set[Commitment] = set()
        self._sealed: dict[Commitment, tuple[int, int]] = {}

    def refresh(self) -> Self:
        """Read what is new; all anew if the chain has dropped blocks that were read before."""
        head = self.shared.chain.head()
        if self._hash and not self._is_of(head):
            self._forget()
        if head.number >= self._next:
            try:
                self._read(self._next, head.number)
            except Exception:  # half of it may be read, and must not count twice
                self._forget()
                raise
            self._next, self._hash = head.number + 1, head.hash
        return self

    def _is_of(self, head: Block) -> bool:
        """Whether what was read is of the chain whose latest block is `head`."""
        last = self._next - 1
        if head.number > last:
            return self.shared.chain.block_hash(last) == self._hash
        return head.number == last and head.hash == self._hash

    @property
    def contributions(self) -> list[Contribution]:
        """All there ever were, in their order."""
        return list(self._contributions.values())

    def gave(self, who: Address) -> bool:
        """Whether `who` ever contributed."""
        return any(each.facts.contributor == who for each in self._contributions.values())

    def open(self) -> list[Entry]:
        """Those of which a deposit, or at least a record, is left."""
        entries = []
        for each in self._contributions.values():
            record = self._record(each)
            if record:
                entries.append(Entry(each, record))
        return entries

    def promise(self, contribution: Contribution, reporter: Address) -> Promise | None:
        """What `reporter` was promised of its deposit and has not taken; None if nothing."""
        fate = self._fates[contribution.id]
        return None if reporter in fate.taken else fate.promised.get(reporter)

    def reported(self, contribution: Contribution, reporter: Address) -> bool:
        """Whether `reporter` has reported it, ever."""
        return reporter in self._fates[contribution.id].promised

    def disputed(self, contribution: Contribution) -> bool:
        """Whether anybody ever found the model against it when that counted."""
        return self._fates[contribution.id].look[0] != 0

    def refunded(self, contribution: Contribution) -> Wei | None:
        """What its contributor got back; None if it was not refunded."""
        amount = self._fates[contribution.id].refunded
        return None if amount is None else Wei(amount)

    def takers(self, contribution: Contribution) -> dict[Address, int]:
        """Who got how much of its deposit, in wei or token units."""
        return self._fates[contribution.id].taken

    @property
    def sealed(self) -> dict[Commitment, tuple[int, int]]:
        """The commitments that are open: the deposit (in units) and the block of each, in their order."""
        return dict(self._sealed)

    @property
    def committed(self) -> set[Commitment]:
        """All commitments that there ever were."""
        return set(self._committed)

    def _record(self, contribution: Contribution) -> OpenRecord | None:
        """What the contract's record of it holds: `left` is nothing only where it is settled, or was free."""
        fate, unit, deposit = self._fates[contribution.id], self.shared.unit, contribution.facts.deposit
        left = deposit - sum(fate.taken.values()) // unit
        if fate.refunded is not None or fate.swept or (fate.taken and left == 0):
            return None
        return OpenRecord(left, *fate.look)

    def _forget(self) -> None:
        self._next, self._hash = self.shared.contract.block, b""
        self._contributions.clear()
        self._fates.clear()
        self._committed.clear()
        self._sealed.clear()

    def _read(self, first: int, last: int) -> None:
        for contribution in self.shared.contributions(first, last):
            self._contributions[contribution.id] = contribution
        told = self.shared.contract.events
        looks: list[Reported | Looked] = [*told(Reported, first, last), *told(Looked, first, last)]
        for look in sorted(looks, key=lambda each: each.place):
            fate = self._fates[look.id]
            against = look.against if isinstance(look, Looked) else True
            fate.look = look.from_ - self.shared.terms.take_gap, against
            if isinstance(look, Reported):
                fate.promised[look.reporter] = Promise(Wei(look.amount))
        for swept in told(Swept, first, last):
            fate = self._fates[swept.id]
            fate.swept = True
            fate.taken[swept.sweeper] = fate.taken.get(swept.sweeper, 0) + swept.amount
        for took in told(Taken, first, last):
            fate = self._fates[took.id]
            fate.taken[took.taker] = fate.taken.get(took.taker, 0) + took.amount
        for refunded in told(Refunded, first, last):
            self._fates[refunded.id].refunded = refunded.amount
        self._read_commitments(first, last)

    def _read_commitments(self, first: int, last: int) -> None:
        told = self.shared.contract.events
        both: list[Committed | CommitmentClosed] = [
            *told(Committed, first, last),
            *told(CommitmentClosed, first, last),
        ]
        for event in sorted(both, key=lambda each: each.place):
            key = event.contributor, event.commitment
            if isinstance(event, Committed):
                self._committed.add(key)
                self._sealed[key] = event.deposit, event.block_number
            else:
                self._sealed.pop(key, None)
