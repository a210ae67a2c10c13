"""`diln mcp`: the commands as tools of the Model Context Protocol."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.console import SENDS, command, lazy_imports
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.chain import budget, connection
    from orchestrator.cli import tools, toolserver
    from orchestrator.kernel import money

if TYPE_CHECKING:
    from orchestrator.config import Settings
    from orchestrator.types import Address


@command(host, sender=SENDS, storage=True)
def mcp(
    settings: "Settings",
    allow_send: Annotated[
        bool, typer.Option("--allow-send", help="Also offer the commands that change or send something.")
    ] = False,
    spend_at_most: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AMOUNT",
            help="The most to spend in all: ether, fees included; for a token, AMOUNT:TOKEN. Repeatable.",
        ),
    ] = None,
) -> None:
    """Serve the commands to a language model's host over stdio: those that read, unless --allow-send."""
    if find_spec("mcp") is None:
        raise UsageError("the MCP server is not installed", "Install it: pip install 'diln[mcp]'")
    with budget.spending(_budget(settings, spend_at_most or [], allow_send=allow_send)):
        toolserver.serve(tools.tools(changing=allow_send), fixed(settings))


def fixed(settings: "Settings") -> dict[str, str]:
    """The options that hold for every tool that has them, as the server got them.

    A network goes by its name, where it has one: what is known of it besides its URL holds, too.
    """
    network = settings.network
    found = {
        "network": network.url if "://" in network.name else network.name,
        "home": str(settings.home),
        "storage": settings.storage.kind,
        "sender": settings.account,
        "signer_url": settings.signer,
        "calldata": "yes" if settings.calldata else "",
    }
    return {name: value for name, value in found.items() if value}


def _budget(settings: "Settings", amounts: list[str], *, allow_send: bool) -> "budget.Budget":
    """Each currency's limit; given twice, the last one holds."""
    limits: dict[Address, int] = {}
    for each in amounts:
        amount, _, token = each.partition(":")
        currency = _token(settings, token) if token else money.ETHER
        limits[currency.address] = currency.parse(amount.strip().removesuffix("ether").strip())
    if any(limits.values()) and not allow_send:
        raise UsageError("without --allow-send nothing is spent", "Leave --spend-at-most out, or allow it.")
    return budget.Budget(limits)


def _token(settings: "Settings", address: str) -> "money.Currency":
    """Its decimals are the chain's word: a token that says nothing counts smallest units."""
    with connection.connect(settings) as chain:
        return money.read_currency(chain, money.parse_token(address))
