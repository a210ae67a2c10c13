"""Who did how well: by the events of a tournament."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bindings import tournament as abi
from orchestrator.bindings.tournament import Expired, Scored, Tournament
from orchestrator.types import Address

ONE = 10**9
MOST_LINES = 8
KINDS = (abi.Opened, abi.Entered, abi.Revealed, Scored, Expired, abi.Voided, abi.Refunded, abi.Closed)
AMOUNTS = {"burnt", "payout", "rest", "share", "stake", "tip"}
SCORES = {"correlation", "contribution"}
"""What numbers in these events are."""


@dataclass(frozen=True)
class Performance:
    """How an entrant did in a round; scores are None where none was computed, amounts in smallest units."""

    round: int
    who: Address
    correlation: float | None
    contribution: float | None
    payout: int


@dataclass(frozen=True)
class LeaderboardRow:
    """An entrant over all rounds: means are over scored rounds, None where there are none."""

    who: Address
    rounds: int
    correlation: float | None
    contribution: float | None
    payout: int


def performances(tournament: Tournament, who: Address | None = None) -> list[Performance]:
    """What was settled by score or expiry, by round."""
    filters = {} if who is None else {"who": who}
    scored = [
        Performance(each.round, each.who, each.correlation / ONE, each.contribution / ONE, each.payout)
        for each in tournament.events(Scored, None, None, **filters)
    ]
    expired = [
        Performance(each.round, each.who, None, None, -each.burnt - each.tip)
        for each in tournament.events(Expired, None, None, **filters)
    ]
    return sorted(scored + expired, key=lambda each: (each.round, each.who))


def leaderboard(tournament: Tournament) -> list[LeaderboardRow]:
    """Everyone who was settled, the best mean correlation first."""
    by_entrant: dict[Address, list[Performance]] = {}
    for each in performances(tournament):
        by_entrant.setdefault(each.who, []).append(each)
    rows = []
    for who, found in by_entrant.items():
        correlation = _mean([each.correlation for each in found if each.correlation is not None])
        contribution = _mean([each.contribution for each in found if each.contribution is not None])
        rows.append(
            LeaderboardRow(who, len(found), correlation, contribution, sum(each.payout for each in found))
        )
    return sorted(rows, key=lambda row: (row.correlation is None, -(row.correlation or 0), row.who))


def draw(found: Sequence[Performance], names: dict[Address, str], title: str, path: Path) -> None:
    """A picture (PNG) of correlation over rounds, a line for each of the first entrants, by name."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.2), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for who in list(dict.fromkeys(each.who for each in found))[:MOST_LINES]:
        points = [(each.round, each.correlation) for each in found if each.who == who]
        lines = [(number, value) for number, value in points if value is not None]
        axes.plot(
            *zip(*lines, strict=True) if lines else ([], []), marker="o", label=names.get(who, who[:10])
        )
    axes.axhline(0, color="#5b6b7a", linewidth=1)
    axes.set(
        xlabel="round", ylabel="correlation", title=title.replace("$", r"\$")
    )  # matplotlib would take it for mathematics
    axes.set_xticks(sorted({each.round for each in found}))
    if found:
        axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, format="png", metadata={"Software": None})


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
