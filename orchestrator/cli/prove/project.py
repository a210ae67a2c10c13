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
    publishers = projects.Change(add_publisher or (), remove_publisher or ())
    participants = projects.Change(add_participant or (), remove_participant or ())
    found = _find(session, name)
    return _sent(
        session, projects.change_members(session, found, publishers, participants, threshold), dry_run
    )


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
    change = [session.registry.transfer_ownership(found.id, owner)] if found.pending_owner != owner else []
    return _sent(session, change, dry_run)


@command(project, sender=SENDS)
def accept(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Accept a project that was offered to --from."""
    found = _find(session, name)
    mine = found.owner == session.sender.address
    change = [] if mine else [session.registry.contract.accept_ownership(found.id)]
    return _sent(session, change, dry_run)


@command(project, sender=SENDS)
def pause(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Stop publishing and anchoring; reading and revoking go on."""
    found = _find(session, name)
    return _sent(session, [] if found.paused else [session.registry.contract.pause(found.id)], dry_run)


@command(project, sender=SENDS)
def unpause(session: "Session", name: ProjectArgument, dry_run: DryRunOption = False) -> Answer:
    """Resume publishing."""
    found = _find(session, name)
    return _sent(session, [session.registry.contract.unpause(found.id)] if found.paused else [], dry_run)


def _find(session: "Session", name: str) -> "Project":
    return projects.find_project(session, name, session.sender.address)


def _sent(session: "Session", changes: list[Any], dry_run: bool) -> Answer:
    receipts = [session.send(change, session.sender, dry_run=dry_run) for change in changes]
    value = [{"transaction": each.tx_hash, "gas": each.gas_used} for each in receipts]
    lines = [f"would take {each.gas_used} gas" if dry_run else f"done in {each.tx_hash}" for each in receipts]
    return Answer(value, *(lines or ["it is so already; nothing was sent"]))


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
