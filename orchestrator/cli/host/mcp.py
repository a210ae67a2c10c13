"""`diln mcp`: the commands as tools of the Model Context Protocol."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.console import SENDS, command, lazy_imports
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.chain import budget
    from orchestrator.cli import tools, toolserver
    from orchestrator.kernel import money

if TYPE_CHECKING:
    from orchestrator.config import Settings


@command(host, sender=SENDS, storage=True)
def mcp(
    settings: "Settings",
    allow_send: Annotated[
        bool, typer.Option("--allow-send", help="Offer what changes and sends something, too.")
    ] = False,
    spend_at_most: Annotated[
        str, typer.Option(metavar="ETHER", help="What may leave the account in all, fees included.")
    ] = "0",
) -> None:
    """Serve the commands to a language model's host over stdio: those that read, unless --allow-send."""
    if find_spec("mcp") is None:
        raise UsageError("the MCP server is not installed", "Install it: pip install 'diln[mcp]'")
    fixed = {
        "network": settings.network.url or settings.network.name,
        "home": str(settings.home),
        "storage": settings.storage.kind,
        "sender": settings.sender,
    }
    with budget.spending(_budget(spend_at_most, allow_send=allow_send)):
        given = {name: value for name, value in fixed.items() if value}
        toolserver.serve(tools.tools(changing=allow_send), given)


def _budget(ether: str, *, allow_send: bool) -> "budget.Budget":
    most = money.ETHER.parse(ether.removesuffix("ether").strip())
    if most and not allow_send:
        raise UsageError("without --allow-send nothing is spent", "Leave --spend-at-most out, or allow it.")
    return budget.Budget({money.ETHER.address: most})
