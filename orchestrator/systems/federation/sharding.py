"""Federations of federations: each party of an upper one stands for a lower one, which it organizes.

A contract has sixteen seats; two floors have 256. The contracts know nothing of it: descriptors say it, and
who organizes a federation is in its terms. The parties of a lower federation begin with the upper one's model
whenever that has a new one, so that their next model, less the upper one's, is what all of them learned. That
difference is the party's update above, its weight the sum of theirs. So an update above follows from what the
contract below finalized, and whoever recomputes it names a party that sends anything else. Judges above leave
it out; without judges, `verify` tells.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from orchestrator.bindings.federation import Committed, Federation, Revealed
from orchestrator.errors import DataError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.systems.federation.aggregating import model_after
from orchestrator.systems.federation.floors import lowers_of, upper_of
from orchestrator.systems.federation.rounds import Finished, current_model, finished, quantized, updates_in
from orchestrator.types import Address

Place = tuple[int, int]
MOST_ROUNDS = 8
"""So many finished rounds of a party's are looked at, the newest first: it sends the newest."""
_BEFORE_ALL, _AFTER_ALL = (-1, -1), (1 << 64, 0)


@dataclass(frozen=True)
class Passed:
    """What a finished round of a lower federation is worth as an update of the upper one."""

    lower: Federation
    round: int
    update: Update
    weight: int


def base_model(session: Session, federation: Federation) -> Integers:
    """What a round's parties train on: the upper federation's model, until a round went by here; or the own.

    It is the same for all parties of a round: what is finalized above after the first has committed waits for
    the next. The own, too, where those above give no model, or one that no update leads to: they stop nobody
    below. Raises as `current_model`.
    """
    own = current_model(session, federation)
    if upper := upper_of(session, federation):
        started = _starts(federation).get(federation.state().round, _AFTER_ALL)
        ends = [each for each in finished(upper) if each.finalized.place < started]
        if ends and not any(_since(federation, ends[-1].finalized.place, _AFTER_ALL)):
            with suppress(DataError, StorageError):
                above = model_after(session, upper, ends)
                quantized(federation, above - own)
                return above
    return own


def passed_up(
    session: Session,
    upper: Federation,
    party: Address,
    number: int,
    model: Integers,
    until: Place = _AFTER_ALL,
) -> Iterator[Passed]:
    """What `party` may send in round `number` of `upper`, which trains on `model`; the newest first.

    It is of any round of a federation of its own that began with `model`, and ended before `until`: of the
    last MOST_ROUNDS. Raises StorageError, IntegrityError, DataError for a model below that is not available.
    """
    above = [each.finalized.place for each in finished(upper) if each.finalized.round < number]
    last = max(above, default=_BEFORE_ALL)
    made = (
        (lower, ends) for lower in lowers_of(session, upper, party) for ends in _since(lower, last, until)
    )
    for lower, ends in islice(made, MOST_ROUNDS):
        after = model_after(session, lower, ends)
        weight = sum(each.weight for each in updates_in(lower, ends[-1]))
        yield Passed(
            lower,
            ends[-1].finalized.round,
            quantized(upper, (after - model)[: upper.terms.size]),
            min(weight, upper.terms.max_weight),
        )


def source_of(
    session: Session, upper: Federation, revealed: Revealed, seat: int, model: Integers
) -> Passed | None:
    """The round below that an update of `upper` is of; None for what no federation of its party's made.

    Raises as `passed_up`.
    """
    committed = upper.events(Committed, round=revealed.round, seat=seat)
    until = max(each.place for each in committed)
    sent = revealed.root, revealed.shift, revealed.weight
    for each in passed_up(session, upper, revealed.party, revealed.round, model, until):
        if (each.update.root, each.update.shift, each.weight) == sent:
            return each
    return None


def _starts(federation: Federation) -> dict[int, Place]:
    """When the parties of each round began to train, as far as the chain tells: its first commitment."""
    committed = list(federation.events(Committed))
    return {each.round: each.place for each in reversed(committed)}


def _since(federation: Federation, place: Place, until: Place) -> Iterator[list[Finished]]:
    """All finished rounds up to each that began after `place` and ended before `until`, the last first."""
    ends, starts = finished(federation), _starts(federation)
    for count in range(len(ends), 0, -1):
        last = ends[count - 1].finalized
        if place < starts[last.round] and last.place < until:
            yield ends[:count]
