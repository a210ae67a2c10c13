"""The pictures of a report, drawn with matplotlib's objects: no window, no state between pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.learning.data import Dataset
from orchestrator.learning.metrics import CalibrationBin, Metrics, Outcome, class_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1b2733", "#5b6b7a", "#e3e8ee"
BLUE, ORANGE = "#2563a8", "#d9730d"
COLORS = (
    "#2563a8",
    "#d9730d",
    "#2f8f5b",
    "#8b4fb8",
    "#c0392b",
    "#0f8a9d",
    "#a67c00",
    "#c2558f",
    "#5b6b7a",
    "#7a9a01",
)
LEGEND = 10
"""Classes that a legend names; of more, the lines are drawn without names."""


def confusion_matrix(metrics: Metrics, path: Path) -> None:
    """Counts, shaded by the share of their true class."""
    import numpy as np

    counts = np.array(metrics.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(metrics.classes)
    side = min(max(4.2, 1.6 + 0.62 * size), 14.0)
    figure, axes = _figure(f"Confusion matrix · {metrics.rows} held-out rows", side + 0.6, side)
    axes.imshow(shares, cmap=_shades(), vmin=0, vmax=1)
    names = [str(label) for label in metrics.classes]
    axes.set_xticks(
        range(size), names, rotation=0 if _short(names) else 40, ha="center" if _short(names) else "right"
    )
    axes.set_yticks(range(size), names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for row, column in np.ndindex(*counts.shape) if size <= 20 else ():
        _write_count(axes, row, column, int(counts[row, column]), float(shares[row, column]), size)
    _save(figure, path)


def _write_count(axes: "Axes", row: int, column: int, count: int, share: float, size: int) -> None:
    color = "white" if share > 0.5 else (INK if count else "#b4bfca")
    text = f"{count}\n{share:.0%}" if size <= 4 else str(count)
    axes.text(column, row, text, ha="center", va="center", color=color, fontsize=13 if size <= 4 else 9)


def roc_curve(dataset: Dataset, test: Outcome, metrics: Metrics, path: Path) -> bool:
    """One curve for each class against the rest; False where the model gives no scores to rank by."""
    from sklearn import metrics as sk

    figure, axes = _figure(f"ROC curve · area {metrics.values.get('roc_auc', float('nan')):.3f}", 5.4, 5.0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    drawn = 0
    for number, (label, scores) in enumerate(class_scores(dataset, test).items()):
        hits = test.truth == label
        if not hits.any() or hits.all():
            continue
        false, true, _ = sk.roc_curve(hits, scores)
        color = COLORS[number % len(COLORS)]
        axes.plot(
            false,
            true,
            color=color,
            linewidth=2,
            label=f"{label}  ({sk.auc(false, true):.3f})",
            clip_on=False,
        )
        drawn += 1
    axes.set(
        xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1), aspect="equal"
    )
    if 0 < drawn <= LEGEND:
        axes.legend(loc="lower right", frameon=False, fontsize=9, title="class (area)")
    if drawn:
        _save(figure, path)
    return drawn > 0


def calibration_curve(bins: Sequence[CalibrationBin], metrics: Metrics, path: Path) -> None:
    """How often predictions of a confidence come true; beside each point the number of its rows."""
    figure, axes = _figure(f"Calibration · expected error {metrics.values['ece']:.3f}", 5.4, 5.0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="perfect")
    confidence = [part.confidence for part in bins]
    accuracy = [part.accuracy for part in bins]
    sizes = [24 + 280 * part.count / metrics.rows for part in bins]
    axes.plot(confidence, accuracy, color=BLUE, alpha=0.35, linewidth=1.4, clip_on=False)
    axes.scatter(confidence, accuracy, sizes, color=BLUE, edgecolor="white", zorder=3, clip_on=False)
    for part in bins:
        above = 9 if part.accuracy < 0.9 else -17
        axes.annotate(
            f"{part.count}",
            (part.confidence, part.accuracy),
            (0, above),
            textcoords="offset points",
            ha="center",
            color=MUTED,
            fontsize=8,
        )
    binary = metrics.positive is not None
    of = f"probability of {metrics.positive}" if binary else "probability of the likeliest class"
    came = f"share that is {metrics.positive}" if binary else "share that is right"
    axes.set(xlabel=of, ylabel=came, xlim=(0, 1), ylim=(0, 1), aspect="equal")
    _save(figure, path)


def predicted_actual(test: Outcome, metrics: Metrics, path: Path) -> None:
    """Predictions over true values."""
    figure, axes = _figure(f"Predicted and actual · R² {metrics.values['r2']:.3f}", 5.4, 5.0)
    low = float(min(test.truth.min(), test.predicted.min()))
    high = float(max(test.truth.max(), test.predicted.max()))
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    axes.scatter(test.truth, test.predicted, 22, color=BLUE, alpha=0.65, edgecolor="white", linewidth=0.5)
    axes.set(xlabel="actual", ylabel="predicted")
    _save(figure, path)


def residuals(test: Outcome, metrics: Metrics, path: Path) -> None:
    """What was predicted too high (above zero) or too low, over the prediction."""
    figure, axes = _figure(f"Residuals · mean absolute error {metrics.values['mae']:.4g}", 6.0, 4.2)
    axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    difference = test.predicted - test.truth
    axes.scatter(test.predicted, difference, 22, color=ORANGE, alpha=0.65, edgecolor="white", linewidth=0.5)
    axes.set(xlabel="predicted", ylabel="predicted minus actual")
    _save(figure, path)


def _figure(title: str, width: float, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr, call-arg]
    FigureCanvasAgg(figure)
    axes: Axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold", pad=12)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color=GRID, zorder=0.5)
    axes.tick_params(colors=MUTED, labelsize=9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=MUTED, fontsize=10)
    return figure, axes


def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", ["#f6f8fa", "#a9c4e2", BLUE])


def _short(names: list[str]) -> bool:
    """Whether names fit beside each other under their columns."""
    return max(map(len, names)) <= (10 if len(names) <= 4 else 3)


def _save(figure: "Figure", path: Path) -> None:
    """Without the time and the version of matplotlib, so that the same picture is the same file."""
    figure.savefig(path, format="png", metadata={"Software": None})
