"""`diln sum market`: a provider pays for the data that make a model better on its secret test set."""

import typer

from orchestrator.cli import marketcreating, marketgiving, marketrunning, sumgiving

group = typer.Typer(
    help="Pay for the data that make a model better on a test set that nobody has seen.",
    no_args_is_help=True,
)

group.command()(marketcreating.create)
group.command(name="list")(marketrunning.list_markets)
group.command()(marketrunning.show)
group.command()(marketgiving.contribute)
group.command()(marketgiving.relay)
group.command(name="open")(marketgiving.open_data)
group.command()(marketrunning.reveal)
group.command()(marketrunning.settle)
group.command()(sumgiving.withdraw)
