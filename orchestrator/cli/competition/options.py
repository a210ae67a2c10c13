"""What the commands of `diln competition` share: options, consent, finding a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.config import Settings
from orchestrator.console import BoundedConsent, lazy_imports
from orchestrator.errors import ModelError

with lazy_imports():
    from orchestrator.kernel import money as moneys
    from orchestrator.systems.prove import runs

if TYPE_CHECKING:
    from orchestrator.kernel import session as sessions
    from orchestrator.kernel.session import Session
    from orchestrator.systems.competition.contracts import Competition

CompetitionArgument = Annotated[
    str, typer.Argument(metavar="COMPETITION", help="latest, an address, or the start of one.")
]
NumberOption = Annotated[
    int | None, typer.Option("--submission", metavar="N", help="Your only one, unless given.")
]
OpeningOption = Annotated[
    str | None, typer.Option(metavar="CID", help="Published salts, instead of the registry's.")
]


@dataclass(frozen=True)
class Payment(BoundedConsent):
    """Consent to what a competition takes."""

    def to(self, session: "Session", competition: "Competition") -> "sessions.Consent":
        """Asks before money leaves for `competition`; see `BoundedConsent`."""
        money = moneys.currency_of(session.chain, competition.terms.token)
        return self.within(session.known, competition.address, "competition", money)


def model_file(settings: Settings, reference: str) -> Path:
    """A model's file, by its path or by the NAME or NAME/RUN of `diln train`. Raises ModelError."""
    path = Path(reference)
    if path.is_file():
        return path
    if path.suffix or not runs.list_runs(settings):
        raise ModelError(
            f"there is no model file {reference}", "Give a file, or the NAME of a model of `diln train`."
        )
    run = runs.find_run(settings, reference)
    if not run.model.is_file():
        raise ModelError(f"the model of {run.name}/{run.id} is encrypted", "Decrypt it, and give the file.")
    return run.model
