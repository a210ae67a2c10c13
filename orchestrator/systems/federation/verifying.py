"""Fetch and recompute a whole history: every update, root, rule, model and record."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from orchestrator.bindings.federation import Federation
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.systems.federation.accounting import understated
from orchestrator.systems.federation.aggregating import compute
from orchestrator.systems.federation.floors import is_sharded, require_known
from orchestrator.systems.federation.outcomes import LeftOut, left_out
from orchestrator.systems.federation.rounds import (
    Finished,
    Opened,
    finished,
    first_model,
    links,
    opened_in,
    record_of,
)
from orchestrator.systems.federation.sharding import Passed, source_of
from orchestrator.types import Address, Digest

MOST_FLOORS = 4
"""Federations of federations are looked at so far down."""


@dataclass(frozen=True)
class Checked:
    """What was found of a round.

    `fault` says what is wrong, `doubt` what could not be fetched, without which nobody can tell; empty if all
    is right. Who is `out` did not count in it.
    """

    federation: Address
    round: int
    updates: int
    model: Digest
    fault: str = ""
    doubt: str = ""
    out: tuple[LeftOut, ...] = ()

    @property
    def ok(self) -> bool:
        return not (self.fault or self.doubt)

    @property
    def sentence(self) -> str:
        """Why it is not right; empty if it is."""
        return self.fault or (f"could not be checked: {self.doubt}" if self.doubt else "")


def verify(
    session: Session, federation: Federation, floors: int = MOST_FLOORS, until: float = math.inf
) -> Iterator[Checked]:
    """Every finalized round (to `until`), the oldest first, up to the first that is wrong or missing.

    Where parties stand for federations, those whose updates are in come after it, floor by floor, each up to
    its last round that went into this one's: of what it does later, this model has nothing.
    """
    terms, lowers = federation.terms, dict[Address, Passed]()
    try:
        sharded = is_sharded(session, federation)
        model = first_model(session, federation)
    except (DataError, StorageError) as error:
        yield Checked(federation.address, 0, 0, terms.genesis, *_told(error, "the first model: "))
        return
    chain = links(federation)
    ends = takewhile(lambda each: each.finalized.round <= until, finished(federation))
    for place, each in enumerate(ends):
        number, out = each.finalized.round, list[LeftOut]()
        try:
            updates, after = _round(session, federation, each, model)
            for one in updates if sharded else ():
                passed = _below(session, federation, one, model)
                lowers[passed.lower.address] = passed  # no older one: it began after the last model above
            out = left_out(federation, [each])
            link, model, doubt = chain[place + 1], after, ""
            fault = (
                ""
                if record_of(link) == each.finalized.record
                else "its record does not follow from its claim"
            ) or understated(session, federation, number)
        except (DataError, StorageError) as error:
            updates, (fault, doubt) = [], _told(error)
        checked = Checked(
            federation.address, number, len(updates), each.claim.model_root, fault, doubt, tuple(out)
        )
        yield checked
        if not checked.ok:
            return
    for passed in lowers.values():
        lower = passed.lower
        if not floors:
            yield Checked(
                lower.address, 0, 0, lower.terms.genesis, doubt="it is too far down to be looked at"
            )
            return
        for found in verify(session, lower, floors - 1, passed.round):
            yield found
            if not found.ok:
                return


def _told(error: DataError | StorageError, about: str = "") -> tuple[str, str]:
    """A fault, where bytes are what somebody said, and wrong; a doubt, where they are not available."""
    wrong = isinstance(error, DataError) or (isinstance(error, IntegrityError) and not error.block)
    said = f"{about}{error.message}"
    return (said, "") if wrong else ("", said)


def _below(session: Session, federation: Federation, opened: Opened, model: Integers) -> Passed:
    """The round below that an update is of.

    Raises IntegrityError for one that is of none, StorageError where that cannot be told.
    """
    found = source_of(session, federation, opened.revealed, opened.seat, model)
    if found is None:
        require_known(session, opened.revealed.party)
        raise IntegrityError(
            f"the update of {opened.revealed.party} is not what a federation of its own finalized",
            "Do not use this model.",
        )
    return found


def _round(
    session: Session, federation: Federation, each: Finished, model: Integers
) -> tuple[list[Opened], Integers]:
    """The updates and the next model of a round. Raises IntegrityError for the first thing that is wrong."""
    claim, updates = each.claim, opened_in(session, federation, each)
    if sum(1 << one.seat for one in updates) != claim.accepted:
        raise IntegrityError("it has updates that nobody revealed", "Do not use this model.")
    right = compute(federation, model, updates, claim.merits)
    if (right.selected, right.factors, right.merits) != (claim.selected, claim.factors, claim.merits):
        raise IntegrityError("its selection does not follow from the updates", "Do not use this model.")
    if right.gram_root != claim.gram_root:
        raise IntegrityError("its trace does not follow from the updates", "Do not use this model.")
    if right.root != claim.model_root:
        raise IntegrityError("its model does not follow from the updates", "Do not use this model.")
    return updates, right.model
