"""A competition at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.bindings.competition import Committed, Mode, Outcome, Phase, Progress, ResultOf, Status
from orchestrator.models.integer import readable_score
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.records import SETTLED, Deadlines, Submission, Terms
from orchestrator.types import Address, Seconds


@dataclass(frozen=True)
class LeaderboardRow:
    """A submission with what is known of it: `score` as people read it, `rank` from 1; None where unknown."""

    submission: Submission
    score: float | None
    rank: int | None
    payout: int


@dataclass(frozen=True)
class Overview:
    address: Address
    terms: Terms
    phase: Phase
    progress: Progress
    deadlines: Deadlines | None
    test_groups: tuple[int, ...]
    leaderboard: tuple[LeaderboardRow, ...]

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


def overview(
    competition: Competition,
    *,
    leaderboard: bool = True,
    last: int | None = None,
    own: Address | None = None,
) -> Overview:
    """Everything that one block says of a competition; without `leaderboard` no submission is read.

    The leaderboard has all submissions; or, with `last`, the best, the last so many, and those of `own`.
    """
    return competition.chain.look(lambda: _overview(competition, leaderboard, last, own))


def _overview(competition: Competition, leaderboard: bool, last: int | None, own: Address | None) -> Overview:
    progress = competition.progress()
    return Overview(
        address=competition.address,
        terms=competition.terms,
        phase=competition.phase(),
        progress=progress,
        deadlines=competition.schedule() if progress.drawn_at else None,
        test_groups=tuple(competition.test_groups()),
        leaderboard=_leaderboard(competition, progress, last, own) if leaderboard else (),
    )


def _leaderboard(
    competition: Competition, progress: Progress, last: int | None, own: Address | None
) -> tuple[LeaderboardRow, ...]:
    ranking = competition.ranking()
    shown: Sequence[int] = range(progress.committed)
    if last is not None and last < progress.committed:
        shown = _shown(competition, ranking, shown[progress.committed - last :], own)
    found = competition.several(shown)
    ranks = {number: place for place, number in enumerate(ranking, 1)}
    results = competition.results([each.number for each in found if each.status is Status.REVEALED])
    closed = progress.outcome is not Outcome.OPEN  # before, nothing is paid out
    payouts = competition.payouts([each.number for each in found]) if closed else {}
    return tuple(
        LeaderboardRow(
            each,
            _score(competition.terms, results.get(each.number)),
            ranks.get(each.number),
            payouts.get(each.number, 0),
        )
        for each in found
    )


def _shown(
    competition: Competition, ranking: Sequence[int], last: Sequence[int], own: Address | None
) -> Sequence[int]:
    """The best, somebody's own, and the last, in their order."""
    mine = competition.events(Committed, submitter=own) if own else ()
    return sorted({*ranking, *last, *(each.submission for each in mine)})


def _score(terms: Terms, result: ResultOf | None) -> float | None:
    if result is None:
        return None
    known = result.done == terms.test_samples if terms.mode is Mode.DIRECT else result.done > 0
    return readable_score(terms.metric_name, result.score) if known else None


def stands(competition: Competition, number: int) -> bool:
    """Whether a submission's score is final."""
    done = competition.result_of(number).done
    final = competition.terms.test_samples if competition.terms.mode is Mode.DIRECT else SETTLED
    return done == final
