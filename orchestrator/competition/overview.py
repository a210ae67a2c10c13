"""A competition at a glance."""

from dataclasses import dataclass

from orchestrator.competition.contracts import Competition
from orchestrator.competition.records import (
    SETTLED,
    Deadlines,
    Mode,
    Outcome,
    Phase,
    Progress,
    Status,
    Submission,
    Terms,
)
from orchestrator.learning.integer import readable_score
from orchestrator.types import Address, Seconds, Wei


@dataclass(frozen=True)
class Standing:
    """A submission with what is known of it: `score` as people read it, `rank` from 1; None where unknown."""

    submission: Submission
    score: float | None
    rank: int | None
    payout: Wei


@dataclass(frozen=True)
class Overview:
    address: Address
    terms: Terms
    phase: Phase
    progress: Progress
    deadlines: Deadlines | None
    test_groups: tuple[int, ...]
    standings: tuple[Standing, ...]

    @property
    def next_deadline(self) -> Seconds | None:
        """When the phase ends by time; None before the split is drawn and after the end."""
        if self.deadlines is None or self.progress.outcome is not Outcome.OPEN:
            return None
        ends = (
            0,
            self.deadlines.training,
            self.deadlines.reveal,
            self.deadlines.opening,
            self.deadlines.final,
        )
        return Seconds(ends[self.phase])


def overview(competition: Competition) -> Overview:
    """Everything that the chain says of a competition."""
    progress = competition.progress()
    ranks = {number: place for place, number in enumerate(competition.ranking(), 1)}
    return Overview(
        address=competition.address,
        terms=competition.terms,
        phase=competition.phase(),
        progress=progress,
        deadlines=competition.deadlines() if progress.drawn_at else None,
        test_groups=tuple(competition.test_groups()),
        standings=tuple(_standing(competition, each, ranks) for each in competition.submissions()),
    )


def _standing(competition: Competition, submission: Submission, ranks: dict[int, int]) -> Standing:
    terms, number, score = competition.terms, submission.number, None
    if submission.status is Status.REVEALED:
        result = competition.result(number)
        known = result.done == terms.test_samples if terms.mode is Mode.DIRECT else result.done > 0
        score = readable_score(terms.metric_name, result.score) if known else None
    return Standing(submission, score, ranks.get(number), competition.payout(number))


def stands(competition: Competition, number: int) -> bool:
    """Whether a submission's score is final."""
    done = competition.result(number).done
    final = competition.terms.test_samples if competition.terms.mode is Mode.DIRECT else SETTLED
    return done == final
