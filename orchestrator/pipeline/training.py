"""Train a model and write down what it is: the first half of the job, which needs no chain."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.learning.data import Dataset, load_dataset
from orchestrator.learning.description import describe as describe_model
from orchestrator.learning.metrics import GateResult
from orchestrator.learning.modelfile import save_model
from orchestrator.learning.report import write_report
from orchestrator.learning.spec import Spec, load_spec
from orchestrator.learning.training import Training
from orchestrator.learning.training import train as fit
from orchestrator.pipeline.runs import RUN_ID_LENGTH, Run, find_run
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
    TrainingRecord,
    describe,
)
from orchestrator.storage import (
    DEFAULT_PROFILE,
    PutResult,
    check_recipients,
    digest_bytes,
    digest_file,
    encrypt_file,
)

Progress = Callable[[int, int], None]
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
    progress: Progress | None = None,
    clock: Clock = _now,
) -> tuple[Run, Training]:
    """Train what `spec_file` describes, test it on held-out data, keep model, manifest and report as a run.

    `engine` is local, dask or ray, the latter two at `address`. `parents` name the runs that the new model
    was made from. The same spec, data, seed and libraries give the same model, byte for byte.

    With `encrypt_to` (age public keys) the model is private: beside it the run keeps `model.skops.age`, which
    only these recipients can read, and of the two only that is ever pinned. An observer still learns the
    SHA-256 and the size of the model itself, so whoever gets hold of a copy can tell that it is this one; and
    everything in the manifest: the data's hash and column statistics, hyper-parameters and metrics.

    Raises SpecError, DataError, ModelError, or EngineError for an engine that is missing or does not answer.
    """
    if encrypt_to:
        check_recipients(encrypt_to)
    spec = load_spec(spec_file)
    dataset = load_dataset(spec.data, spec.folder, clock=clock)
    ancestry = tuple(_parent(find_run(settings, parent)) for parent in parents)
    training = fit(spec, dataset, engine=engine, address=address, progress=progress)
    home = settings.models_dir / spec.project.name
    home.mkdir(parents=True, exist_ok=True)
    draft = Run(Path(tempfile.mkdtemp(prefix=".new-", dir=home)))
    try:
        save_model(training.model, draft.model)
        if encrypt_to:
            encrypt_file(draft.model, draft.encrypted, encrypt_to)
        manifest = _describe(spec, training, draft, ancestry, clock())
        draft.manifest_file.write_bytes(manifest.to_bytes())
        write_report(training, draft.report)
        draft.folder.chmod(0o755)
        run = Run(home / manifest.digest.hex()[:RUN_ID_LENGTH])
        if not run.folder.exists():
            draft.folder.rename(run.folder)
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)
    return run, training


def _parent(run: Run) -> Parent:
    manifest = run.manifest
    return Parent(artifact=manifest.artifact_hash.hex(), manifest=manifest.digest.hex())


def _describe(
    spec: Spec, training: Training, draft: Run, parents: tuple[Parent, ...], created: datetime
) -> Manifest:
    stored = digest_file(draft.model)
    private = draft.encrypted.exists()
    return describe(
        name=draft.model.name,
        sha256=str(stored.sha256),
        cid=digest_file(draft.encrypted).cid if private else stored.cid,
        artifact=Artifact(
            size=stored.size, profile=DEFAULT_PROFILE, format="skops+age" if private else "skops"
        ),
        project=spec.project.name,
        data=DataRecord.of(training.dataset.provenance, _data_digest(training.dataset).cid),
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
    conditions = tuple(
        Condition(
            metric=result.metric,
            relation="<=" if result.bound == "maximum" else ">=",
            threshold=result.threshold,
            value=result.value,
            passed=result.passed,
        )
        for result in results
    )
    return Gate(passed=all(result.passed for result in results), conditions=conditions)


def git_state(folder: Path) -> GitState | None:
    """The commit checked out in `folder`, and whether files differ from it; None outside a repository."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return GitState(commit=commit, dirty=bool(_git(folder, "status", "--porcelain")))
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder.resolve()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
