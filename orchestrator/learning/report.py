"""A report for people: pictures, the figures as JSON, and a page of Markdown."""

import json
from pathlib import Path

from orchestrator.learning import plots
from orchestrator.learning.description import describe
from orchestrator.learning.metrics import Metrics
from orchestrator.learning.profile import cleaning_done, types_found
from orchestrator.learning.training import Training

_NAMES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
    "ece": "Expected calibration error",
    "r2": "R²",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "gap": "Gap to the training score",
}


def write_report(training: Training, folder: Path) -> list[Path]:
    """Write `metrics.json`, `report.md` and the pictures into `folder`; their paths, in this order.

    Classification: `confusion.png`, `roc.png`, `calibration.png` (the last two where the estimator gives
    scores and probabilities). Regression: `predicted.png`, `residuals.png`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(training, folder)
    figures = folder / "metrics.json"
    figures.write_text(json.dumps(to_json(training), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    page = folder / "report.md"
    page.write_text(_markdown(training, pictures), encoding="utf-8")
    return [figures, page, *pictures]


def to_json(training: Training) -> dict[str, object]:
    """All figures of a training."""
    return {
        "metrics": training.metrics.to_json(),
        "gate": [
            {"metric": line.metric, line.bound: line.threshold, "value": line.value, "passed": line.passed}
            for line in training.gate
        ],
        "passed": training.passed,
        "split": training.split.to_json(),
        "best_params": training.best_params,
        "candidates": [
            {"parameters": tried.parameters, "mean": tried.mean, "std": tried.std, "rows": tried.rows}
            for tried in training.candidates
        ],
        "model": describe(training.model).to_json(),
        "warnings": training.warnings,
    }


def _pictures(training: Training, folder: Path) -> list[Path]:
    metrics, test = training.metrics, training.test
    if metrics.task == "regression":
        plots.predicted_actual(test, metrics, folder / "predicted.png")
        plots.residuals(test, metrics, folder / "residuals.png")
        return [folder / "predicted.png", folder / "residuals.png"]
    plots.confusion_matrix(metrics, folder / "confusion.png")
    drawn = [folder / "confusion.png"]
    if plots.roc_curve(training.dataset, test, metrics, folder / "roc.png"):
        drawn.append(folder / "roc.png")
    if metrics.calibration:
        plots.calibration_curve(metrics.calibration, metrics, folder / "calibration.png")
        drawn.append(folder / "calibration.png")
    return drawn


def _markdown(training: Training, pictures: list[Path]) -> str:
    metrics, description = training.metrics, describe(training.model)
    data = training.dataset.provenance
    lines = [
        f"# {description.algorithm.rpartition('.')[2]} on {data.source}",
        "",
        f"Trained on {metrics.training_rows} rows, measured on {metrics.rows} rows held out from training"
        f" (seed {training.split.seed}). Data: SHA-256 `{data.sha256}`, {data.rows} rows after cleaning.",
        "",
        *_data(training),
        *_table(metrics),
        "",
        *_gate(training),
        *_groups(training.metrics),
        *_importances(training.metrics),
        *(f"![{picture.stem}]({picture.name})\n" for picture in pictures),
    ]
    if training.warnings:
        lines += ["Warnings of the last fit:", "", *(f"- {warning}" for warning in training.warnings), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(metrics: Metrics) -> list[str]:
    lines = ["| | held out | baseline | training |", "|---|---:|---:|---:|"]
    for name, value in metrics.values.items():
        baseline, training = metrics.baseline.get(name), metrics.training.get(name)
        lines.append(f"| {_NAMES[name]} | {value:.4f} | {_figure(baseline)} | {_figure(training)} |")
    lines += ["", "The baseline is the best that one and the same answer for all held-out rows reaches."]
    if metrics.positive is not None:
        lines += ["", f"Precision, recall and F1 are about `{metrics.positive}`."]
    return lines


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _data(training: Training) -> list[str]:
    told = [*types_found(training.dataset), *cleaning_done(training.dataset), *training.notes]
    return [*(f"- {line}" for line in told), ""]


def _groups(metrics: Metrics) -> list[str]:
    lines = []
    for column, groups in metrics.groups.items():
        names = list(next(iter(groups.values()), {}))
        lines += [f"| {column} | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
        for group, figures in groups.items():
            lines.append(f"| {group} | {' | '.join(_figure(figures.get(name)) for name in names)} |")
        lines.append("")
    return lines


def _importances(metrics: Metrics) -> list[str]:
    if not metrics.importances:
        return []
    lines = [f"| {name} | {value:.4f} |" for name, value in metrics.importances.items()]
    return ["| column | what the score loses without it |", "|---|---:|", *lines, ""]


def _gate(training: Training) -> list[str]:
    if not training.gate:
        return []
    verdict = "The model passes its gate:" if training.passed else "The model does not pass its gate:"
    return [verdict, "", *(f"- {line}" for line in training.gate), ""]
