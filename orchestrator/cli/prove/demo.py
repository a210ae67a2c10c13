"""`diln demo`."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.prove import prove
from orchestrator.config import load_settings
from orchestrator.console import Answer, Note, Stream, command, err, labelled
from orchestrator.errors import UsageError


@command(prove)
def demo(
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything in this empty folder to look at.")
    ] = None,
) -> Stream:
    """Live through the whole job on real data, and see a forgery caught."""
    return Stream(_steps(folder), whole=True)


def _steps(folder: Path | None) -> Iterator[Answer | Note]:
    began = time.perf_counter()
    with err.status("starting") as status, tempfile.TemporaryDirectory() as temporary:
        from orchestrator.systems.prove.demo import demo as run_demo

        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise UsageError(
                f"{place} is not empty", "Give a new folder: the demo would mix with what is there."
            )
        for step, sentence in run_demo(load_settings(home=place / ".diln"), place):
            status.update(f"after {step} …")
            yield Answer({"step": step, "sentence": sentence}, labelled(f"{step:<9} ", "bold", sentence))
    seen = f"; `diln page --home {place / '.diln'}` shows it in a browser" if folder else ""
    yield Note(f"done in {time.perf_counter() - began:.1f} s; yours begins with `diln init`{seen}")
