"""Options that many commands share, and how they become Settings."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
SENDS = "The account that sends and pays."
SIGNS = "The account that signs; nothing is sent."
FromOption = Annotated[str | None, typer.Option("--from", metavar="NAME", help=SENDS)]
ViewerOption = Annotated[
    str | None,
    typer.Option("--from", metavar="NAME", help="Whose projects a bare name means first; nothing is sent."),
]
SigningOption = Annotated[str | None, typer.Option("--from", metavar="NAME", help=SIGNS)]
StandingOption = Annotated[
    str | None, typer.Option("--from", metavar="NAME", help="Whose balance is shown too; nothing is sent.")
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="DIR", help="The state folder (default .diln).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
NEWEST = 20
"""How many of what can be any number are listed, unless --all is given."""

AllOption = Annotated[bool, typer.Option("--all", help="List all, not only the newest 20.")]
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


@dataclass
class Wallet:
    """How this command signs and sends, other than by a keystore: see `wallet_options`."""

    signer: str | None = None
    calldata: bool = False


wallet = Wallet()


def wallet_options(command: Any) -> None:
    """Give each command in `command` that signs --signer, and each that sends --calldata too."""
    wallet.signer, wallet.calldata = None, False
    app = typer.Typer(add_completion=False)
    app.command()(_wallet)
    signer, calldata = typer.main.get_command(app).params
    _extend(command, signer, calldata)


def _extend(command: Any, signer: Any, calldata: Any) -> None:
    for each in getattr(command, "commands", {}).values():
        _extend(each, signer, calldata)
    told = {getattr(each, "help", None) for each in command.params}
    taken = any("--signer" in each.opts for each in command.params)  # DILN_SIGNER is for these
    command.params += [signer] if told & {SENDS, SIGNS} and not taken else []
    command.params += [calldata] if SENDS in told else []


def _wallet(
    signer: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Sign with a JSON-RPC signer (Clef, Frame, a hardware wallet).",
            callback=lambda value: setattr(wallet, "signer", value),
            expose_value=False,
        ),
    ] = None,
    calldata: Annotated[
        bool,
        typer.Option(
            "--calldata",
            help="Print the transaction for others to send, such as a Safe; send nothing.",
            callback=lambda value: setattr(wallet, "calldata", value),
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Only its options are used."""


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
    return load_settings(
        network=network,
        account=sender,
        home=home,
        storage=storage,
        signer=wallet.signer,
        calldata=wallet.calldata,
    )


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
    """The sender's name: --from, then DILN_FROM, then the file; `alice` on the chains of this machine."""
    if settings.sender:
        return settings.sender
    raise UsageError("no sender was named", "Add --from NAME; `diln account list` shows the names.")
