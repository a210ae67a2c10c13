"""`diln card`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.prove import prove
from orchestrator.console import Answer, Document, command, lazy_imports
from orchestrator.errors import StorageError, UsageError

with lazy_imports():
    from orchestrator.systems.prove import cards, materials

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session

FORMATS = ("markdown", "cyclonedx")


@command(prove, storage=True)
def card(
    session: "Session",
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="latest, a run, NAME, NAME@VERSION, a hash or a file.")
    ] = "latest",
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="markdown (a model card) or cyclonedx (ML-BOM).")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to this file.")
    ] = None,
) -> Answer:
    """Write a model's card, or its bill of materials, from its manifest and its anchor."""
    if form not in FORMATS:
        raise UsageError(f"`{form}` is not a format of cards", f"Choose one of {', '.join(FORMATS)}.")
    found = cards.card_of(session, model)
    text = cards.markdown(found) if form == "markdown" else materials.cyclonedx(found)
    if output is None:
        return Answer({"card": text} if form == "markdown" else json.loads(text), Document(text))
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{output} cannot be written: {error.strerror}", "Choose another file.") from error
    return Answer({"file": str(output)}, f"wrote {output}")
