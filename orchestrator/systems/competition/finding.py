"""Where competitions are found, and where their secrets are kept."""

from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import ChainError
from orchestrator.kernel import secrets
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.contracts import Competition, CompetitionFactory
from orchestrator.types import Address


def factory_of(session: Session) -> CompetitionFactory:
    """The factory on this chain. Raises NotDeployed before `diln migrate`."""
    return session.deployed(CompetitionFactory, "CompetitionFactory")


def secret_folder(session: Session, competition: Address | None = None) -> secrets.SecretFolder:
    """Where the secrets of a competition are kept; without one, those of competitions being created."""
    return secrets.secret_folder(session, "competitions", competition)


def find(session: Session, reference: str = "latest") -> Competition:
    """The competition that `reference` names: an address, the start of one, or `latest`.

    The latest is the last that was created or entered from this folder, never a stranger's; of several
    addresses that begin alike, the one that this folder knows is meant. Raises ChainError if there is
    none, or several begin so.
    """
    if reference == "latest":
        return _latest(session)
    factory = factory_of(session)
    if is_address_like(reference):
        found = factory.competition(checked_address(reference))
        if found:
            return found
    wanted, many = reference.lower(), []
    if len(wanted) > 2:
        many = [each for each in factory.competitions() if each.address.lower().startswith(wanted)]
    known = [each for each in many if session.known.knows(each.address)]
    named = known if len(known) == 1 else many
    if len(named) != 1:
        what = "several competitions begin" if many else "there is no competition that begins"
        raise ChainError(f"{what} with `{reference}`", "`diln competition list` shows all of them.")
    return named[0]


def _latest(session: Session) -> Competition:
    last, factory = session.known.last("competition"), factory_of(session)
    found = factory.competition(last) if last else None
    if found is None:
        raise ChainError(
            "no competition was created or entered from this folder",
            "Name one by its address until you have entered it; `diln competition list` shows all of them.",
        )
    return found
