"""`diln sum`: models that live in a contract and grow by what people give them."""

import typer

from orchestrator.cli import market, sumadding, sumcreating, sumgiving, sumreading
from orchestrator.cli.options import new_app

app = new_app()
group = typer.Typer(
    help="Grow a model together: it lives in a contract, learns from anyone, and pays for good data.",
    no_args_is_help=True,
)
app.add_typer(group, name="sum")

group.command()(sumcreating.create)
group.command(name="list")(sumreading.list_models)
group.command()(sumreading.show)
group.command()(sumadding.add)
group.command()(sumadding.reveal)
group.command()(sumadding.sign)
group.command()(sumadding.relay)
group.command()(sumadding.fund)
group.command()(sumreading.predict)
group.command()(sumgiving.refund)
group.command()(sumgiving.report)
group.command()(sumgiving.withdraw)
group.command()(sumreading.replay)
group.command()(sumreading.leaderboard)
group.command()(sumgiving.watch)
group.command()(sumcreating.simulate)
group.add_typer(market.group, name="market")
