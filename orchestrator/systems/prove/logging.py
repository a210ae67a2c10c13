"""Log a model from a training script: two lines make a run of it, to be signed and published."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from orchestrator.config import load_settings
from orchestrator.errors import DataError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import DataRecord, GitState, Manifest
from orchestrator.systems.prove.about import About, Bound
from orchestrator.systems.prove.datahashing import record_of, several
from orchestrator.systems.prove.describing import Extra, describe_model
from orchestrator.systems.prove.frameworks.plain import number, plain
from orchestrator.systems.prove.frameworks.saving import Saved, python_version, save
from orchestrator.systems.prove.publishing import Published, publish
from orchestrator.systems.prove.recording import Recorder
from orchestrator.systems.prove.runs import Run

if TYPE_CHECKING:
    import pandas as pd


Evaluate = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Logged:
    """A model that was logged: its run, and the version on the chain if it was published."""

    run: Run
    published: Published | None

    @property
    def manifest(self) -> Manifest:
        """What is known of the model. Raises ManifestError where somebody changed it."""
        return self.run.manifest

    @property
    def sha256(self) -> str:
        """The model's digest, in hex."""
        return self.run.described.artifact_hash.hex()

    @property
    def passed(self) -> bool:
        """Whether the model passed the gate that was set; False where none was."""
        gate = self.run.described.predicate.evaluation.gate
        return bool(gate and gate.holds)

    def __str__(self) -> str:
        if self.published:
            return f"{self.published.project.name}@{self.published.version.number}"
        return f"{self.run.name}/{self.run.id}"


class More(TypedDict, total=False):
    """What `log_model` may also be told: of the model, and where its run and its version go.

    `sender` is the account that publishes, `project` where; `encrypt_to` are age recipients of a private
    model, whose metrics are published with `publish_metrics` alone; with `require_deployable` a model that
    misses its gate is not published.
    """

    hyperparameters: Mapping[str, Any] | None
    features: Sequence[str | Mapping[str, Any]] | None
    classes: Sequence[str | int] | None
    target: str | None
    task: str | None
    licence: str | None
    project: str | None
    require_deployable: bool
    encrypt_to: Sequence[str]
    publish_metrics: bool
    sender: str | None
    network: str | None
    home: str | Path | None


def log_model(
    model: object,
    *,
    data: object = None,
    metrics: Mapping[str, Any] | None = None,
    name: str | None = None,
    parents: Sequence["str | Logged"] = (),
    evaluate: Evaluate | None = None,
    gate: Mapping[str, float | Mapping[str, float]] | None = None,
    history: Recorder | None = None,
    publish: bool = False,
    **more: Unpack[More],
) -> Logged:
    """Write a model and what is known of it down as a run; with `publish`, anchor it too.

    `model` is a model of scikit-learn (stored with skops), XGBoost (UBJ), LightGBM (text), PyTorch (its
    state_dict as safetensors), Keras (.keras) or ONNX, or the path of a file or folder of any framework.
    `data` is what it learned from: a path, `sha256:…`, a DataFrame or an array, or several in a list or a
    mapping of names; only hashes are kept. `evaluate(model)` gives metrics, added to `metrics`; `gate` says
    what they must reach, `{"f1": 0.9}` at least, or `{"loss": {"maximum": 0.2}}`. `parents` are registry
    references, digests, or what an earlier call returned. `history` is a `Recorder`. What else can be said,
    and where it goes, is in `More`.

    Model, library versions, Python's, the hyper-parameters that the model tells and the git state of the
    script's folder are recorded. The same again gives the same run.

    Raises ModelError for what cannot be stored safely, DataError, UsageError; with `publish` what `publish`
    raises, GateError where `require_deployable` and the gate is missed.
    """
    if unknown := sorted(set(more) - set(More.__annotations__)):
        raise TypeError(f"log_model() got an unexpected keyword argument {unknown[0]!r}")
    known = About(
        project=name,
        licence=more.get("licence"),
        metrics=_metrics(model, metrics, evaluate),
        gate={metric: _bound(bound) for metric, bound in (gate or {}).items()},
        data=[str(each) for _, each in several(data) if isinstance(each, str | os.PathLike)],
        parents=[_parent(each) for each in parents],
        features=[_feature(each) for each in more.get("features") or ()],
        classes=list(more.get("classes") or ()),
        target=more.get("target"),
        task=more.get("task"),
        hyperparameters={key: plain(value) for key, value in (more.get("hyperparameters") or {}).items()},
    )
    extra = Extra(data=_records(data), git=_git(), history=history.history if history else None)
    settings = load_settings(home=more.get("home"), network=more.get("network"), account=more.get("sender"))
    with Session(settings) as session, tempfile.TemporaryDirectory() as folder:
        encrypt_to = tuple(more.get("encrypt_to", ()))
        path, known = _file(model, Path(folder), known, data, encrypted=bool(encrypt_to))
        run = describe_model(
            session,
            path,
            known,
            extra=extra,
            encrypt_to=encrypt_to,
            publish_metrics=more.get("publish_metrics", False),
        )
        return Logged(run, _published(session, run, more) if publish else None)


def _parent(said: "str | Logged") -> str:
    """What is public of it: of a private one the commitment."""
    return said.manifest.artifact_hash.hex() if isinstance(said, Logged) else said


def _file(model: object, folder: Path, known: About, data: object, *, encrypted: bool) -> tuple[Path, About]:
    """The model's file, and what is known when the model has told of itself."""
    if isinstance(model, str | os.PathLike):
        path = Path(model)
        if not path.exists():
            raise UsageError(f"{path} does not exist", "Give a model's file or folder, or the model itself.")
        return path, known
    name = known.project
    if name is None and not encrypted:  # a private model's class is not published
        name = re.sub(r"[^a-z0-9]+", "-", type(model).__name__.lower()).strip("-")
    saved = save(model, folder, type(model).__name__.lower())
    features = known.features or _features(saved, data)
    told = {
        "project": name,
        "algorithm": saved.algorithm,
        "steps": list(saved.steps),
        "hyperparameters": {**saved.hyperparameters, **known.hyperparameters},
        "libraries": saved.libraries,
        "python": python_version(),
        "features": features,
        "classes": known.classes or list(saved.classes),
        "layers": [layer.model_dump() for layer in saved.layers],
        "task": known.task or ("classification" if known.classes or saved.classes else None),
    }
    return saved.path, known.model_copy(update=told)


def _features(saved: Saved, data: object) -> list[dict[str, Any]]:
    """The model's features; types and gaps as the table has them that it learned from, if it was given."""
    tables = [each for _, each in several(data) if hasattr(each, "columns")]
    table = next((each for each in tables if set(saved.features) <= set(map(str, each.columns))), None)
    return [_described(name, table, saved.optional) for name in saved.features]


def _described(name: str, table: "pd.DataFrame | None", optional: bool) -> dict[str, Any]:
    if table is None:
        return {"name": name, "type": "numeric", "optional": optional}
    import pandas as pd

    column = table[name]
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    gaps = optional or bool(column.isna().any())
    return {"name": name, "type": "numeric" if numeric else "categorical", "optional": gaps}


def _feature(told: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"name": told} if isinstance(told, str) else dict(told)


def _metrics(model: object, told: Mapping[str, Any] | None, evaluate: Evaluate | None) -> dict[str, float]:
    found = {**(told or {}), **(evaluate(model) if evaluate else {})}
    for name, value in found.items():
        if number(value) is None:
            raise DataError(f"metric `{name}` is not a finite number: {value!r}", "Leave it out.")
    return {str(name): float(value) for name, value in found.items()}


def _bound(told: float | Mapping[str, float]) -> Bound:
    if not isinstance(told, Mapping):
        return Bound(minimum=float(told))
    if not told or set(told) - {"minimum", "maximum"}:
        raise UsageError(f"{dict(told)} is not a bound", 'Write {"minimum": 0.9} or {"maximum": 0.2}.')
    return Bound(**{key: float(value) for key, value in told.items()})


def _records(data: object) -> tuple[DataRecord, ...]:
    return tuple(
        record_of(each, name) for name, each in several(data) if not isinstance(each, str | os.PathLike)
    )


def _git() -> GitState | None:
    """Of the folder of the script that runs, else of the working folder."""
    from orchestrator.systems.prove.training import git_state

    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return git_state(Path(script).parent if script else Path.cwd())


def _published(session: Session, run: Run, more: More) -> Published:
    found = publish(
        session,
        run,
        session.sender,
        project=more.get("project"),
        require_deployable=more.get("require_deployable", False),
    )
    assert isinstance(found, Published)  # no dry run  # noqa: S101
    return found
