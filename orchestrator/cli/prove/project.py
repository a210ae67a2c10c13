"""`diln project`: who may publish, who must sign, and whose it is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.prove import project
from orchestrator.console import (
    NEWEST,
    SENDS,
    VIEWS,
    AllOption,
    Answer,
    DryRunOption,
    Facts,
    ProjectArgument,
    Shown,
    Table,
    command,
    err,
    lazy_imports,
)

with lazy_imports():
    from orchestrator.systems.prove import projects

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.provenance import Project

Accounts = Annotated[list[str] | None, typer.Option(metavar="ACCOUNT", help="A name or address; repeatable.")]


@command(project, sender=SENDS)
def create(
    session: "Session",
    name: Annotated[str, typer.Argument(metavar="NAME")],
    publisher: Accounts = None,
    participant: Accounts = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many participants must sign; all, unless given.")
    ] = None,
    dry_run: DryRunOption = False,
) -> Facts:
    """Create a project that --from owns. Without --participant, the owner alone must sign."""
    project_id, receipt = projects.create_project(
        session,
        name,
        session.sender,
        publishers=publisher or (),
        participants=participant or (),
        threshold=threshold,
        dry_run=dry_run,
    )
    return Facts({"project": project_id.hex(), "transaction": receipt.tx_hash, "gas": receipt.gas_used})


@command(project, "list")
def list_projects(session: "Session", every: AllOption = False) -> Answer:
    """List the projects of the registry, oldest first: the newest ones, or --all."""
    found = [_facts(each) for each in session.registry.projects(None if every else NEWEST)]
    if len(found) == NEWEST and not every:
        err.print("older ones, if there are any, are listed with --all")
    rows = [each | {"id": each["id"][:16]} for each in found]
    return Answer(
        found, Table(rows, ["name", "owner", "signatures", "versions", "id"], "no project was created yet")
    )


@command(project, sender=VIEWS)
def show(session: "Session", name: ProjectArgument) -> Facts:
    """Show a project with its publishers and participants."""
    found = projects.find_project(session, name, session.viewer)
    members = session.registry.members(found.id)
    people = {"publishers": list(members.publishers), "participants": list(members.participants)}
    return Facts(_facts(found) | people)


@command(project, sender=SENDS)
def members(
    session: "Session",
    name: ProjectArgument,
    add_publisher: Accounts = None,
    remove_publisher: Accounts = None,
    add_participant: Accounts = None,
    remove_participant: Accounts = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many participants must sign from now on.")
    ] = None,
    dry_run: DryRunOption = False,
) -> Answer:
    """Change who may publish and who must sign."""
    found, registry, changes = _find(session, name), session.registry, []

    def addresses(names: list[str] | None) -> Any:
        return [projects.resolve_address(session, each) for each in names or ()]

    if add_publisher or remove_publisher:
        change = registry.contract.set_publishers(
            found.id, addresses(add_publisher), addresses(remove_publisher)
        )
        changes.append(change)
    if add_participant or remove_participant or threshold is not None:
        demanded = found.threshold if threshold is None else threshold
        added, removed = addresses(add_participant), addresses(remove_participant)
        changes.append(registry.contract.set_participants(found.id, added, removed, demanded))
    return _sent(session, changes, dry_run)


@command(project, sender=SENDS)
def transfer(
    session: "Session",
    name: ProjectArgument,
    to: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Without it, an offer is taken back.")
    ] = None,
    dry_run: DryRunOption = False,
) -> Answer:
    """Offer the project to a new owner, who must accept it."""
    found = _find(session, name)
    owner = projects.resolve_address(session, to) if to else None
    return _sent(session, [session.registry.transfer_ownership(found.id, owner)], dry_run)


@command(project, sender=SENDS)
def accept(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Accept a project that was offered to --from."""
    return _sent(session, [session.registry.contract.accept_ownership(_find(session, name).id)], dry_run)


@command(project, sender=SENDS)
def pause(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Stop publishing and anchoring; reading and revoking go on."""
    return _sent(session, [session.registry.contract.pause(_find(session, name).id)], dry_run)


@command(project, sender=SENDS)
def unpause(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Let publishing go on."""
    return _sent(session, [session.registry.contract.unpause(_find(session, name).id)], dry_run)


def _find(session: "Session", name: str) -> "Project":
    return projects.find_project(session, name, session.sender.address)


def _sent(session: "Session", changes: list[Any], dry_run: bool) -> Answer:
    receipts = [session.send(change, session.sender, dry_run=dry_run) for change in changes]
    value = [{"transaction": each.tx_hash, "gas": each.gas_used} for each in receipts]
    lines = [f"would take {each.gas_used} gas" if dry_run else f"done in {each.tx_hash}" for each in receipts]
    return Answer(value, *lines)


def _facts(found: "Project") -> dict[str, Any]:
    return {
        "name": found.name,
        "id": found.id.hex(),
        "owner": found.owner,
        "offered_to": found.pending_owner,
        "paused": Shown(found.paused, "yes" if found.paused else "no"),
        "signatures": Shown(
            {"threshold": found.threshold, "participants": found.participants},
            f"{found.threshold} of {found.participants}",
        ),
        "versions": found.versions,
        "batches": found.batches,
    }
