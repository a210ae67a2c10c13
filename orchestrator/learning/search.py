"""Choose hyper-parameters by cross-validation, one fit at a time, so that progress can be shown.

Only functions of scikit-learn are sent to workers: a cluster needs scikit-learn, not DILN.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.data import Dataset
from orchestrator.learning.spec import Range, Search, Spec

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    Rows = tuple[pd.DataFrame, pd.Series]
    """Features and labels."""

FACTOR = 3
"""A halving search keeps one of so many candidates in each round, and gives it so many times the rows."""

_SCORES = {"mae": "neg_mean_absolute_error", "rmse": "neg_root_mean_squared_error"}


@dataclass(frozen=True)
class Candidate:
    """Parameters that were tried: the mean and spread of their scores over the folds, on `rows` rows."""

    parameters: dict[str, Any]
    mean: float
    std: float
    rows: int


def count_fits(search: Search | None) -> int:
    """How many fits a search takes."""
    if search is None:
        return 0
    rounds = _rounds(len(_candidates(search, 0)), search.kind)
    return search.folds * sum(candidates for candidates, _ in rounds)


def run_search(
    spec: Spec,
    search: Search,
    pipeline: "Pipeline",
    dataset: Dataset,
    rows: tuple["pd.DataFrame", "pd.Series[Any]"],
    tick: Callable[[], None],
) -> list[Candidate]:
    """Score every candidate on training `rows` (features, labels); the best comes first.

    Of equal scores the candidate wins that was listed first. `tick` is called after every fit.
    """
    check_folds(dataset, rows[1], search.folds)
    candidates = _candidates(search, spec.split.seed)
    scorer = _scorer(spec, search, dataset)
    tried: list[Candidate] = []
    for count, share in _rounds(len(candidates), search.kind):
        candidates = candidates[:count]
        part = _subset(rows, share, dataset, search, spec.split.seed)
        ranked = _score(spec, search, pipeline, dataset, part, candidates, scorer, tick)
        tried = ranked + tried[count:]
        candidates = [candidate.parameters for candidate in ranked]
    return tried


def check_folds(dataset: Dataset, labels: "pd.Series[Any]", folds: int) -> None:
    """Every class needs a row in each fold."""
    if dataset.task == "regression":
        if len(labels) < 2 * folds:
            raise DataError(f"{len(labels)} rows are too few for {folds} folds", "set search.folds lower")
        return
    for label, count in labels.value_counts().items():
        if count < folds:
            raise DataError(
                f"Class {label!r} has {count} training rows, too few for {folds} folds",
                f"set search.folds to {max(count, 2)}"
                if count > 1
                else "set data.cleaning.smallest_class = 5",
            )


def _candidates(search: Search, seed: int) -> list[dict[str, Any]]:
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    if search.kind != "random":
        return list(ParameterGrid(dict(search.parameters)))
    space = {name: _distribution(values) for name, values in search.parameters.items()}
    finite = all(isinstance(values, list) for values in search.parameters.values())
    count = min(search.iterations, len(ParameterGrid(space))) if finite else search.iterations
    sampled = ParameterSampler(space, count, random_state=seed)
    return [{name: _python(value) for name, value in candidate.items()} for candidate in sampled]


def _python(value: object) -> Any:
    """Numbers of numpy, which distributions give, as Python's."""
    import numpy as np

    return value.item() if isinstance(value, np.generic) else value


def _distribution(values: list[Any] | Range) -> Any:
    from scipy import stats

    if isinstance(values, list):
        return values
    whole = isinstance(values.low, int) and isinstance(values.high, int)
    if values.scale == "log" and not whole:
        return stats.loguniform(values.low, values.high)
    if values.scale == "log":
        return _whole_log(int(values.low), int(values.high))
    if whole:
        return stats.randint(int(values.low), int(values.high) + 1)
    return stats.uniform(values.low, values.high - values.low)


def _whole_log(low: int, high: int) -> list[int]:
    """Whole numbers that lie evenly on a log scale."""
    import numpy as np

    return sorted({int(number) for number in np.geomspace(low, high, 200).round()})


def _rounds(candidates: int, kind: str) -> Iterator[tuple[int, float]]:
    """How many candidates compete on which share of the rows."""
    if kind != "halving":
        yield candidates, 1.0
        return
    counts = [candidates]
    while counts[-1] > 1:
        counts.append(-(-counts[-1] // FACTOR))
    for number, count in enumerate(counts):
        yield count, FACTOR ** (number - len(counts) + 1)


def _subset(rows: "Rows", share: float, dataset: Dataset, search: Search, seed: int) -> "Rows":
    """A seeded, stratified share of the rows, with enough of every class for the folds."""
    from sklearn.model_selection import train_test_split

    features, labels = rows
    fewest = labels.value_counts().min() if dataset.task == "classification" else len(labels) / 2
    share = max(share, min(1.0, (search.folds + 1) / fewest))
    if share >= 1.0:
        return rows
    by = labels if dataset.task == "classification" else None
    features, _, labels, _ = train_test_split(
        features, labels, train_size=share, random_state=seed, stratify=by
    )
    return features, labels


def _score(
    spec: Spec,
    search: Search,
    pipeline: "Pipeline",
    dataset: Dataset,
    rows: "Rows",
    candidates: list[dict[str, Any]],
    scorer: Callable[..., float],
    tick: Callable[[], None],
) -> list[Candidate]:
    import numpy as np
    from sklearn.base import clone
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
    from sklearn.utils.parallel import delayed

    features, labels = rows
    kind = StratifiedKFold if dataset.task == "classification" else KFold
    folds = list(kind(search.folds, shuffle=True, random_state=spec.split.seed).split(features, labels))
    models = [clone(pipeline).set_params(**_named(candidate)) for candidate in candidates]
    jobs = [
        delayed(cross_val_score)(model, features, labels, scoring=scorer, cv=[fold], error_score="raise")
        for model in models
        for fold in folds
    ]
    scores = []
    for score in _results(jobs):
        scores.append(float(score[0]))
        tick()
    table = np.array(scores).reshape(len(candidates), len(folds))
    found = [
        Candidate(parameters, float(row.mean()), float(row.std()), len(labels))
        for parameters, row in zip(candidates, table, strict=True)
    ]
    return sorted(found, key=lambda candidate: -candidate.mean)


def _results(jobs: list[Any]) -> Iterator[Any]:
    """Results in order, as soon as they are there; in batches from engines that return no generator (Ray)."""
    from joblib.parallel import get_active_backend
    from sklearn.utils.parallel import Parallel

    backend, workers = get_active_backend()
    if backend.supports_return_generator:
        yield from Parallel(return_as="generator")(jobs)
        return
    size = 2 * max(1, backend.effective_n_jobs(workers))
    for begin in range(0, len(jobs), size):
        yield from Parallel()(jobs[begin : begin + size])


def _named(parameters: dict[str, Any]) -> dict[str, Any]:
    return {f"model__{name}": value for name, value in parameters.items()}


def _scorer(spec: Spec, search: Search, dataset: Dataset) -> Any:
    """scikit-learn's scorer for the metric that the spec names, or for f1 and r2."""
    from sklearn import metrics

    name = search.scoring or ("f1" if dataset.task == "classification" else "r2")
    if (name in ("r2", "mae", "rmse")) != (dataset.task == "regression"):
        raise spec.fault("search.scoring", f"{name} does not measure a {dataset.task}")
    if name in ("precision", "recall", "f1"):
        function = getattr(metrics, f"{name}_score")
        if dataset.positive is None:
            return metrics.make_scorer(function, average="macro", zero_division=0.0)
        return metrics.make_scorer(function, pos_label=dataset.positive, zero_division=0.0)
    if name == "roc_auc":
        return metrics.get_scorer("roc_auc" if dataset.positive is not None else "roc_auc_ovr")
    return metrics.get_scorer(_SCORES.get(name, name))
