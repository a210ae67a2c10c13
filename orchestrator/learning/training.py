"""Train a pipeline: split, search, fit, measure."""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError, SpecError
from orchestrator.learning.data import Dataset
from orchestrator.learning.engines import running_on
from orchestrator.learning.explaining import by_group, importances
from orchestrator.learning.metrics import GateResult, Metrics, Outcome, check_gate, measure, outcome
from orchestrator.learning.preprocessing import build_pipeline
from orchestrator.learning.profile import warnings_about
from orchestrator.learning.search import Candidate, count_fits, run_search
from orchestrator.learning.spec import Spec
from orchestrator.types import Report

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


_OF_REGRESSION = ("r2", "mae", "rmse")


@dataclass(frozen=True)
class Split:
    """Which rows were held out: `test` and `train` are row numbers of the data set, ascending."""

    train: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
    stratified: bool

    def to_json(self) -> dict[str, Any]:
        """Sizes and seed: with the data they give the same rows again."""
        return {
            "seed": self.seed,
            "stratified": self.stratified,
            "training_rows": len(self.train),
            "test_rows": len(self.test),
        }


@dataclass(frozen=True)
class Training:
    """A trained model and what was found out about it.

    `best_params` is empty without a search, `candidates` then too. `gate` holds a line for each key of the
    spec's gate; `passed` says whether all hold. `warnings` are scikit-learn's, of the last fit, `notes` ours
    about the data.
    """

    model: "Pipeline"
    dataset: Dataset
    split: Split
    metrics: Metrics
    test: Outcome
    gate: list[GateResult]
    best_params: dict[str, Any]
    candidates: list[Candidate]
    engine: str
    seconds: float
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the model may be published as deployable."""
        return all(result.passed for result in self.gate)


def train(
    spec: Spec,
    dataset: Dataset,
    *,
    engine: str = "local",
    address: str | None = None,
    progress: Report | None = None,
) -> Training:
    """Train the model that `spec` describes.

    The same spec, data, seed and library versions give the same model on every engine. `progress(done,
    total)` is called after each fit. Raises SpecError for parameters that the estimator refuses, DataError
    for data that cannot be split or learned from, EngineError where the engine is missing or does not answer.
    """
    began = time.perf_counter()
    _check_gate_metrics(spec, dataset)
    pipeline = build_pipeline(spec, dataset)
    split = split_rows(spec, dataset)
    rows = dataset.X.iloc[list(split.train)], dataset.y.iloc[list(split.train)]
    fits = count_fits(spec.search) + 1
    tick = _ticker(progress, fits)
    with running_on(engine, address, fits * rows[0].size), _explained(spec):
        candidates = _search(spec, pipeline, dataset, rows, tick)
        best = candidates[0].parameters if candidates else {}
        pipeline.set_params(**{f"model__{name}": value for name, value in best.items()})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pipeline.fit(*rows)
        tick()
    test = outcome(pipeline, dataset.X.iloc[list(split.test)], dataset.y.iloc[list(split.test)])
    metrics = measure(dataset, test, outcome(pipeline, *rows))
    metrics = _explain(spec, dataset, pipeline, split, test, metrics)
    _forget_machine(pipeline)
    return Training(
        model=pipeline,
        dataset=dataset,
        split=split,
        metrics=metrics,
        test=test,
        gate=check_gate(spec.gate, metrics),
        best_params=best,
        candidates=candidates,
        engine=engine,
        seconds=time.perf_counter() - began,
        notes=warnings_about(dataset, spec.model),
        warnings=sorted({str(warning.message).splitlines()[0] for warning in caught}),
    )


def _explain(
    spec: Spec, dataset: Dataset, pipeline: "Pipeline", split: Split, test: Outcome, metrics: Metrics
) -> Metrics:
    """The metrics with what [report] asks for."""
    held_out = list(split.test)
    rows, labels = dataset.X.iloc[held_out], dataset.y.iloc[held_out]
    groups = by_group(spec, dataset, test, rows)
    asked = spec.report.importances
    return replace(
        metrics,
        groups=groups,
        importances=importances(spec, dataset, pipeline, rows, labels) if asked else {},
    )


def split_rows(spec: Spec, dataset: Dataset) -> Split:
    """Hold out rows. Raises DataError where a class has too few rows for both sides."""
    from sklearn.model_selection import train_test_split

    stratify = spec.split.stratify and dataset.task == "classification"
    _check_sizes(spec, dataset, stratify=stratify)
    train, test = train_test_split(
        range(len(dataset.y)),
        test_size=spec.split.test_size,
        random_state=spec.split.seed,
        stratify=dataset.y if stratify else None,
    )
    if dataset.task == "classification" and (missing := set(dataset.classes) - set(dataset.y.iloc[train])):
        raise DataError(
            f"No training row is of class {min(missing, key=str)!r}",
            "set split.stratify = true and data.cleaning.smallest_class = 2",
        )
    return Split(tuple(sorted(train)), tuple(sorted(test)), spec.split.seed, stratify)


def _check_sizes(spec: Spec, dataset: Dataset, *, stratify: bool) -> None:
    rows, size = len(dataset.y), spec.split.test_size
    held_out = math.ceil(rows * size)
    counts = dict(dataset.y.value_counts()) if stratify else {}
    if single := [label for label, count in counts.items() if count < 2]:
        raise DataError(
            f"Class {single[0]!r} has a single row: too few to split",
            "set data.cleaning.smallest_class = 2 to drop such classes, or add rows",
        )
    if min(held_out, rows - held_out) < 2:
        raise DataError(f"{rows} rows are too few to hold out {size:.0%} of them")
    if min(held_out, rows - held_out) < len(counts):
        raise DataError(
            f"{held_out} of {rows} rows are held out, too few for one of each of {len(counts)} classes",
            "set split.test_size higher",
        )


def _search(
    spec: Spec,
    pipeline: "Pipeline",
    dataset: Dataset,
    rows: tuple["pd.DataFrame", "pd.Series[Any]"],
    tick: Callable[[], None],
) -> list[Candidate]:
    """Candidates, the best first. Warnings of single fits are not kept: the last fit repeats what matters."""
    if spec.search is None:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_search(spec, spec.search, pipeline, dataset, rows, tick)


def _forget_machine(pipeline: "Pipeline") -> None:
    """Remove what differs between machines: a number of threads, and an address in memory."""
    mapper = getattr(pipeline[-1], "_bin_mapper", None)
    if mapper is not None:
        mapper.n_threads = None
    for name, part, _ in pipeline[0].transformers_:
        if name.startswith("text "):
            vars(part[0]).pop("_stop_words_id", None)


def _ticker(progress: Report | None, total: int) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return tick


def _check_gate_metrics(spec: Spec, dataset: Dataset) -> None:
    for metric in spec.gate:
        if metric != "gap" and (metric in _OF_REGRESSION) != (dataset.task == "regression"):
            raise spec.fault(f"gate.{metric}", f"{metric} does not measure a {dataset.task}")


@contextmanager
def _explained(spec: Spec) -> Iterator[None]:
    """Say what scikit-learn refuses in terms of the spec and the data."""
    from sklearn.utils._param_validation import InvalidParameterError

    try:
        yield
    except InvalidParameterError as error:
        raise _refused(spec, str(error)) from error
    except (ValueError, TypeError, FloatingPointError) as error:
        raise DataError(
            f"{spec.model.estimator} cannot learn from this data: {str(error).splitlines()[0]}",
            "look at [model.parameters] and at the columns of the data",
        ) from error


def _refused(spec: Spec, message: str) -> SpecError:
    """scikit-learn says: The 'C' parameter of LogisticRegression must be … ."""
    name = message.partition("'")[2].partition("'")[0]
    table = "search" if spec.search and name in spec.search.parameters else "model"
    return spec.fault(f"{table}.parameters.{name}", message)
