"""Pictures of a shared model's life, drawn with matplotlib's objects: no window, no state."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.systems.sum.replaying import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1b2733", "#5b6b7a", "#e3e8ee"
COLORS = ("#2563a8", "#d9730d", "#2f8f5b", "#8b4fb8", "#c0392b", "#0f8a9d")
DAY = 86_400


def draw_history(history: Sequence[Point], title: str, path: Path) -> None:
    """Accuracy on the published test set: by contributions above, over time below."""
    from matplotlib.ticker import MaxNLocator

    figure, [above, below] = _figure(title, 2)
    accuracy = [point.accuracy for point in history]
    days = [(point.time - history[0].time) / DAY for point in history]
    above.plot([point.contributions for point in history], accuracy, color=COLORS[0], linewidth=2)
    below.step(days, accuracy, where="post", color=COLORS[1], linewidth=2)
    above.set(xlabel="contributions", ylabel="accuracy on the test set")
    below.set(xlabel="days since the model was created", ylabel="accuracy on the test set")
    above.xaxis.set_major_locator(MaxNLocator(integer=True))
    above.set_xlim(0, max(1, history[-1].contributions))
    below.set_xlim(0, max(days[-1], 1 / 24))
    for axes in (above, below):
        axes.set_ylim(*_limits(accuracy))
    _save(figure, path)


def draw_simulation(
    title: str,
    times: Sequence[float],
    accuracy: Mapping[str, Sequence[float]],
    balances: Mapping[str, Sequence[float]],
    path: Path,
) -> None:
    """Accuracy above, balances (percent of the start) below, both over days."""
    figure, [above, below] = _figure(title, 2)
    days = [time / DAY for time in times]
    for number, (name, values) in enumerate(accuracy.items()):
        above.plot(days[: len(values)], values, label=name, color=COLORS[number], linewidth=1.8)
    for number, (name, values) in enumerate(balances.items()):
        below.plot(days[: len(values)], values, label=name, color=COLORS[number + 2], linewidth=1.8)
    above.set(ylabel="accuracy on the test set")
    below.set(xlabel="days", ylabel="% of the start balance")
    below.axhline(100, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    for axes in (above, below):
        axes.legend(frameon=False, fontsize=9)
    _save(figure, path)


def _limits(accuracy: Sequence[float]) -> tuple[float, float]:
    """What the axis of an accuracy shows: at least a tenth, so that noise does not look like a cliff."""
    low, high = min(accuracy), max(accuracy)
    rest = max(0.0, 0.1 - (high - low)) / 2 + 0.02
    return max(0.0, min(low - rest, 0.88)), min(1.02, max(high + rest, 0.14))


def _figure(title: str, rows: int) -> "tuple[Figure, Sequence[Axes]]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 1.2 + 3.0 * rows), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.02, ha="left", color=INK, fontsize=12, fontweight="bold")
    found = [figure.add_subplot(rows, 1, row + 1) for row in range(rows)]
    for axes in found:
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        for side in axes.spines.values():
            side.set(color=GRID)
        axes.tick_params(colors=MUTED, labelsize=9)
        for axis in (axes.xaxis, axes.yaxis):
            axis.label.set(color=MUTED, fontsize=10)
    return figure, found


def _save(figure: "Figure", path: Path) -> None:
    """Without the time and the version of matplotlib, so that the same picture is the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", metadata={"Software": None})
