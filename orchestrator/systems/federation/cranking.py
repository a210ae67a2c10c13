"""What anybody may do so that a federation goes on: begin, draw, finalize, skip, close, free seats."""

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import Account
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.rounds import (
    ballot_of,
    has_committee,
    pending_claim,
    phase_of,
    seats_of,
)
from orchestrator.types import Seconds

SHOWN = 256
"""Blocks back to which every chain shows hashes."""


def crank(session: Session, federation: Federation, anyone: Account) -> str:
    """Do the one thing that is due; a sentence that says what, empty if nothing is."""
    state, terms, now = federation.state(), federation.terms, session.chain.now()
    phase, count = phase_of(federation), state.seats.bit_count()
    if phase is Phase.JOINING:
        if count >= terms.quorum and (count == terms.seats or now >= terms.start):
            act(session, federation.begin(), anyone, "begin")
            return f"began with {count} parties"
        if now >= terms.start and count < terms.quorum:
            act(session, federation.close(), anyone, "close")
            return f"closed: only {count} of {terms.quorum} parties joined"
        return ""
    if phase is Phase.CHALLENGING:
        return _finalize(session, federation, anyone)
    enough = state.revealed.bit_count() >= terms.quorum
    if phase is Phase.JUDGING and has_committee(federation) and enough:
        due = draws_at(session, federation)
        if due is None or now < due:
            return ""
        fixed = ballot_of(federation) is not None
        act(session, federation.draw(), anyone, "committee" if fixed else "draw", state.round)
        return "drew the committee" if fixed else "fixed the block that the committee is drawn from"
    if phase in (Phase.REVEALING, Phase.JUDGING, Phase.CLAIMING):
        return _skip(session, federation, anyone, phase)
    return ""


def draws_at(session: Session, federation: Federation) -> Seconds | None:
    """When anybody should send the draw in the time for scores, long ago where it is overdue; None for never.

    The first scores draw the committee. It is drawn without any once half of their time is over, or of the
    blocks that every chain shows: who is not drawn pays nothing for its silence.
    """
    ballot, state, terms = federation.ballot(), federation.state(), federation.terms
    if ballot.round != state.round:
        return Seconds(state.since)
    if ballot.committee or not (expected := ballot_of(federation)) or not expected.committee:
        return None
    if session.chain.head().number > ballot.drawn_from + SHOWN // 2:
        return Seconds(state.since)
    return Seconds(state.since + terms.committing + terms.revealing + terms.judging // 2)


def _finalize(session: Session, federation: Federation, anyone: Account) -> str:
    claim, state = pending_claim(federation), federation.state()
    if claim is None or state.demanded or session.chain.now() < federation.clock().ends_at:
        return ""
    act(session, federation.finalize(claim), anyone, "finalize", state.round)
    return f"finalized round {state.round}"


def _skip(session: Session, federation: Federation, anyone: Account, phase: Phase) -> str:
    """Only where the round cannot go on, which the contract knows."""
    state, terms = federation.state(), federation.terms
    few = state.committed.bit_count() < terms.quorum or (
        phase is not Phase.REVEALING and state.revealed.bit_count() < terms.quorum
    )
    few = few or (is_masked(federation) and federation.masks().lost)
    late = phase is Phase.CLAIMING and session.chain.now() >= federation.clock().ends_at
    if not (few or late) or state.demanded:
        return ""
    act(session, federation.skip(), anyone, "skip", state.round)
    return f"skipped round {state.round}: it is void"


def evict(session: Session, federation: Federation, anyone: Account) -> int:
    """Free the seats of parties that no longer take part; returns how many."""
    state, freed = federation.state(), 0
    for party, seat in seats_of(federation).items():
        if not state.seats >> seat & 1:
            act(session, federation.evict(party), anyone, "evict", party, state.round)
            freed += 1
    return freed
