"""Projects by name. One creator's names are unique; others may give theirs the same name."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Project
from orchestrator.provenance.identifiers import project_id_of
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


def find_project(session: Session, reference: str, creator: Address | None = None) -> Project:
    """The project that `reference` names: an id (64 hex digits), `CREATOR/NAME`, or NAME.

    CREATOR is an address or an account's name. A bare NAME is first looked for among the projects of
    `creator`, so that nobody can take its place by giving theirs the same name; then among all.

    Raises ChainError if there is none, or several have the name.
    """
    registry = session.registry
    by_id = _by_id(session, reference)
    if by_id:
        return by_id
    owner, slash, name = reference.rpartition("/")
    if slash:
        creator = session.address(owner)
    own = registry.project(registry.project_id(creator, name)) if creator else None
    if own:
        return own
    if slash:
        raise ChainError(f"{owner} has created no project `{name}`", "Look at `diln project list`.")
    return registry.find_project(reference)


def offline_project(session: Session, reference: str) -> Callable[[int, Address], Digest]:
    """What the id of the project that `reference` names is on a chain and in a registry, asking neither.

    Raises UsageError for a bare NAME, which anybody may have given to theirs.
    """
    digits = reference.removeprefix("0x")
    if re.fullmatch("[0-9a-fA-F]{64}", digits):
        return lambda _chain_id, _registry: Digest(bytes.fromhex(digits))
    owner, slash, name = reference.rpartition("/")
    if not slash:
        raise UsageError(
            f"offline nobody can tell whose `{reference}` is meant",
            f"Write CREATOR/{reference}, with the creator's address or account, or the project's id.",
        )
    return partial(project_id_of, creator=session.address(owner), name=name)


def own_project(session: Session, name: str, account: Account) -> Project | None:
    """The project that `account` created under this name; None if it created none.

    What is signed or sent goes nowhere else by a bare name: anybody may give theirs the same name, and make
    others publishers or participants of it without asking.
    """
    return session.registry.project(session.registry.project_id(account.address, name))


def create_project(
    session: Session,
    name: str,
    sender: Account,
    *,
    publishers: Sequence[str] = (),
    participants: Sequence[str] = (),
    threshold: int | None = None,
    dry_run: bool = False,
) -> tuple[Digest, Receipt]:
    """Create a project that `sender` owns; members are given by address or account name.

    Without participants, `sender` is the only one. Unless `threshold` is given, all of them must sign.
    Returns the project's id and the receipt; raises ChainError if `sender` has one of that name. Killed, and
    run again, it waits for what was sent.
    """
    project_id = session.registry.project_id(sender.address, name)
    purpose = f"project-{project_id.hex()[:16]}"
    signing = [resolve_address(session, who) for who in participants] or [sender.address]
    function = session.registry.contract.create_project(
        name,
        [resolve_address(session, who) for who in publishers],
        signing,
        len(signing) if threshold is None else threshold,
    )
    with session.alone(purpose):
        if session.registry.project(project_id):
            raise ChainError(
                f"{sender.name} has a project `{name}` already", f"Look at `diln project show {name}`."
            )
        return project_id, session.send(function, sender, dry_run=dry_run, once=purpose)


@dataclass(frozen=True)
class Change:
    """Who is to be added to publishers or participants, and who to be taken from them: names or addresses."""

    add: Sequence[str] = ()
    remove: Sequence[str] = ()

    def of(self, session: Session, now: Sequence[Address]) -> tuple[list[Address], list[Address]]:
        """What of it is not so yet. Raises UsageError for a name that nobody has."""
        added, removed = ([resolve_address(session, each) for each in who] for who in (self.add, self.remove))
        return [each for each in added if each not in now], [each for each in removed if each in now]


def change_members(
    session: Session, project: Project, publishers: Change, participants: Change, threshold: int | None
) -> "list[Call]":
    """The calls that are left to make it so; `threshold` participants must sign (None: as many as now)."""
    known, contract = session.registry.members(project.id), session.registry.contract
    publishing = publishers.of(session, known.publishers)
    signing = participants.of(session, known.participants)
    demanded = project.threshold if threshold is None else threshold
    calls = [contract.set_publishers(project.id, *publishing)] if any(publishing) else []
    if any(signing) or demanded != project.threshold:
        calls.append(contract.set_participants(project.id, *signing, demanded))
    return calls


def resolve_address(session: Session, who: str) -> Address:
    """The address that a person means, to give it rights. Raises as `find_address` does."""
    return session.address(who, paid=True)


def _by_id(session: Session, reference: str) -> Project | None:
    # Before the names: somebody may have named theirs like the id of another's.
    digits = reference.removeprefix("0x")
    if not re.fullmatch("[0-9a-fA-F]{64}", digits):
        return None
    return session.registry.project(Digest(bytes.fromhex(digits)))
