"""`diln account`: wallets."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from orchestrator.chain import Account, Accounts, connect, ether
from orchestrator.chain.wallets import Signer, SignerAccount
from orchestrator.cli.console import err, print_facts, print_json, print_table
from orchestrator.cli.options import (
    HomeOption,
    JsonOption,
    NetworkOption,
    new_app,
    new_password,
    settings_from,
)
from orchestrator.config import Settings
from orchestrator.errors import ChainError

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
def list_accounts(
    signer: Annotated[
        str | None, typer.Option(metavar="URL", help="List those of this JSON-RPC signer too.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Show no balances, and ask no node.")] = False,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the wallets and what they have, the development accounts included where the chain is local."""
    settings = replace(settings_from(network=network, home=home), signer=signer or "")
    accounts = Accounts(settings)
    found = [*accounts.list(), *(Signer(signer).accounts() if signer else ())]
    balances = None if offline else _balances(settings, found)
    rows = [_facts(entry) for entry in found]
    if balances:
        rows = [row | {"balance": balance} for row, balance in zip(rows, balances, strict=True)]
    if json:
        print_json(rows)
    else:
        columns = list(rows[0]) if rows else ["name", "address", "kind"]
        print_table(columns, [_cells(row) for row in rows])
    for damage in accounts.damaged():
        err.print(f"left out: {damage.message}")


def _balances(settings: Settings, found: list[Account]) -> list[int] | None:
    """In wei; None, with a sentence on stderr, where the node does not tell."""
    if settings.network.embedded and not settings.chain_file.exists():
        return None  # looking makes no chain
    try:
        with connect(settings) as chain:
            return [int(each) for each in chain.balances([entry.address for entry in found])]
    except ChainError as error:
        err.print(f"balances are not shown: {error.message}")
        return None


def _cells(row: dict[str, Any]) -> list[Any]:
    return [f"{ether(value)} ether" if name == "balance" else value for name, value in row.items()]


def _facts(entry: Account) -> dict[str, Any]:
    kind = "signer" if isinstance(entry, SignerAccount) else "keystore"
    kind = "development" if entry.known_to_all else kind
    return {"name": entry.name, "address": entry.address, "kind": kind}


def _print(entry: Account, json: bool) -> None:
    print_json(_facts(entry)) if json else print_facts(_facts(entry))
