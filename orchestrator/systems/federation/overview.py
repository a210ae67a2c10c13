"""A federation at one moment, and all that happened in it."""

from dataclasses import dataclass

from orchestrator.bindings import federation as abi
from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain.bound import Event
from orchestrator.kernel import finding
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.accounting import spent_of
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.rounds import ballot_of, has_committee, has_votes, phase_of, seats_of
from orchestrator.types import Address, Seconds

TOLD: tuple[type[Event], ...] = (
    abi.Joined,
    abi.Left,
    abi.Begun,
    abi.Committed,
    abi.Revealed,
    abi.Spent,
    abi.Drawn,
    abi.ScoresCommitted,
    abi.ScoresRevealed,
    abi.Voted,
    abi.MaskKey,
    abi.Unmasked,
    abi.Disagreed,
    abi.Shared,
    abi.Delegated,
    abi.Undelegated,
    abi.Claimed,
    abi.Refuted,
    abi.Finalized,
    abi.Skipped,
    abi.Fined,
    abi.Demanded,
    abi.Supplied,
    abi.DemandClosed,
    abi.Closed,
    abi.Funded,
    abi.Withdrawn,
)

AMOUNTS = {"amount", "returned", "reward"}
MASKS = {"accepted", "acted", "among", "committee", "mask", "seats", "selected"}
"""What numbers in these events are."""


@dataclass(frozen=True)
class Seat:
    """A party, and how far it is in this round, in the currency's smallest units.

    `free` is what it can take out: rewards, and bonds and stakes that came back. `epsilon` is what it says
    that it has spent, if it said. Who `left` had this seat, which may be another's by now.
    """

    party: Address
    seat: int
    deposit: int
    free: int
    epsilon: float | None
    active: bool
    committed: bool
    revealed: bool
    scoring: bool
    left: bool = False


@dataclass(frozen=True)
class View:
    """A federation as it was after one block."""

    phase: Phase
    ends_at: Seconds
    round: int
    done: int
    voids: int
    seats: tuple[Seat, ...]


def view(session: Session, federation: Federation) -> View:
    """All of it from one block."""
    seen = federation.at(session.chain.head().number)
    state = seen.state()
    scorers = 0
    if ballot := ballot_of(seen):
        scorers = ballot.committee
    rows, spent = [], spent_of(seen)
    for party, seat in sorted(seats_of(seen).items(), key=lambda each: each[1]):
        own = seen.party_of(party)
        bits = [bool(mask >> seat & 1) for mask in (state.seats, state.committed, state.revealed, scorers)]
        rows.append(Seat(party, seat, own.deposit, seen.balance_of(party), spent.get(party), *bits))
    for left in reversed(list(seen.events(abi.Left))):
        if left.party not in {each.party for each in rows}:
            free, said = seen.balance_of(left.party), spent.get(left.party)
            rows.append(Seat(left.party, left.seat, 0, free, said, False, False, False, False, True))
    clock = seen.clock()
    return View(phase_of(seen), Seconds(clock.ends_at), state.round, state.done, state.voids, tuple(rows))


def history(federation: Federation) -> list[Event]:
    """Everything that the contract told, in order."""
    absent: set[type[Event]] = set() if has_committee(federation) else set(_COMMITTEE)
    absent |= set() if has_votes(federation) else {abi.Voted}
    absent |= set() if is_masked(federation) else _MASKED
    kinds = [kind for kind in TOLD if kind not in absent]
    return finding.history(federation, kinds)


_MASKED: set[type[Event]] = {abi.MaskKey, abi.Unmasked, abi.Shared, abi.Disagreed}
_COMMITTEE = {abi.Drawn, abi.ScoresCommitted, abi.ScoresRevealed}
