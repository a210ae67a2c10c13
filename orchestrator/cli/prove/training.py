"""`diln init` and `diln train`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from rich.text import Text

from orchestrator.cli.prove import prove
from orchestrator.cli.prove.options import SPEC_FILE, PublishMetrics
from orchestrator.console import (
    Answer,
    Facts,
    Result,
    Shown,
    Table,
    command,
    labelled,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.learning import inspection, profile, template
    from orchestrator.learning import spec as specs
    from orchestrator.systems.prove import marking, runs
    from orchestrator.systems.prove import training as training_

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.learning.metrics import Metrics
    from orchestrator.learning.training import Training
    from orchestrator.systems.prove.runs import Run

SpecOption = Annotated[Path, typer.Option("--spec", metavar="FILE", help="The spec file.")]


@command(prove)
def init(
    dataset: Annotated[
        str, typer.Option(help="breast_cancer, iris, wine, digits or diabetes, from scikit-learn.")
    ] = "breast_cancer",
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="A CSV or Parquet file instead.")] = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder of them instead.")] = None,
    target: Annotated[str, typer.Option(help="The column to predict.")] = "",
    name: Annotated[
        str, typer.Option(help="The model's name; its project in the registry has the same.")
    ] = "",
    spec: SpecOption = SPEC_FILE,
    force: Annotated[bool, typer.Option("--force", help="Write over a spec that is there.")] = False,
) -> Answer:
    """Write a commented diln.toml to start from; for a file, say what it holds."""
    if spec.exists() and not force:
        raise UsageError(f"{spec} exists already", "Edit it, add --force, or choose another with --spec.")
    if file and folder:
        raise UsageError("a file and a folder were named", "Give one of --file and --folder.")
    source = {"file": str(file or ""), "folder": str(folder or ""), "target": target}
    found = inspection.inspect(spec.parent, **source) if file or folder else None
    text = template.spec_template(_carried(dataset), **source, name=name, found=found)
    spec.write_text(text, encoding="utf-8")
    facts = _inspected(found, name) if found else {}
    parts: list[str | Result] = [Facts(facts), *found.notes] if found else []
    return Answer({"file": str(spec), **facts}, *parts, f"wrote {spec}; next: diln train")


@command(prove)
def train(
    session: "Session",
    spec: SpecOption = SPEC_FILE,
    engine: Annotated[str, typer.Option(help="local, dask or ray.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of the Dask scheduler (tcp://host:8786) or the Ray cluster.")
    ] = None,
    parent: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="A run that this model is made from; repeatable.")
    ] = None,
    allow_revoked: Annotated[
        bool, typer.Option("--allow-revoked", help="Accept a parent that was revoked on the chain.")
    ] = False,
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(metavar="age1…", help="Publish the model only encrypted to this recipient; repeatable."),
    ] = None,
    publish_metrics: PublishMetrics = False,
    publish_statistics: Annotated[
        bool,
        typer.Option(help="Write extremes, means and frequent values of each column into the manifest."),
    ] = False,
) -> Answer:
    """Train the model that the spec describes, test it on held-out data, write manifest and report."""
    if parent and not allow_revoked:
        marking.refuse_revoked(session, [runs.find_run(session.settings, each) for each in parent])
    trains = partial(training_.train, session.settings, spec, engine=engine, address=address)
    trains = partial(trains, publish_metrics=publish_metrics, publish_statistics=publish_statistics)
    with progress_bar("training", unit="fits") as progress:
        run, training = trains(
            parents=tuple(parent or ()), encrypt_to=tuple(encrypt_to or ()), progress=progress
        )
    return _trained(session, run, training)


def _carried(dataset: str) -> "specs.Sklearn":
    known = get_args(specs.Sklearn)
    if dataset not in known:
        raise UsageError(f"scikit-learn carries no `{dataset}`", f"Choose one of {', '.join(known)}.")
    return cast("specs.Sklearn", dataset)


def _inspected(found: "inspection.Found", name: str) -> dict[str, Any]:
    """What a file was found to hold."""
    return {
        "project": name or found.name,
        "target": Shown(found.target, f"{found.target}, {found.task}"),
        "task": Shown(found.task, ""),
        "separator": Shown(found.separator, repr(found.separator) if found.separator != "," else ""),
        "decimal": Shown(found.decimal, found.decimal if found.decimal != "." else ""),
    }


def _trained(session: "Session", run: "Run", training: "Training") -> Answer:
    facts, equal = _facts(run), runs.equal_run(session.settings, run)
    same = f"{equal.name}/{equal.id}" if equal else None
    value = facts | _figures(training) | {"same_model_as": same}
    return Answer(value, Facts(facts), *_sentences(training, same))


def _facts(run: "Run") -> dict[str, str]:
    return {
        "run": f"{run.name}/{run.id}",
        "model": str(run.model),
        "sha256": run.described.artifact_hash.hex(),
        "cid": run.manifest.artifact_cid,
        "manifest": run.manifest.digest.hex(),
        "report": str(run.report),
    }


def _figures(training: "Training") -> dict[str, Any]:
    """What machines read of a training, besides its files."""
    data = training.dataset.provenance
    return {
        "metrics": dict(training.metrics.values),
        "baseline": dict(training.metrics.baseline),
        "types": {feature.name: feature.type for feature in training.dataset.schema},
        "ignored": dict(data.ignored),
        "removed": dict(data.removed),
        "imputed": {name: dict(counts) for name, counts in data.imputed.items()},
        "warnings": [*training.notes, *training.warnings],
        "deployable": bool(training.gate) and training.passed,
    }


def _sentences(training: "Training", same: str | None) -> "list[str | Text | Result]":
    """What people read of it."""
    return [
        *profile.types_found(training.dataset),
        *profile.cleaning_done(training.dataset),
        *_metrics(training.metrics),
        *(f"gate: {each}" for each in training.gate),
        *(labelled("warning: ", "yellow", note) for note in training.notes),
        *(f"scikit-learn warns: {each}" for each in training.warnings),
        *(
            [f"this model is, byte for byte, that of {same}: publishing both gives nothing new"]
            if same
            else [f"next: {_next(training)}"]
        ),
    ]


def _metrics(metrics: "Metrics") -> list[str | Result]:
    rows = [
        {
            "metric": name,
            "held_out": f"{value:.4f}",
            "baseline": f"{metrics.baseline[name]:.4f}" if name in metrics.baseline else "",
        }
        for name, value in metrics.values.items()
    ]
    about = metrics.positive is not None
    told = [f"precision, recall and F1 are about {metrics.positive!r}"] if about else []
    return [Table(rows), *told]


def _next(training: "Training") -> str:
    """What helps: a model that fails its gate may be published, but not as deployable."""
    if training.passed:
        return "diln migrate (once), then diln publish"
    return "train a better one, or diln publish it without the status deployable"
