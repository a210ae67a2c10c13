"""Phases in time, as people read them."""

from orchestrator.bindings.competition import Phase
from orchestrator.errors import ChainError
from orchestrator.systems.competition.contracts import Competition
from orchestrator.times import show_moment


def require_phase(competition: Competition, *phases: Phase, what: str) -> None:
    """Raises ChainError that says when `what` opens, or when it closed."""
    phase = competition.phase()
    if phase in phases:
        return
    now = competition.chain.now()
    if phase is Phase.CLOSED:
        outcome = competition.progress().outcome.name.lower()
        raise ChainError(
            f"{what} is over: the competition is closed ({outcome})",
            "What is yours comes out by `diln competition withdraw`.",
        )
    if phase is Phase.SEEDING:
        raise ChainError(f"{what} is not open: the split is not drawn yet", "Draw it: diln competition data.")
    deadlines = competition.schedule()
    opens = {
        Phase.REVEAL: deadlines.training,
        Phase.OPENING: deadlines.reveal,
        Phase.EVALUATION: deadlines.reveal,
    }
    closes = {Phase.TRAINING: deadlines.training, Phase.REVEAL: deadlines.reveal}
    if phase < min(phases):
        moment = show_moment(opens[min(phases)], now)
        raise ChainError(
            f"{what} is not open yet: it opens at {moment}",
            "Run this again then, or `diln competition keep`.",
        )
    moment = show_moment(closes.get(max(phases), deadlines.opening), now)
    raise ChainError(f"{what} closed at {moment}", "See `diln competition show`.")
