"""What an experiment is: a table, a picture, and what has to hold."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from orchestrator.types import Report

INK, MUTED, GRID = "#1b2733", "#5b6b7a", "#e3e8ee"
COLORS = ("#2563a8", "#d9730d", "#2f8f5b", "#8b4fb8", "#c0392b", "#0f8a9d", "#7a6a2f", "#b0417a")

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One thing that has to hold, the figures it was seen by, and, where it is missed, why."""

    claim: str
    met: bool
    figures: str = ""
    reason: str = ""

    @classmethod
    def at_least(cls, claim: str, values: Sequence[float], bound: float, reason: str = "") -> Self:
        """That none of `values` is below `bound`."""
        return cls(claim, min(values) >= bound, f"least {min(values):.3f}, asked for {bound:g}", reason)

    @classmethod
    def at_most(cls, claim: str, values: Sequence[float], bound: float, reason: str = "") -> Self:
        """That none of `values` is above `bound`."""
        return cls(claim, max(values) <= bound, f"greatest {max(values):.3f}, allowed {bound:g}", reason)


@dataclass(frozen=True)
class Picture:
    """Columns of the table as lines over another one; with `bars`, side by side instead."""

    x: str
    lines: tuple[str, ...]
    y: str = "accuracy on the test rows"
    bars: bool = False


@dataclass(frozen=True)
class Outcome:
    """`rows` of figures; those of time are in `timing`, so that the rest is the same at every run."""

    rows: list[Row]
    checks: list[Check]
    picture: Picture
    timing: Row = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return all(check.met for check in self.checks)


Run = Callable[[Report | None], Outcome]


@dataclass(frozen=True)
class Experiment:
    """`title` is one sentence, `source` what it repeats."""

    name: str
    title: str
    source: str
    run: Run


def experiment(title: str, source: str) -> Callable[[Run], Experiment]:
    """What makes a function an experiment, which is named as its module."""
    return lambda run: Experiment(run.__module__.rpartition(".")[2].replace("_", "-"), title, source, run)


def counted(items: Collection[T], progress: Report | None) -> Iterator[T]:
    """Each of `items`; `progress` hears how many are done, and of how many."""
    for number, each in enumerate(items, 1):
        yield each
        if progress:
            progress(number, len(items))


def write(experiment: Experiment, outcome: Outcome, folder: Path) -> list[Path]:
    """Write the picture and the figures into `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, figures = folder / f"{experiment.name}.png", folder / f"{experiment.name}.json"
    draw(experiment.title, outcome, picture)
    body = {
        "experiment": experiment.name,
        "source": experiment.source,
        "rows": outcome.rows,
        "checks": [vars(check) for check in outcome.checks],
    }
    figures.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [picture, figures]


def draw(title: str, outcome: Outcome, path: Path) -> None:
    """Without a window, the time and matplotlib's version, so that the same figures are the same file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = outcome.picture
    figure = Figure(figsize=(7.6, 4.2), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.02, ha="left", color=INK, fontsize=12, fontweight="bold")
    axes = figure.add_subplot()
    places = range(len(outcome.rows))
    for number, line in enumerate(picture.lines):
        values = [row[line] for row in outcome.rows]
        color, label = COLORS[number % len(COLORS)], line.replace("_", " ")
        if picture.bars:
            width = 0.8 / len(picture.lines)
            axes.bar(
                [x + (number + 0.5) * width - 0.4 for x in places], values, width, color=color, label=label
            )
        else:
            axes.plot(places, values, color=color, label=label, linewidth=1.8, marker="o", markersize=4)
    axes.set_xticks(list(places), [_tick(row[picture.x]) for row in outcome.rows])
    axes.set_xlabel(picture.x.replace("_", " "), color=MUTED, fontsize=10)
    axes.set_ylabel(picture.y, color=MUTED, fontsize=10)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=9)
    for side in axes.spines.values():
        side.set(color=GRID)
    if len(picture.lines) > 1:
        axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, format="png", metadata={"Software": None})


def _tick(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
