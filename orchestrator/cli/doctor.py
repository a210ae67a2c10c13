"""`diln doctor`."""

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


@app.command()
def doctor(
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check node, deployments, storage, wallets and versions; exit 1 if something is wrong."""
    settings = settings_from(network=network, home=home, storage=storage)
    findings = [*examine(settings), _storage(settings)]
    if json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(f"{'ok ' if finding.ok else 'BAD'}  {finding.subject}: {finding.message}", markup=False)
            if finding.hint:
                out.print(f"     {finding.hint}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _storage(settings: Settings) -> Finding:
    """Whether everything that is pinned is whole, and whether those who mirror it know of it."""
    from orchestrator.storage import open_storage

    try:
        with open_storage(settings) as store:
            pins = store.pins()
            for pin in pins:
                store.verify(pin.cid)
    except DilnError as error:
        return Finding("storage", False, error.message, error.hint)
    waiting = [pin for pin in pins if pin.queued]
    if waiting:
        reason = f"{len(waiting)} of {len(pins)} pins are not mirrored yet: {waiting[0].queued}"
        return Finding(
            "storage", False, reason, "`diln pin push` sends them; start the daemon before (`ipfs daemon`)."
        )
    return Finding("storage", True, f"{settings.storage.kind}, {len(pins)} pinned, every block verified")
