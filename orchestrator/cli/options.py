"""Options that many commands share, and how they become Settings."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.config import Settings, load_settings
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.pipeline.workspace import Workspace

NetworkOption = Annotated[
    str | None,
    typer.Option(
        "--network",
        "--rpc-url",
        metavar="NAME|URL",
        help="embedded, a network of brownie-config.yaml, or a node's URL.",
    ),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="NAME", help="The account that sends and pays.")
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="DIR", help="The state folder (default .diln).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Simulate and price; send nothing.")]
SpecOption = Annotated[Path, typer.Option("--spec", metavar="FILE", help="The spec file.")]
StorageOption = Annotated[str | None, typer.Option("--storage", metavar="KIND", help="embedded or kubo.")]
IdentityOption = Annotated[
    Path | None,
    typer.Option(
        "--identity", metavar="FILE", exists=True, help="The private key for a private model (age)."
    ),
]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="A run, NAME, NAME@VERSION, artifact hash or file.")
]


def new_app() -> typer.Typer:
    """A group of commands that parses nothing by itself."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
    app.callback()(lambda: None)
    return app


def settings_from(
    *,
    network: str | None = None,
    sender: str | None = None,
    home: Path | None = None,
    storage: str | None = None,
) -> Settings:
    return load_settings(network=network, account=sender, home=home, storage=storage)


def workspace_from(
    network: str | None, sender: str | None, home: Path | None, storage: str | None = None
) -> "Workspace":
    from orchestrator.pipeline.workspace import Workspace

    settings = settings_from(network=network, sender=sender, home=home, storage=storage)
    return Workspace(settings, ask_password)


def ask_password(question: str) -> str:
    """Ask at a prompt; nothing is shown."""
    return str(typer.prompt(question, hide_input=True))


def new_password() -> str:
    """DILN_PASSWORD, else asked for twice."""
    known = os.environ.get("DILN_PASSWORD")
    return known or str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))


def chosen_sender(settings: Settings) -> str:
    """The sender's name: --from, then DILN_FROM, then the file; `alice` on the embedded chain."""
    if settings.account:
        return settings.account
    if settings.network.embedded:
        return "alice"
    raise UsageError("no sender was named", "Add --from NAME; `diln account list` shows the names.")
