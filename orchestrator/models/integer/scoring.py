"""From predictions to the score that the contract computes, as contracts/models/integer/Score.sol does."""

from collections.abc import Iterable

from orchestrator.errors import DataError

METRICS = ("accuracy", "macro-f1", "mae")
ONE = 10**9
MILLION = 10**6
HIGHEST = 2**64 - 1


def points(metric: str, classes: int, prediction: int, label: int) -> int:
    """What one prediction adds to the tally."""
    if metric == "mae":
        return abs(prediction - label)
    if metric == "accuracy":
        return int(prediction == label)
    width = _width(metric, classes)
    added = 1 << (2 * width * prediction)
    return added | (added << width) if prediction == label else added


def tally(metric: str, classes: int, predictions: Iterable[int], labels: Iterable[int]) -> int:
    """The points of all predictions together."""
    return sum(
        points(metric, classes, int(prediction), int(label))
        for prediction, label in zip(predictions, labels, strict=True)
    )


def score(metric: str, classes: int, predictions: Iterable[int], labels: Iterable[int]) -> int:
    """The score, higher is better: billionths for accuracy and macro-F1, 2⁶⁴-1 less millionths for MAE."""
    predictions, labels = [int(p) for p in predictions], [int(label) for label in labels]
    total = tally(metric, classes, predictions, labels)
    if metric == "accuracy":
        return total * ONE // len(labels)
    if metric == "mae":
        return HIGHEST - total * MILLION // len(labels)
    width = _width(metric, classes)
    if len(labels) >> width:
        raise DataError(
            f"{len(labels)} test samples are too many to count {classes} classes in one word",
            f"Macro-F1 takes at most {(1 << width) - 1} of them here; choose accuracy, or fewer test groups.",
        )
    return sum(_f1(total, width, k, labels.count(k)) for k in range(classes)) // classes


def pass_mark(metric: str, criterion: float) -> int:
    """The least score that wins, for a criterion in words: 0.9 of the samples, or a mean error of 2.5."""
    if metric == "mae":
        return HIGHEST - round(criterion * MILLION)
    return round(criterion * ONE)


def readable_score(metric: str, value: int) -> float:
    """A score as a person reads it: a share of 1, or a mean error."""
    return (HIGHEST - value) / MILLION if metric == "mae" else value / ONE


def _f1(total: int, width: int, k: int, actual: int) -> int:
    mask = (1 << width) - 1
    predicted = total >> (2 * width * k) & mask
    right = total >> (width * (2 * k + 1)) & mask
    return 2 * right * ONE // (predicted + actual) if right else 0


def _width(metric: str, classes: int) -> int:
    if metric != "macro-f1" or not 1 <= classes <= 64:
        raise DataError(f"{metric} cannot score {classes} classes", f"Metrics: {', '.join(METRICS)}.")
    return 128 // classes
