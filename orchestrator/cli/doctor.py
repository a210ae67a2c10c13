"""`diln doctor`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from orchestrator.chain import Finding, examine
from orchestrator.cli.console import out, print_json
from orchestrator.cli.options import (
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    new_app,
    settings_from,
)
from orchestrator.config import Settings
from orchestrator.errors import DilnError

app = new_app()
_READ = 20


@app.command()
def doctor(
    every: Annotated[bool, typer.Option("--all", help="Read all that is pinned, not only a part.")] = False,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check node, deployments, storage, wallets and versions; exit 1 if something is wrong."""
    settings = settings_from(network=network, home=home, storage=storage)
    findings = [*examine(settings), *_anchors(settings), _storage(settings, every)]
    if json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(f"{'ok ' if finding.ok else 'BAD'}  {finding.subject}: {finding.message}")
            if finding.hint:
                out.print(f"     {finding.hint}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _anchors(settings: Settings) -> Iterator[Finding]:
    """Whether the anchors of the predictions that were logged here are still in the chain."""
    from orchestrator.pipeline.predicting import lost_anchors
    from orchestrator.pipeline.workspace import Workspace

    if not any((settings.home / "predictions").glob("*.anchors.json")):
        return
    try:
        with Workspace(settings) as workspace:
            for batch in lost_anchors(workspace):
                told = (
                    f"the anchor of predictions {batch.first} to {batch.end - 1} is not in the chain any more"
                )
                where = batch.anchor.project_id.hex() if batch.anchor else ""
                yield Finding("predictions", False, told, f"Run: diln anchor-log {where}")
    except DilnError as error:
        yield Finding("predictions", False, error.message, error.hint)


def _storage(settings: Settings, every: bool) -> Finding:
    """Whether what is pinned is whole, and whether those who mirror it know of it.

    Unless `every` pin is to be read, the newest and as many older ones by chance are.
    """
    from orchestrator.storage import open_storage

    try:
        with open_storage(settings) as store:
            pins, queued = store.count()
            faults = store.faults()
            chosen = store.pins() if every or pins <= _READ else store.some(_READ)
            for pin in chosen:
                store.verify(pin.cid)
    except DilnError as error:
        return Finding("storage", False, error.message, error.hint)
    if faults:
        return Finding("storage", False, "; ".join(faults), "Nothing has to be done: it is told once.")
    if queued:
        reason = f"{queued} of {pins} pins are not mirrored yet"
        return Finding(
            "storage", False, reason, "`diln pin push` sends them; start the daemon before (`ipfs daemon`)."
        )
    read = "every block" if len(chosen) == pins else f"every block of {len(chosen)} of them"
    return Finding("storage", True, f"{settings.storage.kind}, {pins} pinned, {read} verified")
