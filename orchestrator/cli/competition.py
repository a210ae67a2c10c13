"""`diln competition`: competitions that nobody can cheat."""

import typer

from orchestrator.cli import competing, competitioncreating, competitionjudging, competitionreading
from orchestrator.cli.options import new_app

app = new_app()
group = typer.Typer(help="Compete for a prize that a contract pays.", no_args_is_help=True)
app.add_typer(group, name="competition")

group.command()(competitioncreating.create)
group.command(name="list")(competitionreading.list_competitions)
group.command()(competitionreading.show)
group.command()(competitionreading.data)
group.command(name="train-baseline")(competing.train_baseline)
group.command()(competing.submit)
group.command()(competing.reveal)
group.command(name="open-test")(competitionreading.open_test)
group.command()(competitionjudging.evaluate)
group.command()(competitionjudging.claim)
group.command()(competitionjudging.refute)
group.command()(competitionjudging.finalize)
group.command()(competitionjudging.withdraw)
group.command()(competitionjudging.publish)
group.command()(competitionjudging.watch)
