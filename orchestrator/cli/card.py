"""`diln card`."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import out
from orchestrator.cli.options import HomeOption, NetworkOption, StorageOption, new_app, workspace_from
from orchestrator.errors import StorageError, UsageError

app = new_app()

FORMATS = ("markdown", "cyclonedx")


@app.command()
def card(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="latest, a run, NAME, NAME@VERSION, a hash or a file.")
    ] = "latest",
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="markdown (a model card) or cyclonedx (ML-BOM).")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to this file.")
    ] = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Write a model's card, or its bill of materials, out of its manifest and its anchor."""
    from orchestrator.pipeline import cards

    if form not in FORMATS:
        raise UsageError(f"`{form}` is not a format of cards", f"Choose one of {', '.join(FORMATS)}.")
    with workspace_from(network, None, home, storage) as workspace:
        found = cards.card_of(workspace, model)
    text = cards.markdown(found) if form == "markdown" else cards.cyclonedx(found)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{output} cannot be written: {error.strerror}", "Choose another file.") from error
    out.print(f"wrote {output}", markup=False)
