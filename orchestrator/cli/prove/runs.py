"""`diln runs`: what was trained or described in this folder."""

from datetime import datetime
from typing import Annotated, Any

import typer

from orchestrator.cli.prove import runs as group
from orchestrator.config import Settings
from orchestrator.console import NEWEST, AllOption, Answer, Shown, Table, command, lazy_imports
from orchestrator.errors import UsageError
from orchestrator.times import instant, show_time

with lazy_imports():
    from orchestrator.systems.prove import runs

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="latest, NAME, an id, NAME/ID or a folder.")]


@command(group, "list")
def list_(settings: Settings, everything: AllOption = False) -> Answer:
    """List the runs, the newest first, with their figures."""
    known = runs.list_runs(settings)[::-1]
    found = [_told(runs.tell(run)) for run in (known if everything else known[:NEWEST])]
    older = len(known) - len(found)
    table = Table(
        [_row(each) for each in found],
        ["run", "created", "algorithm", "gate", "metrics"],
        "nothing has been trained here; next: diln init",
    )
    return Answer(found, table, *([f"and {older} older ones: --all shows them"] if older else []))


def _told(found: dict[str, Any]) -> dict[str, Any]:
    """The same with a time that machines count with, where it is one."""
    try:
        created = int(datetime.fromisoformat(found["created"]).timestamp())
        return found | {"created": Shown(instant(created), show_time(created))}
    except (KeyError, ValueError):
        return found | {"created": None}


def _row(found: dict[str, Any]) -> dict[str, Any]:
    if "problem" in found:
        return {"run": found["run"], "algorithm": found["problem"]}
    figures = [f"{name} {value:.4f}" for name, value in list(found["metrics"].items())[:4]]
    algorithm = (found["algorithm"] or "").rpartition(".")[2]
    return found | {"algorithm": algorithm, "gate": found["gate"] or "none", "metrics": figures}


@command(group)
def compare(settings: Settings, first: RunArgument, second: RunArgument) -> Answer:
    """Show the figures of two runs side by side; `diln diff` shows all that differs."""
    found = [runs.find_run(settings, reference) for reference in (first, second)]
    ours, theirs = (runs.metrics_of(run) for run in found)
    labels = [f"{run.name}/{run.id}" for run in found]
    pairs = {name: [ours.get(name), theirs.get(name)] for name in ours | theirs}
    rows = [_compared(name, *pair) for name, pair in pairs.items()]
    columns = {"metric": "metric", "first": labels[0], "second": labels[1], "change": "change"}
    return Answer({"runs": labels, "metrics": pairs}, Table(rows, columns))


def _compared(name: str, first: float | None, second: float | None) -> dict[str, str]:
    change = "" if first is None or second is None else f"{second - first:+.4f}"
    return {"metric": name, "first": _figure(first), "second": _figure(second), "change": change}


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


@command(group)
def delete(
    settings: Settings,
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Answer:
    """Remove a run from this folder: model, manifest, signatures and report. What is published stays."""
    found = runs.find_run(settings, run)
    if not found.folder.resolve().is_relative_to(settings.models_dir.resolve()):
        raise UsageError(
            f"{found.folder} is not one of the runs here", "Name a run that `diln runs list` shows."
        )
    if not (yes or _confirmed(f"Delete {found.name}/{found.id} with its model for good?")):
        raise typer.Abort
    runs.delete_run(found)
    return Answer({"deleted": f"{found.name}/{found.id}"}, f"deleted {found.name}/{found.id}")


def _confirmed(question: str) -> bool:
    """What somebody answers. Raises UsageError where nobody is there."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            raise UsageError("nobody can be asked here", "Agree with --yes.") from abort
        raise
