"""`diln demo`."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.host.listen import PORT
from orchestrator.cli.prove import prove
from orchestrator.cli.showing import demo_steps
from orchestrator.console import Stream, command, lazy_imports

with lazy_imports():
    from orchestrator.systems.prove import demo as story


@command(prove)
def demo(
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything in this empty folder to look at.")
    ] = None,
) -> Stream:
    """Run the whole job on real data, and see a forgery caught."""
    kept = f"`diln page --home {(folder or Path('DIR')) / '.diln'}` shows it at http://127.0.0.1:{PORT}/"
    seen = f"; {kept}" if folder else f"; after `diln demo --folder DIR`, {kept}"
    steps = demo_steps(folder, lambda *where: story.demo(*where), f"`diln init`{seen}")
    return Stream(steps, whole=True)
