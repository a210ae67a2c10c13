"""`diln init` and `diln train`."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from orchestrator.cli.console import out, print_facts, print_json, progress_bar
from orchestrator.cli.options import HomeOption, JsonOption, SpecOption, new_app, settings_from
from orchestrator.errors import UsageError

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
) -> None:
    """Write a commented diln.toml to start from."""
    from orchestrator.learning.spec import Sklearn
    from orchestrator.learning.template import spec_template

    if spec.exists():
        raise UsageError(f"{spec} exists already", "Edit it, or choose another name with --spec.")
    if dataset not in get_args(Sklearn):
        known = ", ".join(get_args(Sklearn))
        raise UsageError(f"scikit-learn carries no `{dataset}`", f"Choose one of {known}.")
    bundled = cast("Sklearn", dataset)
    spec.write_text(
        spec_template(bundled, file=file, folder=folder, target=target, name=name), encoding="utf-8"
    )
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
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(metavar="age1…", help="Publish the model only encrypted to this recipient; repeatable."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Train the model that the spec describes, test it on held-out data, write manifest and report."""
    from orchestrator.pipeline.training import train as run_training

    with progress_bar("training", unit="fits") as progress:
        run, training = run_training(
            settings_from(home=home),
            spec,
            engine=engine,
            address=address,
            parents=tuple(parent or ()),
            encrypt_to=tuple(encrypt_to or ()),
            progress=progress,
        )
    manifest = run.manifest
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
                "deployable": bool(training.gate) and training.passed,
            }
        )
        return
    print_facts(facts)
    print_facts({name: f"{value:.4f}" for name, value in training.metrics.values.items()})
    for result in training.gate:
        out.print(f"gate: {result}")
    for warning in training.warnings:
        out.print(f"scikit-learn warns: {warning}")
    out.print("next: diln publish")
