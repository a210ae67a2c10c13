"""Money leaves for a contract that this folder does not know only after somebody agreed."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.console.options import JsonOption
from orchestrator.console.printing import err
from orchestrator.errors import ChainError, UsageError
from orchestrator.text import shown
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.known import KnownContracts
    from orchestrator.kernel.money import Currency


@dataclass(frozen=True)
class Consent:
    """Asks before money leaves; a command that has a parameter of this type takes --yes."""

    yes: Annotated[
        bool, typer.Option("--yes", help="Agree to pay a contract that this folder does not know.")
    ] = False
    json: JsonOption = False

    def ask(self, known: "KnownContracts", contract: Address, kind: str, sentences: Sequence[str]) -> None:
        """Say on stderr who gets what, and ask where this folder does not know `contract`; then remember it.

        `kind` is what the contract is to people, such as `competition`. Raises UsageError where nobody can be
        asked: without a terminal, or with --json; Abort where somebody declines.
        """
        for sentence in sentences:
            err.print(shown(sentence), markup=False)
        if not (self.yes or known.knows(contract)):
            self._confirm(contract, kind)
        known.remember(contract, kind)

    def about(
        self, known: "KnownContracts", contract: Address, kind: str
    ) -> Callable[[Wei, Sequence[str]], None]:
        """Asks so before an amount leaves for `contract`, with the sentences that it is given."""
        return lambda _, sentences: self.ask(known, contract, kind, sentences)

    def _confirm(self, contract: Address, kind: str) -> None:
        unknown = f"this folder has not used the {kind} {shown(contract)} before"
        if self.json or not sys.stdin.isatty():
            raise UsageError(
                f"{unknown}, and nobody can be asked here",
                "Look at what it asks for, then agree with --yes.",
            )
        if not typer.confirm(f"{unknown[0].upper()}{unknown[1:]}. Pay it?", err=True):
            raise typer.Abort


@dataclass(frozen=True)
class BoundedConsent(Consent):
    """Consent, and the most that may be paid."""

    maximum: Annotated[
        str | None,
        typer.Option("--max-deposit", metavar="AMOUNT", help="The most that may leave the wallet for it."),
    ] = None

    def within(
        self, known: "KnownContracts", contract: Address, kind: str, money: "Currency"
    ) -> Callable[[int, Sequence[str]], None]:
        """As `about`, and never lets more than the maximum leave; raises UsageError for what is no amount."""
        most = None if self.maximum is None else money.parse(self.maximum)

        def ask(amount: int, sentences: Sequence[str]) -> None:
            if most is not None and amount > most:
                raise ChainError(
                    f"{money.show(amount)} would leave the wallet; --max-deposit is {money.show(most)}",
                    "Nothing was sent. Raise the maximum if that is what you want to pay.",
                )
            self.ask(known, contract, kind, sentences)

        return ask
