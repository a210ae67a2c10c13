"""`diln alias`: names of versions that can move."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.prove import alias
from orchestrator.console import SENDS, Answer, DryRunOption, Table, command, lazy_imports

with lazy_imports():
    from orchestrator.systems.prove import projects, references

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.types import Digest

AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion or staging.")]
ProjectArgument = Annotated[str, typer.Argument(metavar="NAME", help="The project.")]


@command(alias, "set", sender=SENDS)
def set_(
    session: "Session",
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version to be called so.")],
    name: AliasArgument,
    dry_run: DryRunOption = False,
) -> Answer:
    """Call a version so from now on. Only publishers may; no participant signs it, and no status changes."""
    version = references.find_version(session, model, session.sender.address)
    done = f"version {version.number} is {name} now"
    return _sent(session, version.project_id, name, version.artifact_hash, done, dry_run)


@command(alias, sender=SENDS)
def drop(
    session: "Session", project: ProjectArgument, name: AliasArgument, dry_run: DryRunOption = False
) -> Answer:
    """Remove a name."""
    found = projects.find_project(session, project, session.sender.address)
    return _sent(session, found.id, name, None, f"nothing is {name} any more", dry_run)


@command(alias, "list")
def list_(session: "Session", project: ProjectArgument) -> Table:
    """List a project's aliases with what they mean."""
    registry = session.registry
    found = projects.find_project(session, project, session.viewer)
    versions = {name: registry.version(found.id, each) for name, each in registry.aliases(found.id).items()}
    rows = [
        {"alias": name, "version": each.number, "status": each.status.word}
        for name, each in sorted(versions.items())
        if each
    ]
    return Table(rows, empty="no version has an alias")


def _sent(
    session: "Session", project: "Digest", name: str, version: "Digest | None", done: str, dry_run: bool
) -> Answer:
    if session.registry.aliases(project).get(name) == version:
        told = "it is so already; nothing was sent"
        return Answer({"alias": name, "transaction": None, "gas": 0}, told)
    change = session.registry.set_alias(project, name, version)
    receipt = session.send(change, session.sender, dry_run=dry_run)
    told = f"would take {receipt.gas_used} gas" if dry_run else done
    return Answer({"alias": name, "transaction": receipt.tx_hash, "gas": receipt.gas_used}, told)
