"""`diln runs`: what was trained or described in this folder."""

from typing import Annotated, Any

import typer

from orchestrator.cli.console import out, print_json, print_table
from orchestrator.cli.options import NEWEST, AllOption, HomeOption, JsonOption, new_app, settings_from
from orchestrator.errors import UsageError

app = new_app()
runs_app = new_app()
app.add_typer(runs_app, name="runs", help="List, compare and delete runs.")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="latest, NAME, an id, NAME/ID or a folder.")]


@runs_app.command("list")
def list_(everything: AllOption = False, home: HomeOption = None, json: JsonOption = False) -> None:
    """List the runs, the newest first, with their figures."""
    from orchestrator.pipeline.runs import list_runs, tell

    runs = list_runs(settings_from(home=home))[::-1]
    found = [tell(run) for run in (runs if everything else runs[:NEWEST])]
    if json:
        print_json(found)
        return
    if not found:
        out.print("nothing has been trained here; next: diln init")
        return
    print_table(["run", "created", "algorithm", "gate", "metrics"], [_row(each) for each in found])
    if len(found) < len(runs):
        out.print(f"and {len(runs) - len(found)} older ones: --all shows them")


def _row(found: dict[str, Any]) -> list[str]:
    if "problem" in found:
        return [found["run"], "", found["problem"], "", ""]
    figures = [f"{name} {value:.4f}" for name, value in list(found["metrics"].items())[:4]]
    algorithm = (found["algorithm"] or "").rpartition(".")[2]
    return [found["run"], found["created"], algorithm, found["gate"] or "none", ", ".join(figures)]


@runs_app.command()
def compare(
    first: RunArgument, second: RunArgument, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Show the figures of two runs beside each other; `diln diff` shows all that differs."""
    from orchestrator.pipeline.runs import find_run, metrics_of

    settings = settings_from(home=home)
    runs = [find_run(settings, reference) for reference in (first, second)]
    ours, theirs = (metrics_of(run) for run in runs)
    names = [*ours, *(name for name in theirs if name not in ours)]
    if json:
        labels = [f"{run.name}/{run.id}" for run in runs]
        print_json({"runs": labels, "metrics": {name: [ours.get(name), theirs.get(name)] for name in names}})
        return
    rows = [
        (name, *(_figure(each.get(name)) for each in (ours, theirs)), _change(ours, theirs, name))
        for name in names
    ]
    print_table(["metric", *(f"{run.name}/{run.id}" for run in runs), "change"], rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _change(ours: dict[str, float], theirs: dict[str, float], name: str) -> str:
    return f"{theirs[name] - ours[name]:+.4f}" if name in ours and name in theirs else ""


@runs_app.command()
def delete(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Remove a run from this folder: model, manifest, signatures and report. What is published stays."""
    from orchestrator.pipeline.runs import delete_run, find_run

    settings = settings_from(home=home)
    found = find_run(settings, run)
    if not found.folder.resolve().is_relative_to(settings.models_dir.resolve()):
        raise UsageError(
            f"{found.folder} is not one of the runs here", "Name a run that `diln runs list` shows."
        )
    if not yes and not typer.confirm(f"Delete {found.name}/{found.id} with its model for good?"):
        raise typer.Abort
    delete_run(found)
    facts = {"deleted": f"{found.name}/{found.id}"}
    print_json(facts) if json else out.print(f"deleted {found.name}/{found.id}")
