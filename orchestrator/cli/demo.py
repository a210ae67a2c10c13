"""`diln demo`."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import err, labelled, out, print_json
from orchestrator.cli.options import JsonOption, new_app, settings_from
from orchestrator.errors import UsageError

app = new_app()


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything in this empty folder to look at.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Live through the whole job on real data, and see a forgery caught."""
    began = time.perf_counter()
    lines = []
    with err.status("starting") as status, tempfile.TemporaryDirectory() as temporary:
        from orchestrator.pipeline.demo import demo as run_demo

        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise UsageError(
                f"{place} is not empty", "Give a new folder: the demo would mix with what is there."
            )
        for step, sentence in run_demo(settings_from(home=place / ".diln"), place):
            status.update(f"after {step} …")
            lines.append({"step": step, "sentence": sentence})
            if not json:
                out.print(labelled(f"{step:<9} ", "bold", sentence))
    if json:
        print_json(lines)
    else:
        out.print(f"done in {time.perf_counter() - began:.1f} s; yours begins with `diln init`")
