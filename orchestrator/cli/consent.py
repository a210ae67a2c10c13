"""Money leaves for a contract that this folder does not know only after somebody agreed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.console import err
from orchestrator.errors import UsageError
from orchestrator.text import shown
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.chain.known import KnownContracts

YesOption = Annotated[
    bool, typer.Option("--yes", help="Agree to pay a contract that this folder does not know.")
]


def agree(
    known: "KnownContracts",
    contract: Address,
    kind: str,
    sentences: Sequence[str],
    *,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Say on stderr who gets what, and ask where this folder does not know `contract`; then remember it.

    `kind` is what the contract is to people, such as `competition`. `yes` agrees for scripts. Raises
    UsageError where nobody can be asked: without a terminal, or with `json`; Abort where somebody declines.
    """
    for sentence in sentences:
        err.print(shown(sentence), markup=False)
    if not (yes or known.knows(contract)):
        _ask(contract, kind, json)
    known.remember(contract, kind)


def _ask(contract: Address, kind: str, json: bool) -> None:
    unknown = f"this folder has not used the {kind} {shown(contract)} before"
    if json or not sys.stdin.isatty():
        raise UsageError(
            f"{unknown}, and nobody can be asked here",
            "Look at what it asks for, then agree with --yes.",
        )
    if not typer.confirm(f"{unknown[0].upper()}{unknown[1:]}. Pay it?", err=True):
        raise typer.Abort
