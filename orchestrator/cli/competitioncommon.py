"""What the commands of `diln competition` share: options, finding things, printing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.chain import Account
from orchestrator.cli.consent import agree
from orchestrator.cli.console import print_facts, print_json
from orchestrator.cli.options import ask_password, chosen_sender, settings_from
from orchestrator.competition.money import money_of
from orchestrator.competition.venue import Consent, Venue
from orchestrator.errors import ChainError, ModelError

if TYPE_CHECKING:
    from orchestrator.competition.contracts import Competition
    from orchestrator.config import Settings

CompetitionArgument = Annotated[
    str, typer.Argument(metavar="COMPETITION", help="latest, an address, or the start of one.")
]
NumberOption = Annotated[
    int | None, typer.Option("--submission", metavar="N", help="Your only one, unless given.")
]
OpeningOption = Annotated[
    str | None, typer.Option(metavar="CID", help="Published salts, instead of the registry's.")
]


MaximumOption = Annotated[
    str | None,
    typer.Option("--max-deposit", metavar="AMOUNT", help="The most that may leave the wallet for it."),
]


def consent_to(
    venue: Venue, competition: "Competition", maximum: str | None, yes: bool, json: bool
) -> Consent:
    """Ask before money leaves for `competition`, and never let more than `maximum` leave.

    Raises UsageError for a maximum that is no amount of the competition's money.
    """
    money = money_of(venue.chain, competition.terms.token)
    most = None if maximum is None else money.parse(maximum)

    def ask(amount: int, sentences: Sequence[str]) -> None:
        if most is not None and amount > most:
            raise ChainError(
                f"{money.show(amount)} would leave the wallet; --max-deposit is {money.show(most)}",
                "Nothing was sent. Raise the maximum if that is what you want to pay.",
            )
        agree(venue.known, competition.address, "competition", sentences, yes=yes, json=json)

    return ask


def opened(network: str | None, sender: str | None, home: Path | None, storage: str | None = None) -> Venue:
    return Venue(settings_from(network=network, sender=sender, home=home, storage=storage), ask_password)


def chosen_account(venue: Venue) -> Account:
    return venue.account(chosen_sender(venue.settings))


def model_file(settings: "Settings", reference: str) -> Path:
    """A model's file, by its path or by the NAME or NAME/RUN of `diln train`. Raises ModelError."""
    from orchestrator.pipeline.runs import find_run, list_runs

    path = Path(reference)
    if path.is_file():
        return path
    if path.suffix or not list_runs(settings):
        raise ModelError(
            f"there is no model file {reference}", "Give a file, or the NAME of a model of `diln train`."
        )
    run = find_run(settings, reference)
    if not run.model.is_file():
        raise ModelError(f"the model of {run.name}/{run.id} is encrypted", "Decrypt it, and give the file.")
    return run.model


def print_rows(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(rows)
        return
    for row in rows:
        print_facts(row)
