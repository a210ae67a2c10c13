"""`diln federation flower` and `first-model`: a Flower app whose server is nobody."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.federation import federation
from orchestrator.cli.federation.options import Reference
from orchestrator.console import SENDS, Consent, Facts, Shown, Table, command, err, lazy_imports

with lazy_imports():
    from orchestrator.systems.federation import finding

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.systems.federation.flower import chaingrid

App = Annotated[Path, typer.Argument(metavar="APP", help="The folder of a Flower app.")]
RunConfig = Annotated[
    str, typer.Option("--run-config", metavar="PAIRS", help="Changes to the app's configuration: key=value …")
]


@command(federation, sender=SENDS)
def flower(
    session: "Session",
    app: App,
    consent: Consent,
    reference: Reference = "latest",
    node_config: Annotated[
        str, typer.Option("--node-config", metavar="PAIRS", help="What is this node's own: key=value …")
    ] = "",
    run_config: RunConfig = "",
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
) -> Table:
    """Take part with a Flower app, unchanged: it has no server, and every party runs all of it."""
    from orchestrator.systems.federation.flower import app as apps  # an extra brings what it imports
    from orchestrator.systems.federation.flower import chain, chaingrid

    found = finding.find(session, reference)
    agreed, wait = consent.about(session.known, found.address, finding.KIND), chain.sleeping(interval)
    loaded, own = apps.load(app, run_config), apps.parse_config(node_config)
    node = {"node_config": own, "run_config": loaded.config, "report": err.print, "wait": wait}
    grid = chaingrid.ChainGrid(session, found, session.sender, loaded.client, **node, consent=agreed)
    loaded.run(grid)
    return Table([_heard(each) for each in grid.heard], empty="no round was joined")


def _heard(each: "chaingrid.Heard") -> dict[str, Any]:
    model = Shown(each.model.hex(), f"{each.model.hex()[:16]}…")
    return {"round": each.round, "model": model, "updates": each.updates, "included": each.included}


@command(federation, "first-model", network=False, storage=False)
def first_model(
    app: App,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="NPZ", help="Where it is written.")],
    run_config: RunConfig = "",
    nodes: Annotated[int, typer.Option(min=2, max=16, help="How many nodes the app is told of.")] = 2,
) -> Facts:
    """Write the model that a Flower app begins with, for an offer's `arrays`."""
    from orchestrator.learning.aggregation.template import write_arrays
    from orchestrator.systems.federation.flower import app as apps
    from orchestrator.systems.federation.flower import records

    arrays = apps.load(app, run_config).first_arrays(nodes)
    described = records.template_of(arrays)
    write_arrays(output, {name: each.numpy() for name, each in arrays.items()})
    names = [slot.name for slot in described.slots]
    return Facts({"file": str(output), "parameters": described.size, "arrays": names})
