"""`diln doctor`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.config import Settings
from orchestrator.console import Answer, command, lazy_imports
from orchestrator.errors import DilnError

with lazy_imports():
    from orchestrator import chain, storage
    from orchestrator.kernel import session as sessions
    from orchestrator.systems.prove import predicting

_READ = 20


@command(host, storage=True)
def doctor(
    settings: Settings,
    every: Annotated[bool, typer.Option("--all", help="Read all that is pinned, not only a part.")] = False,
) -> Answer:
    """Check node, deployments, storage, wallets and versions; exit 1 if something is wrong."""
    findings = [*chain.examine(settings), *_anchors(settings), _storage(settings, every)]
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else 'BAD'}  {finding.subject}: {finding.message}")
        lines += [f"     {finding.hint}"] if finding.hint else []
    code = 0 if all(finding.ok for finding in findings) else 1
    return Answer([vars(finding) for finding in findings], *lines, code=code)


def _anchors(settings: Settings) -> "Iterator[chain.Finding]":
    """Whether the anchors of the predictions that were logged here are still in the chain."""
    if not any((settings.home / "predictions").glob("*.anchors.json")):
        return
    try:
        with sessions.Session(settings) as opened:
            for batch in predicting.lost_anchors(opened):
                told = (
                    f"the anchor of predictions {batch.first} to {batch.end - 1} is not in the chain any more"
                )
                where = batch.anchor.project_id.hex() if batch.anchor else ""
                yield chain.Finding("predictions", False, told, f"Run: diln anchor-log {where}")
    except DilnError as error:
        yield chain.Finding("predictions", False, error.message, error.hint)


def _storage(settings: Settings, every: bool) -> "chain.Finding":
    """Whether what is pinned is whole, and whether those who mirror it are there and know of it.

    Unless `every` pin is to be read, the newest and as many older ones by chance are.
    """
    try:
        with storage.open_storage(settings) as store:
            pins, queued = store.count()
            faults = store.faults()
            chosen = store.pins() if every or pins <= _READ else store.some(_READ)
            for pin in chosen:
                store.verify(pin.cid)
            store.reach()
    except DilnError as error:
        return chain.Finding("storage", False, error.message, error.hint)
    if faults:
        return chain.Finding(
            "storage", False, "; ".join(faults), "Nothing has to be done: this is said once."
        )
    if queued:
        reason = f"{queued} of {pins} pins are not mirrored yet"
        return chain.Finding(
            "storage", False, reason, "`diln pin push` sends them; start the daemon before (`ipfs daemon`)."
        )
    read = "every block" if len(chosen) == pins else f"every block of {len(chosen)} of them"
    return chain.Finding("storage", True, f"{settings.storage.kind}, {pins} pinned, {read} verified")
