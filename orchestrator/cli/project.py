"""`diln project`: who may publish, who must sign, and whose it is."""

from typing import Annotated, Any

import typer

from orchestrator.cli.console import err, out, print_facts, print_json, print_one, print_table
from orchestrator.cli.options import (
    NEWEST,
    AllOption,
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    ViewerOption,
    chosen_sender,
    new_app,
    workspace_from,
)
from orchestrator.pipeline.projects import create_project, find_project, resolve_address
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Project

app = new_app()
project = typer.Typer(help="Create and govern the project that versions belong to.", no_args_is_help=True)
app.add_typer(project, name="project")

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")]
Accounts = Annotated[list[str] | None, typer.Option(metavar="ACCOUNT", help="A name or address; repeatable.")]


@project.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    publisher: Accounts = None,
    participant: Accounts = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many participants must sign; all, unless given.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Create a project that --from owns. Without --participant, the owner alone must sign."""
    with workspace_from(network, sender, home) as workspace:
        project_id, receipt = create_project(
            workspace,
            name,
            workspace.account(chosen_sender(workspace.settings)),
            publishers=publisher or (),
            participants=participant or (),
            threshold=threshold,
            dry_run=dry_run,
        )
    facts = {"project": project_id.hex(), "transaction": receipt.tx_hash, "gas": receipt.gas_used}
    print_json(facts) if json else print_facts(facts)


@project.command(name="list")
def list_projects(
    every: AllOption = False,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the projects of the registry, oldest first: the newest ones, or --all."""
    with workspace_from(network, None, home) as workspace:
        found = workspace.registry.projects(None if every else NEWEST)
    if json:
        print_json([_facts(each) for each in found])
    else:
        rows = [[each.name, each.owner, _demands(each), each.versions, each.id.hex()[:16]] for each in found]
        print_table(["name", "owner", "signatures", "versions", "id"], rows)
    if len(found) == NEWEST and not every:
        err.print("older ones, if there are any, are listed with --all")


@project.command()
def show(
    name: ProjectArgument,
    network: NetworkOption = None,
    sender: ViewerOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a project with its publishers and participants."""
    with workspace_from(network, sender, home) as workspace:
        found = find_project(workspace, name, workspace.viewer)
        members = workspace.registry.members(found.id)
    facts = _facts(found) | {
        "publishers": list(members.publishers),
        "participants": list(members.participants),
    }
    print_one(facts, json)


@project.command()
def members(
    name: ProjectArgument,
    add_publisher: Accounts = None,
    remove_publisher: Accounts = None,
    add_participant: Accounts = None,
    remove_participant: Accounts = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many participants must sign from now on.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Change who may publish and who must sign."""
    with workspace_from(network, sender, home) as workspace:
        found = _find(workspace, name)

        def addresses(names: list[str] | None) -> Any:
            return [resolve_address(workspace, each) for each in names or ()]

        if add_publisher or remove_publisher:
            change = workspace.registry.set_publishers(
                found.id, addresses(add_publisher), addresses(remove_publisher)
            )
            _send(workspace, change, dry_run)
        if add_participant or remove_participant or threshold is not None:
            change = workspace.registry.set_participants(
                found.id,
                addresses(add_participant),
                addresses(remove_participant),
                found.threshold if threshold is None else threshold,
            )
            _send(workspace, change, dry_run)


@project.command()
def transfer(
    name: ProjectArgument,
    to: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Without it, an offer is taken back.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Offer the project to a new owner, who must accept it."""
    with workspace_from(network, sender, home) as workspace:
        found = _find(workspace, name)
        owner = resolve_address(workspace, to) if to else None
        _send(workspace, workspace.registry.transfer_ownership(found.id, owner), dry_run)


@project.command()
def accept(
    name: ProjectArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Accept a project that was offered to --from."""
    with workspace_from(network, sender, home) as workspace:
        _send(workspace, workspace.registry.accept_ownership(_find(workspace, name).id), dry_run)


@project.command()
def pause(
    name: ProjectArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Stop publishing and anchoring; reading and revoking go on."""
    with workspace_from(network, sender, home) as workspace:
        _send(workspace, workspace.registry.pause(_find(workspace, name).id), dry_run)


@project.command()
def unpause(
    name: ProjectArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let publishing go on."""
    with workspace_from(network, sender, home) as workspace:
        _send(workspace, workspace.registry.unpause(_find(workspace, name).id), dry_run)


def _find(workspace: Workspace, name: str) -> Project:
    sender = workspace.account(chosen_sender(workspace.settings))
    return find_project(workspace, name, sender.address)


def _send(workspace: Workspace, change: Any, dry_run: bool) -> None:
    sender = workspace.account(chosen_sender(workspace.settings))
    receipt = workspace.chain.send(change, sender, dry_run=dry_run)
    out.print(f"would take {receipt.gas_used} gas" if dry_run else f"done in {receipt.tx_hash}")


def _demands(found: Project) -> str:
    return f"{found.threshold} of {found.participants}"


def _facts(found: Project) -> dict[str, Any]:
    return {
        "name": found.name,
        "id": found.id.hex(),
        "owner": found.owner,
        "offered to": found.pending_owner,
        "paused": "yes" if found.paused else "no",
        "signatures": _demands(found),
        "versions": found.versions,
        "batches": found.batches,
    }
