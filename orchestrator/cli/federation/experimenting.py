"""`diln federation simulate`, `experiment` and `align`: what needs no chain."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.federation import federation
from orchestrator.console import Answer, Facts, Table, command, lazy_imports, progress_bar
from orchestrator.console.printing import show_signing
from orchestrator.errors import EngineError, UsageError

with lazy_imports():
    from orchestrator.systems.federation import aligning, experiments
    from orchestrator.systems.federation.experiments import base
    from orchestrator.systems.federation.simulation import running, scenario

if TYPE_CHECKING:
    from orchestrator.config import Settings

Folder = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="For files; default: this folder.")
]


@command(federation)
def simulate(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a TOML file.")],
) -> Answer:
    """Let parties train, cheat and vanish; nothing is sent."""
    found = running.simulate(scenario.load_scenario(name))
    facts = {"scenario": found.scenario.title, "bytes_sent": found.played.bytes_sent}
    value = facts | {"rounds": found.rounds, "parties": found.parties}
    return Answer(value, Facts(facts), Table(found.rounds), Table(found.parties))


@command(federation)
def experiment(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Which, or all; without it, they are listed.")
    ] = "",
    output: Folder = None,
) -> Answer | Table:
    """Repeat what a paper reports: a table, a picture, and what has to hold."""
    show_signing(False)  # nobody's keys, on chains that will be gone
    if name == "all":
        return _all(output or Path())
    if name:
        return _one(name, output or Path())
    if output:
        raise UsageError("nothing is written without an experiment's name", "Name one.")
    listed = [experiments.load(each) for each in experiments.NAMES]
    return Table([{"name": each.name, "title": each.title, "source": each.source} for each in listed])


def _one(name: str, folder: Path) -> Answer:
    """One experiment: its table, and whether what has to hold does (code 1 for a miss without a reason)."""
    loaded = experiments.load(name)
    with progress_bar(name) as progress:
        outcome = loaded.run(progress)
    files = [str(file) for file in base.write(loaded, outcome, folder)]
    checks = [
        {"claim": each.claim, "met": each.met, "figures": each.figures, "reason": each.reason}
        for each in outcome.checks
    ]
    value = {"experiment": name, "checks": checks, "files": files, "rows": outcome.rows}
    told = [{**each, "met": "yes" if each["met"] else "no"} for each in checks]
    unexplained = [each for each in outcome.checks if not each.met and not each.reason]
    return Answer(
        value | {"timing": outcome.timing},
        loaded.title,
        Table(outcome.rows),
        Table(told),
        Facts(outcome.timing),
        *(f"wrote {file}" for file in files),
        code=1 if unexplained else 0,
    )


def _all(folder: Path) -> Answer:
    """Every experiment, one after the other, with the time of the processor that each took."""
    rows: list[dict[str, Any]] = []
    for name in experiments.NAMES:
        loaded, begun = experiments.load(name), time.process_time()
        with progress_bar(name) as progress:
            try:
                outcome = loaded.run(progress)
            except EngineError as error:  # an extra is not here
                rows.append(
                    {"experiment": name, "met": 0, "missed": [], "seconds": 0.0, "note": error.message}
                )
                continue
        base.write(loaded, outcome, folder)
        missed = [each.claim for each in outcome.checks if not each.met]
        unexplained = any(not each.met and not each.reason for each in outcome.checks)
        note = "a miss without a reason" if unexplained else ""
        seconds = round(time.process_time() - begun, 1)
        met = len(outcome.checks) - len(missed)
        rows.append({"experiment": name, "met": met, "missed": missed, "seconds": seconds, "note": note})
    total = round(sum(row["seconds"] for row in rows), 1)
    shown = [{**row, "missed": "; ".join(row["missed"]) or "none"} for row in rows]
    value = {"experiments": rows, "seconds": total}
    code = int(any("without a reason" in row["note"] for row in rows))
    return Answer(value, Table(shown), Facts({"seconds": total}), code=code)


@command(federation, network=False, storage=False)
def align(
    settings: "Settings",
    identifiers: Annotated[Path, typer.Argument(metavar="IDS", help="CSV: whom you know, a row each.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILES]...", help="What the others' `align` wrote.")
    ] = None,
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column of identifiers; default: the first.")
    ] = "",
    parties: Annotated[int, typer.Option(min=2, help="How many align in all, you included.")] = 2,
    output: Folder = None,
) -> Facts:
    """Find the people that all of several parties know, without showing whom you know."""
    done = aligning.align(settings.home, identifiers, files or [], parties, output or Path(), column)
    return Facts(
        {
            "party": done.party,
            "wrote": [str(path) for path in done.written],
            "common": done.common,
            "next": done.next,
        }
    )
