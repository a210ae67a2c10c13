"""`diln alias`: names of versions that can move."""

from typing import Annotated

import typer

from orchestrator.cli.console import out, print_json, print_table
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    chosen_sender,
    new_app,
    workspace_from,
)
from orchestrator.pipeline.projects import find_project
from orchestrator.pipeline.references import find_version

app = new_app()
alias_app = new_app()
app.add_typer(alias_app, name="alias", help="Names of versions that can move.")

AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion or staging.")]
ProjectArgument = Annotated[str, typer.Argument(metavar="NAME", help="The project.")]


@alias_app.command("set")
def set_(
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version to be called so.")],
    alias: AliasArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Call a version so from now on. Only publishers may; no participant signs it, and no status changes."""
    with workspace_from(network, sender, home) as workspace:
        account = workspace.account(chosen_sender(workspace.settings))
        version = find_version(workspace, model, account.address)
        function = workspace.registry.set_alias(version.project_id, alias, version.artifact_hash)
        receipt = workspace.chain.send(function, account, dry_run=dry_run)
    done = f"would take {receipt.gas_used} gas" if dry_run else f"version {version.number} is {alias} now"
    out.print(done)


@alias_app.command()
def drop(
    project: ProjectArgument,
    alias: AliasArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take a name away."""
    with workspace_from(network, sender, home) as workspace:
        account = workspace.account(chosen_sender(workspace.settings))
        found = find_project(workspace, project, account.address)
        function = workspace.registry.set_alias(found.id, alias, None)
        receipt = workspace.chain.send(function, account, dry_run=dry_run)
    out.print(f"would take {receipt.gas_used} gas" if dry_run else f"nothing is {alias} any more")


@alias_app.command("list")
def list_(
    project: ProjectArgument,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List a project's aliases with what they mean."""
    with workspace_from(network, None, home) as workspace:
        registry = workspace.registry
        found = find_project(workspace, project, workspace.viewer)
        versions = {
            name: registry.version(found.id, each) for name, each in registry.aliases(found.id).items()
        }
    rows = [(name, each.number, each.status.word) for name, each in sorted(versions.items()) if each]
    if json:
        print_json([{"alias": name, "version": number, "status": status} for name, number, status in rows])
    elif rows:
        print_table(["alias", "version", "status"], rows)
    else:
        out.print("no version has an alias")
