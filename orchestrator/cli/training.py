"""`diln init` and `diln train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from orchestrator.cli.console import labelled, out, print_facts, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    HomeOption,
    JsonOption,
    NetworkOption,
    SpecOption,
    new_app,
    settings_from,
    workspace_from,
)
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.learning.metrics import Metrics
    from orchestrator.learning.training import Training

app = new_app()

SPEC_FILE = Path("diln.toml")


@app.command()
def init(
    dataset: Annotated[
        str, typer.Option(help="breast_cancer, iris, wine, digits or diabetes, from scikit-learn.")
    ] = "breast_cancer",
    file: Annotated[str, typer.Option(metavar="FILE", help="A CSV or Parquet file instead.")] = "",
    folder: Annotated[str, typer.Option(metavar="DIR", help="A folder of them instead.")] = "",
    target: Annotated[str, typer.Option(help="The column to predict.")] = "",
    name: Annotated[
        str, typer.Option(help="The model's name; its project in the registry has the same.")
    ] = "",
    spec: SpecOption = SPEC_FILE,
    force: Annotated[bool, typer.Option("--force", help="Write over a spec that is there.")] = False,
) -> None:
    """Write a commented diln.toml to start from; of a file say what it holds."""
    from orchestrator.learning.inspection import inspect
    from orchestrator.learning.spec import Sklearn
    from orchestrator.learning.template import spec_template

    if spec.exists() and not force:
        raise UsageError(f"{spec} exists already", "Edit it, add --force, or choose another with --spec.")
    if file and folder:
        raise UsageError("a file and a folder were named", "Give one of --file and --folder.")
    if dataset not in get_args(Sklearn):
        known = ", ".join(get_args(Sklearn))
        raise UsageError(f"scikit-learn carries no `{dataset}`", f"Choose one of {known}.")
    bundled = cast("Sklearn", dataset)
    found = inspect(spec.parent, file=file, folder=folder, target=target) if file or folder else None
    text = spec_template(bundled, file=file, folder=folder, target=target, name=name, found=found)
    spec.write_text(text, encoding="utf-8")
    if found:
        print_facts(
            {
                "project": name or found.name,
                "target": f"{found.target}, {found.task}",
                "separator": repr(found.separator) if found.separator != "," else None,
                "decimal": found.decimal if found.decimal != "." else None,
            }
        )
        for note in found.notes:
            out.print(note)
    out.print(f"wrote {spec}; next: diln train")


@app.command()
def train(
    spec: SpecOption = SPEC_FILE,
    engine: Annotated[str, typer.Option(help="local, dask or ray.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of the Dask scheduler (tcp://host:8786) or the Ray cluster.")
    ] = None,
    parent: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="A run that this model is made from; repeatable.")
    ] = None,
    allow_revoked: Annotated[
        bool, typer.Option("--allow-revoked", help="Take a parent that was revoked on the chain.")
    ] = False,
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(metavar="age1…", help="Publish the model only encrypted to this recipient; repeatable."),
    ] = None,
    publish_statistics: Annotated[
        bool,
        typer.Option(help="Write extremes, means and frequent values of each column into the manifest."),
    ] = False,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Train the model that the spec describes, test it on held-out data, write manifest and report."""
    from orchestrator.learning.profile import cleaning_done, types_found
    from orchestrator.pipeline.training import train as run_training

    if parent and not allow_revoked:
        _refuse_revoked(parent, network, home)
    with progress_bar("training", unit="fits") as progress:
        run, training = run_training(
            settings_from(home=home),
            spec,
            engine=engine,
            address=address,
            parents=tuple(parent or ()),
            encrypt_to=tuple(encrypt_to or ()),
            publish_statistics=publish_statistics,
            progress=progress,
        )
    manifest, data = run.manifest, training.dataset.provenance
    facts = {
        "run": f"{run.name}/{run.id}",
        "model": str(run.model),
        "sha256": manifest.artifact_hash.hex(),
        "cid": manifest.artifact_cid,
        "manifest": manifest.digest.hex(),
        "report": str(run.report),
    }
    if json:
        print_json(
            {
                **facts,
                "metrics": dict(training.metrics.values),
                "baseline": dict(training.metrics.baseline),
                "types": {feature.name: feature.type for feature in training.dataset.schema},
                "ignored": dict(data.ignored),
                "removed": dict(data.removed),
                "imputed": {name: dict(counts) for name, counts in data.imputed.items()},
                "warnings": [*training.notes, *training.warnings],
                "deployable": bool(training.gate) and training.passed,
            }
        )
        return
    print_facts(facts)
    for line in [*types_found(training.dataset), *cleaning_done(training.dataset)]:
        out.print(line)
    _print_metrics(training.metrics)
    for result in training.gate:
        out.print(f"gate: {result}")
    for note in training.notes:
        out.print(labelled("warning: ", "yellow", note))
    for warning in training.warnings:
        out.print(f"scikit-learn warns: {warning}")
    out.print(f"next: {_next(training)}")


def _refuse_revoked(parents: list[str], network: str | None, home: Path | None) -> None:
    from orchestrator.pipeline.marking import refuse_revoked
    from orchestrator.pipeline.runs import find_run

    with workspace_from(network, None, home) as workspace:
        refuse_revoked(workspace, [find_run(workspace.settings, parent) for parent in parents])


def _print_metrics(metrics: "Metrics") -> None:
    rows = [
        (name, f"{value:.4f}", f"{metrics.baseline[name]:.4f}" if name in metrics.baseline else "")
        for name, value in metrics.values.items()
    ]
    print_table(["metric", "held out", "baseline"], rows)
    if metrics.positive is not None:
        out.print(f"precision, recall and F1 are about {metrics.positive!r}")


def _next(training: "Training") -> str:
    """What helps: a model that fails its gate may be published, but not as deployable."""
    if training.passed:
        return "diln migrate (once), then diln publish"
    return "train a better one, or diln publish it without the status deployable"
