"""Whose updates did not count in a round, and why, in words that anybody can check."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.bindings.federation import (
    Claimed,
    Committed,
    DemandClosed,
    Drawn,
    Federation,
    Finalized,
    Fined,
    Part,
    Policy,
    ScoresCommitted,
    ScoresRevealed,
    Voted,
)
from orchestrator.chain.bound import Event
from orchestrator.systems.federation.masking import SEATS, seats_in
from orchestrator.systems.federation.rounds import Finished, finished, has_votes, revealed_in, seats_of
from orchestrator.systems.federation.simulation.judging import SCALE, accepted, medians
from orchestrator.types import Address

LANE = 16
"""Bits of a seat's score in a word."""


@dataclass(frozen=True)
class LeftOut:
    """A party whose update is not in the model of a round."""

    round: int
    party: Address
    why: str


def left_out(federation: Federation, ends: list[Finished] | None = None) -> list[LeftOut]:
    """Of the finalized rounds, or those of `ends`; the oldest first, by seat."""
    return [one for each in (finished(federation) if ends is None else ends) for one in _of(federation, each)]


def _of(federation: Federation, end: Finished) -> Iterator[LeftOut]:
    number, claim = end.finalized.round, end.claim
    revealed = {each.party for each in revealed_in(federation, number)}
    committed = {each.seat for each in federation.events(Committed, round=number)}
    middles = _medians(federation, end, revealed)
    for party, seat in sorted(seats_of(federation, end.finalized).items(), key=lambda each: each[1]):
        if party not in revealed:
            if seat in committed:
                yield LeftOut(number, party, "committed to, and not revealed in time")
        elif not claim.accepted >> seat & 1:
            yield LeftOut(number, party, _why(federation, number, party, seat, middles))
        elif not claim.selected >> seat & 1:
            yield LeftOut(number, party, f"the rule {federation.terms.rule.word} did not select it")


def _why(federation: Federation, number: int, party: Address, seat: int, middles: dict[int, int]) -> str:
    """Why a revealed update was not accepted."""
    closed = federation.events(DemandClosed, round=number, party=party)
    if any(each.silent and each.part == Part.UPDATE for each in closed):
        return "its file was demanded, and nobody showed it"
    if federation.terms.policy is Policy.LEARNING:
        return "another model was better on the test set"
    if has_votes(federation):
        return "it had too few votes"
    if seat not in middles:
        return "its policy did not take it"
    middle = sorted(middles.values())[(len(middles) - 1) // 2]
    return (
        f"the committee's median error of it is {in_words(middles[seat])}, of all updates "
        f"{in_words(middle)}; up to {in_words(middle * 3 // 2)} is in"
    )


def _medians(federation: Federation, end: Finished, revealed: set[Address]) -> dict[int, int]:
    """By seat, the committee's medians; none where they are not why the accepted ones are."""
    if federation.terms.policy is not Policy.QUALITY:
        return {}
    columns = sorted(seat for who, seat in seats_of(federation, end.finalized).items() if who in revealed)
    told = list(federation.events(ScoresRevealed, round=end.finalized.round))
    if len(told) < 2 or not columns:  # of one, nobody but itself judges its own
        return {}
    words = [[lanes(each.scores)[seat] for seat in columns] for each in told]
    own = [columns.index(each.seat) if each.seat in columns else None for each in told]
    found = medians(words, own)
    right = sum(1 << columns[place] for place in accepted(found)) == end.claim.accepted
    return dict(zip(columns, found, strict=True)) if right else {}


def about(event: Event) -> str:
    """The event's masks and scores in words; empty where it has none."""
    if isinstance(event, ScoresRevealed):
        return f"errors it measured: {scores_in_words(event.scores)}"
    if isinstance(event, Claimed):
        chosen = seats_in_words(event.claim.selected)
        return f"in: seats {seats_in_words(event.claim.accepted)}; selected: {chosen}"
    if isinstance(event, Finalized | Voted):
        return f"in: seats {seats_in_words(event.accepted)}"
    if isinstance(event, Fined):
        return f"fined: seats {seats_in_words(event.mask)}; shared by: {seats_in_words(event.acted)}"
    if isinstance(event, ScoresCommitted):
        return f"committed: seats {seats_in_words(event.seats)}"
    return f"committee: seats {seats_in_words(event.committee)}" if isinstance(event, Drawn) else ""


def in_words(score: int) -> str:
    """A score as the share that people read: 0 is best, 1 the worst."""
    return f"{score / SCALE:.3f}"


def scores_in_words(word: int) -> str:
    """A scorer's word, seat by seat; what is zero, as its own and those of nobody, is left out."""
    told = enumerate(lanes(word))
    return ", ".join(f"seat {seat} {in_words(score)}" for seat, score in told if score) or "all 0"


def lanes(word: int, seats: int = SEATS) -> list[int]:
    """What a word has for each seat."""
    return [word >> LANE * seat & SCALE for seat in range(seats)]


def seats_in_words(mask: int) -> str:
    """The seats of a mask."""
    return ", ".join(map(str, seats_in(mask))) or "none"
