"""`diln schema`: what commands print with --json."""

import difflib
import json
from typing import Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.console import Answer, Document, command, lazy_imports
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.cli import schemas


@command(host)
def schema(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND…]",
            help="Such as sum show; default: list them.",
            autocompletion=lambda ctx, incomplete: _following(ctx.params.get("words") or [], incomplete),
        ),
    ] = None,
) -> Answer:
    """Print the JSON Schema of what a command prints with --json; `error` is what each prints if it fails."""
    if not words:
        rows = [{"command": name, "result": schemas.about(name)} for name in schemas.results()]
        return Answer(rows, Document("".join(f"{row['command']}\n" for row in rows)))
    name = " ".join(words)
    if name not in schemas.results():
        raise _unknown(name)
    found = schemas.schema_of(name)
    return Answer(found, Document(json.dumps(found, indent=2) + "\n"))


def _unknown(name: str) -> UsageError:
    close = difflib.get_close_matches(name, schemas.results(), n=1)
    meant = f"Did you mean `diln schema {close[0]}`? " if close else ""
    return UsageError(f"`{name}` has no schema", f"{meant}`diln schema` lists the commands that have one.")


def _following(words: list[str], incomplete: str) -> list[str]:
    """What may come after some words of a command."""
    start = " ".join([*words, incomplete])
    left = [name[len(start) :] for name in schemas.results() if name.startswith(start)]
    return sorted({incomplete + each.partition(" ")[0] for each in left})
