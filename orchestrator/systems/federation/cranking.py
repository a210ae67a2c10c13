"""What anybody may do so that a federation goes on: begin, draw, finalize, skip, close."""

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import Account
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.rounds import (
    ballot_of,
    has_committee,
    judged_at,
    pending_claim,
    phase_of,
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
        at = draws_at(federation, now)
        if at is None or now < at:
            return ""
        fixed = ballot_of(federation) is not None
        act(session, federation.draw(), anyone, "committee" if fixed else "draw", state.round)
        return "drew the committee" if fixed else "fixed the block that the committee is drawn from"
    if phase in (Phase.REVEALING, Phase.JUDGING, Phase.CLAIMING):
        return _skip(session, federation, anyone, phase)
    return ""


def draws_at(federation: Federation, now: Seconds) -> Seconds | None:
    """When anybody should send the draw in the time for scores; None for never.

    The first scores draw the committee. It is drawn without any once half of their time is over, or of the
    blocks that every chain shows: a seat that is not drawn pays nothing for its silence.
    """
    ballot = federation.ballot()
    if ballot.round != federation.state().round:
        return now
    if ballot.committee or not (expected := ballot_of(federation)) or not expected.committee:
        return None
    if federation.chain.head().number > ballot.drawn_from + SHOWN // 2:
        return now
    return Seconds(judged_at(federation) - federation.terms.judging // 2)


def _finalize(session: Session, federation: Federation, anyone: Account) -> str:
    claim, state = pending_claim(federation), federation.state()
    if claim is None or state.demanded or session.chain.now() < federation.clock().ends_at:
        return ""
    act(session, federation.finalize(claim), anyone, "finalize", state.round)
    return f"finalized round {state.round}"


def _skip(session: Session, federation: Federation, anyone: Account, phase: Phase) -> str:
    """Only where the round cannot go on, which the contract knows."""
    state = federation.state()
    late = phase is Phase.CLAIMING and session.chain.now() >= federation.clock().ends_at
    if not (late or _is_short(federation, phase)) or state.demanded:
        return ""
    act(session, federation.skip(), anyone, "skip", state.round)
    return f"skipped round {state.round}: it is void"


def _is_short(federation: Federation, phase: Phase) -> bool:
    """Whether so few have committed, or revealed, or told what unmasks them, that the round is void."""
    state, quorum = federation.state(), federation.terms.quorum
    few = state.committed.bit_count() < quorum
    few = few or (phase is not Phase.REVEALING and state.revealed.bit_count() < quorum)
    return few or (is_masked(federation) and federation.masks().lost)


def due(federation: Federation, now: Seconds) -> Seconds | None:
    """When `crank` has something to do: at the end of the phase, or now where it cannot go on."""
    clock, state = federation.clock(), federation.state()
    phase, end = Phase(clock.phase), Seconds(clock.ends_at)
    if phase is Phase.CLOSED or (state.demanded and phase is Phase.CHALLENGING):
        return None
    if phase is Phase.JOINING:
        return now if state.seats.bit_count() == federation.terms.seats else end
    if phase in (Phase.COMMITTING, Phase.CHALLENGING):
        return end
    if _is_short(federation, phase):
        return now
    draws = phase is Phase.JUDGING and has_committee(federation)
    return (draws_at(federation, now) if draws else None) or end
