"""`diln verify`, `log`, `lineage` and `diff`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.tree import Tree

from orchestrator.cli.console import out, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    FromOption,
    HomeOption,
    JsonOption,
    ModelArgument,
    NetworkOption,
    StorageOption,
    new_app,
    workspace_from,
)
from orchestrator.errors import DilnError
from orchestrator.pipeline.loading import find_subject
from orchestrator.pipeline.projects import find_project
from orchestrator.pipeline.references import find_version
from orchestrator.pipeline.runs import find_run
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Lineage, Manifest, Outcome, Verification, Version, lineage, verify
from orchestrator.provenance import diff as compare

app = new_app()

_MARKS = {
    Outcome.PASSED: "[green]ok[/] ",
    Outcome.FAILED: "[bold red]BAD[/]",
    Outcome.NOT_CHECKED: "[dim]-- [/]",
}


@app.command(name="verify")
def verify_file(
    subject: Annotated[
        str, typer.Argument(metavar="FILE", help="A model file, a CID, a proof, or a model by name.")
    ],
    project: Annotated[
        str | None,
        typer.Option(metavar="PROJECT", help="Whose version is meant: NAME, CREATOR/NAME or an id."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest, if it is not beside the model.")
    ] = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check FILE against the chain and say what is proven and what is not; exit 1 if a check fails."""
    with (
        workspace_from(network, None, home, storage) as workspace,
        progress_bar("hashing", unit="bytes") as progress,
    ):
        found, owner = find_subject(workspace, subject)
        verification = verify(
            found,
            workspace.registry,
            storage=workspace.storage,
            project=find_project(workspace, project).id if project else owner,
            manifest=manifest,
            name_of=workspace.name_of,
            progress=progress,
        )
    print_json(verification.to_json()) if json else _print_verification(verification)
    if not verification.ok:
        raise typer.Exit(1)


@app.command()
def log(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")],
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the published versions of a project, oldest first."""
    with workspace_from(network, sender, home) as workspace:
        found = find_project(workspace, project, workspace.viewer)
        versions = workspace.registry.versions(found.id)
    rows = [_row(found.name, version) for version in versions]
    if json:
        print_json(rows)
    else:
        columns = ["version", "status", "published", "signatures", "sha256", "reason"]
        print_table(columns, [[row[column] for column in columns] for row in rows])


@app.command(name="lineage")
def show_lineage(
    model: ModelArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Draw which models a model was made from, back to the first."""
    with workspace_from(network, sender, home) as workspace:
        tree = lineage(workspace.registry, find_version(workspace, model, workspace.viewer))
    print_json(_nested(tree)) if json else out.print(_drawn(tree))


@app.command(name="diff")
def show_diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A manifest file, run, version or hash.")],
    second: Annotated[str, typer.Argument(metavar="B")],
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Compare the manifests of two models."""
    with workspace_from(network, sender, home) as workspace:
        changes = compare(_manifest(workspace, first), _manifest(workspace, second))
    if json:
        print_json([{**vars(change), "path": change.field} for change in changes])
    elif not changes:
        out.print("the manifests are the same")
    for change in [] if json else changes:
        out.print(str(change), markup=False)


def _manifest(workspace: Workspace, reference: str) -> Manifest:
    path = Path(reference)
    if path.is_file() and path.suffix == ".json":
        return Manifest.parse(path.read_bytes())
    try:
        return find_run(workspace.settings, reference).manifest
    except DilnError:
        version = find_version(workspace, reference, workspace.viewer)
        return Manifest.parse(workspace.storage.read(version.manifest_cid))


def _print_verification(verification: Verification) -> None:
    for each in verification.checks:
        out.print(f"{_MARKS[each.outcome]} {each.name}: ", end="")
        out.print(each.sentence, markup=False)
    for title, sentences in (("Proven", verification.proven), ("Not proven", verification.not_proven)):
        if sentences:
            out.print(f"\n[bold]{title}[/]")
        for sentence in sentences:
            out.print(f"- {sentence}", markup=False)
    out.print(
        "\n[bold green]It holds.[/]" if verification.ok else "\n[bold red]It does not hold. Do not use it.[/]"
    )


def _row(name: str, version: Version) -> dict[str, object]:
    published = datetime.fromtimestamp(version.published_at, UTC)
    return {
        "version": f"{name}@{version.number}",
        "status": version.status.word,
        "published": published.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "signatures": version.approvals,
        "sha256": version.artifact_hash.hex(),
        "manifest": version.manifest_digest.hex(),
        "reason": version.reason,
    }


def _title(tree: Lineage) -> str:
    version = tree.version
    more = " (see above)" if tree.repeated else " (…)" if tree.cut else ""
    return (
        f"{tree.project.name}@{version.number} {version.artifact_hash.hex()[:12]} {version.status.word}{more}"
    )


def _drawn(tree: Lineage) -> Tree:
    node = Tree(_title(tree))
    for parent in tree.parents:
        node.add(_drawn(parent))
    return node


def _nested(tree: Lineage) -> dict[str, object]:
    return {**_row(tree.project.name, tree.version), "parents": [_nested(parent) for parent in tree.parents]}
