"""Train a model and write down what it is: the first half of the job, which needs no chain."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from orchestrator.config import Settings
from orchestrator.errors import UsageError
from orchestrator.git import git
from orchestrator.learning.data import Dataset, Reading, load_dataset
from orchestrator.learning.description import describe as describe_model
from orchestrator.learning.metrics import GateResult
from orchestrator.learning.modelfile import save_model
from orchestrator.learning.report import write_report
from orchestrator.learning.spec import Spec, load_spec
from orchestrator.learning.training import Training
from orchestrator.learning.training import train as fit
from orchestrator.provenance import (
    Artifact,
    Condition,
    DataRecord,
    Environment,
    Evaluation,
    Feature,
    Gate,
    GitState,
    Manifest,
    Parent,
    ReadingRecord,
    TrainingRecord,
    describe,
)
from orchestrator.storage import DEFAULT_PROFILE, PutResult, digest_bytes, digest_file
from orchestrator.systems.prove.runs import Run, find_run, scratch
from orchestrator.systems.prove.sealing import check_private, keep
from orchestrator.types import Report

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


def train(
    settings: Settings,
    spec_file: Path = Path("diln.toml"),
    *,
    engine: str = "local",
    address: str | None = None,
    parents: tuple[str, ...] = (),
    encrypt_to: tuple[str, ...] = (),
    publish_metrics: bool = False,
    publish_statistics: bool = False,
    progress: Report | None = None,
    clock: Clock = _now,
) -> tuple[Run, Training]:
    """Train what `spec_file` describes, test it on held-out data, keep model, manifest and report as a run.

    `engine` is local, dask or ray, the latter two at `address`. `parents` name the runs that the new model
    was made from. The same spec, data, seed and libraries give the same model, byte for byte.

    The manifest tells type and share of missing values of each column; `publish_statistics` adds extremes,
    means and the most frequent values.

    With `encrypt_to` (age public keys) the model is private: beside it the run keeps `model.age`, which only
    these recipients can read, and of the two only that is ever pinned. The manifest holds salted commitments
    only; `Run.opening` keeps what they commit to, and so does `model.age`. `publish_metrics` tells
    the figures and the gate as well.

    Raises SpecError, DataError, ModelError, EngineError for an engine that is missing or does not answer,
    UsageError for statistics of a private model, and for metrics of a public one, which tells them anyway.
    """
    check_private(encrypt_to, publish_metrics)
    if encrypt_to and publish_statistics:
        raise UsageError("a private model publishes no statistics", "Leave out one of the two.")
    spec = load_spec(spec_file)
    dataset = load_dataset(spec.data, spec.folder, clock=clock)
    ancestry = tuple(_parent(find_run(settings, parent)) for parent in parents)
    training = fit(spec, dataset, engine=engine, address=address, progress=progress)
    with scratch(settings.models_dir / spec.project.name) as folder:
        draft = Run(folder)
        save_model(training.model, draft.model)
        manifest = _describe(
            spec,
            training,
            draft,
            ancestry,
            clock(),
            statistics=publish_statistics,
            kind="skops+age" if encrypt_to else "skops",
        )
        write_report(training, draft.report)
        return keep(draft, manifest, encrypt_to, publish_metrics=publish_metrics), training


def _parent(run: Run) -> Parent:
    manifest = run.manifest
    return Parent(artifact=manifest.artifact_hash.hex(), manifest=manifest.digest.hex())


def _describe(
    spec: Spec,
    training: Training,
    draft: Run,
    parents: tuple[Parent, ...],
    created: datetime,
    *,
    statistics: bool,
    kind: str,
) -> Manifest:
    stored = digest_file(draft.model)
    data = DataRecord.of(
        training.dataset.provenance, _data_digest(training.dataset).cid, statistics=statistics
    )
    return describe(
        name=draft.model.name,
        sha256=str(stored.sha256),
        cid=stored.cid,
        artifact=Artifact(size=stored.size, profile=DEFAULT_PROFILE, format=kind),
        project=spec.project.name,
        data=[data],
        training=_training_record(spec, training),
        environment=_environment(spec, training),
        evaluation=Evaluation(metrics=training.metrics.to_json(), gate=_gate(training.gate)),
        parents=parents,
        licence=spec.project.license or None,
        created=created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _data_digest(dataset: Dataset) -> PutResult:
    """The CID that the data have, whether or not anybody stores them."""
    content = dataset.content
    return digest_bytes(content) if isinstance(content, bytes) else digest_file(content)


def _training_record(spec: Spec, training: Training) -> TrainingRecord:
    model = describe_model(training.model)
    return TrainingRecord(
        algorithm=model.algorithm,
        steps=model.steps,
        hyperparameters=model.hyper_parameters,
        search=_search(spec, training),
        features=tuple(Feature(**feature.to_json()) for feature in training.dataset.schema),
        reading=ReadingRecord(**asdict(Reading.of(spec.data))),
        target=spec.data.target,
        task=training.dataset.task,
        split=training.split.to_json(),
        seed=spec.split.seed,
    )


def _search(spec: Spec, training: Training) -> dict[str, Any] | None:
    if spec.search is None:
        return None
    tried = [asdict(candidate) for candidate in training.candidates]
    return {"spec": spec.search.model_dump(mode="json"), "best": training.best_params, "tried": tried}


def _environment(spec: Spec, training: Training) -> Environment:
    libraries = describe_model(training.model).libraries
    return Environment(python=libraries.pop("python"), libraries=libraries, git=git_state(spec.folder))


def _gate(results: list[GateResult]) -> Gate | None:
    """None for a spec that demands nothing: passing no gate proves nothing."""
    if not results:
        return None
    told = tuple(_condition(result) for result in results)
    return Gate(passed=all(result.passed for result in results), conditions=told)


def _condition(result: GateResult) -> Condition:
    relations: dict[tuple[str, bool], Literal[">=", "<=", ">", "<"]] = {
        ("minimum", False): ">=",
        ("maximum", False): "<=",
        ("minimum", True): ">",
        ("maximum", True): "<",
    }
    return Condition(
        metric=result.metric,
        relation=relations[result.bound, result.baseline],
        threshold=result.threshold,
        value=result.value,
        passed=result.passed,
    )


def git_state(folder: Path) -> GitState | None:
    """The commit checked out in `folder`, and whether files differ from it; None outside a repository."""
    try:
        commit = git(folder, "rev-parse", "HEAD")
        return GitState(commit=commit, dirty=bool(git(folder, "status", "--porcelain")))
    except (OSError, subprocess.CalledProcessError):
        return None
