"""Options that many commands share."""

import inspect
import os
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from orchestrator.errors import WrongPassword

NEWEST = 20
"""How many of what can be any number are listed, unless --all is given."""

AllOption = Annotated[bool, typer.Option("--all", help="List all, not only the newest 20.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Simulate and price; send nothing.")]
IdentityOption = Annotated[
    Path | None,
    typer.Option(
        "--identity", metavar="FILE", exists=True, help="The private key for a private model (age)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="A run, NAME, NAME@VERSION, artifact hash or file.")
]
ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")]


def among(*words: str) -> Callable[[str], list[str]]:
    """What a shell completes a value to."""
    return lambda incomplete: [each for each in words if each.startswith(incomplete)]


class Sender(NamedTuple):
    """What --from is for. Whoever signs may do so by --signer; what is sent may be printed by --calldata."""

    help: str
    signs: bool = False
    sends: bool = False


SENDS = Sender("The account that sends and pays.", signs=True, sends=True)
SIGNS = Sender("The account that signs; nothing is sent.", signs=True)
VIEWS = Sender("Whose projects a bare name means first; nothing is sent.")


def parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


JSON = parameter("json", JsonOption, False)
_NETWORK = parameter(
    "network",
    Annotated[
        str | None,
        typer.Option(
            "--network",
            "--rpc-url",
            metavar="NAME|URL",
            help="embedded, sepolia or another public chain, a network of brownie-config.yaml, or a URL.",
        ),
    ],
    None,
)
_STORAGE = parameter(
    "storage",
    Annotated[str | None, typer.Option("--storage", metavar="KIND", help="embedded or kubo.")],
    None,
)
_HOME = parameter(
    "home",
    Annotated[Path | None, typer.Option("--home", metavar="DIR", help="The state folder (default .diln).")],
    None,
)
_SIGNER = parameter(
    "signer_url",
    Annotated[
        str | None,
        typer.Option(
            "--signer", metavar="URL", help="Sign with a JSON-RPC signer (Clef, Frame, a hardware wallet)."
        ),
    ],
    None,
)
_CALLDATA = parameter(
    "calldata",
    Annotated[
        bool,
        typer.Option(
            "--calldata", help="Print the transaction for others to send, such as a Safe; send nothing."
        ),
    ],
    False,
)


def shared(sender: Sender | None, *, network: bool, storage: bool) -> list[inspect.Parameter]:
    """The options of a command that opens this folder."""
    chosen = [
        (_NETWORK, network),
        (_from(sender), sender is not None),
        (_STORAGE, storage),
        (_HOME, True),
        (_SIGNER, sender is not None and sender.signs),
        (_CALLDATA, sender is not None and sender.sends),
    ]
    return [option for option, wanted in chosen if wanted]


def _from(sender: Sender | None) -> inspect.Parameter:
    text = sender.help if sender else None
    option = typer.Option("--from", metavar="NAME", help=text)
    return parameter("sender", Annotated[str | None, option], None)


for_machines: ContextVar[bool] = ContextVar("whether the command that runs prints JSON", default=False)


def ask_password(question: str, *, twice: bool = False, hint: str = "Set DILN_PASSWORD.") -> str:
    """Ask on stderr; nothing is shown. Raises WrongPassword with --json, where a program reads."""
    if for_machines.get():
        raise WrongPassword(f"nobody can be asked here: {question}", hint)
    return str(typer.prompt(question, hide_input=True, confirmation_prompt=twice, err=True))


def new_password() -> str:
    """DILN_PASSWORD, else asked for twice."""
    return os.environ.get("DILN_PASSWORD") or ask_password("New password", twice=True)
