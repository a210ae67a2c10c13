"""`diln account`: wallets."""

from typing import Annotated

import typer

from orchestrator.chain import Account, Accounts
from orchestrator.cli.console import print_facts, print_json, print_table
from orchestrator.cli.options import (
    HomeOption,
    JsonOption,
    NetworkOption,
    new_app,
    new_password,
    settings_from,
)

app = new_app()
account = typer.Typer(help="Create, import and list wallets.", no_args_is_help=True)
app.add_typer(account, name="account")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@account.command()
def new(name: NameArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Make a new key and keep it encrypted under NAME."""
    accounts = Accounts(settings_from(home=home))
    _print(accounts.new(name, new_password()), json)


@account.command(name="import")
def import_key(name: NameArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Keep an existing private key, asked for at a prompt, encrypted under NAME."""
    accounts = Accounts(settings_from(home=home))
    key = typer.prompt("Private key (64 hex digits)", hide_input=True)
    _print(accounts.import_key(name, key, new_password()), json)


@account.command(name="list")
def list_accounts(network: NetworkOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """List the wallets, the development accounts included where the chain is local."""
    found = Accounts(settings_from(network=network, home=home)).list()
    if json:
        print_json([_facts(entry) for entry in found])
    else:
        print_table(["name", "address", "kind"], [list(_facts(entry).values()) for entry in found])


def _facts(entry: Account) -> dict[str, str]:
    kind = "development" if entry.known_to_all else "keystore"
    return {"name": entry.name, "address": entry.address, "kind": kind}


def _print(entry: Account, json: bool) -> None:
    print_json(_facts(entry)) if json else print_facts(_facts(entry))
