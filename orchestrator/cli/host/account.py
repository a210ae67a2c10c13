"""`diln account`: wallets."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from orchestrator.cli.host import account
from orchestrator.config import Settings
from orchestrator.console import Facts, Table, amount, ask_password, command, err, lazy_imports, new_password
from orchestrator.errors import ChainError

with lazy_imports():
    from orchestrator import chain
    from orchestrator.kernel import money as moneys

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@command(account, network=False)
def new(settings: Settings, name: NameArgument) -> Facts:
    """Make a new key and keep it encrypted under NAME."""
    return Facts(_facts(chain.Accounts(settings).new(name, new_password())))


@command(account, "import", network=False)
def import_key(settings: Settings, name: NameArgument) -> Facts:
    """Keep an existing private key, asked for at a prompt, encrypted under NAME."""
    key = ask_password("Private key (64 hex digits)", hint="It is asked for without --json.")
    return Facts(_facts(chain.Accounts(settings).import_key(name, key, new_password())))


@command(account, "list")
def list_accounts(
    settings: Settings,
    signer: Annotated[
        str | None, typer.Option(metavar="URL", help="List those of this JSON-RPC signer too.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Show no balances, and ask no node.")] = False,
) -> Table:
    """List the wallets and what they have, the development accounts included where the chain is local."""
    from orchestrator.chain.wallets import Signer

    settings = replace(settings, signer=signer or "")
    accounts = chain.Accounts(settings)
    found = [*accounts.list(), *(Signer(signer).accounts() if signer else ())]
    balances = None if offline else _balances(settings, found)
    rows = [_facts(entry) for entry in found]
    if balances:
        rows = [row | {"balance": balance} for row, balance in zip(rows, balances, strict=True)]
    for damage in accounts.damaged():
        err.print(f"left out: {damage.message}")
    return Table(rows, [] if rows else ["name", "address", "kind"])


def _balances(settings: Settings, found: "list[chain.Account]") -> list[Any] | None:
    """In wei; None, with a sentence on stderr, where the node does not tell."""
    if settings.network.embedded and not settings.chain_file.exists():
        return None  # looking makes no chain
    try:
        with chain.connect(settings) as connected:
            balances = connected.balances([entry.address for entry in found])
    except ChainError as error:
        err.print(f"balances are not shown: {error.message}")
        return None
    return [amount(moneys.ETHER, each) for each in balances]


def _facts(entry: "chain.Account") -> dict[str, Any]:
    from orchestrator.chain.wallets import SignerAccount

    kind = "signer" if isinstance(entry, SignerAccount) else "keystore"
    kind = "development" if entry.known_to_all else kind
    return {"name": entry.name, "address": entry.address, "kind": kind}
