"""What commands print: tables and sentences for people, JSON for machines, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from orchestrator.errors import DilnError

Progress = Callable[[int, int], None]

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def print_error(error: DilnError, *, as_json: bool = False) -> None:
    """One sentence, and below it what to do next; with --json an object on stdout."""
    if as_json:
        kind = type(error).__name__
        print_json({"error": kind, "message": error.message, "hint": error.hint})
        return
    err.print(f"[bold red]error:[/] {_escape(error.message)}")
    if error.hint:
        err.print(f"[dim]hint:[/]  {_escape(error.hint)}")


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def print_line(value: Any) -> None:
    """One line of JSON at once, for who reads along."""
    sys.stdout.write(json.dumps(value, default=str) + "\n")
    sys.stdout.flush()


def print_facts(facts: Mapping[str, Any]) -> None:
    """Aligned lines of a name and a value; empty values are left out."""
    shown = {name: value for name, value in facts.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        out.print(f"[dim]{name:<{width}}[/]  {_escape(str(value))}")


def print_one(facts: Mapping[str, Any], json: bool) -> None:
    """One thing's facts: for machines as they are, for people lists with commas and empty values left out."""
    if json:
        print_json(facts)
        return
    print_facts(
        {
            key: ", ".join(map(str, value)) if isinstance(value, list) else value
            for key, value in facts.items()
        }
    )


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns; nothing is cut, so that hashes and addresses can be copied."""
    cells = [list(columns), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, line in enumerate(cells):
        text = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        out.print(text.rstrip(), style="bold" if number == 0 else None, markup=False)


@contextmanager
def progress_bar(label: str, *, unit: str = "") -> Iterator[Progress]:
    """A bar on stderr; the yielded callback takes (done, total) and may be called at any rate."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
