"""`diln verify`, `log`, `lineage` and `diff`."""

import re
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Annotated

import typer
from rich.tree import Tree

from orchestrator.cli.console import err, labelled, out, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    NEWEST,
    AllOption,
    HomeOption,
    JsonOption,
    ModelArgument,
    NetworkOption,
    StorageOption,
    ViewerOption,
    new_app,
    workspace_from,
)
from orchestrator.errors import DilnError, UsageError
from orchestrator.pipeline.fetching import manifest_of
from orchestrator.pipeline.loading import find_subject
from orchestrator.pipeline.offline import verify_bundle
from orchestrator.pipeline.projects import find_project
from orchestrator.pipeline.references import find_version
from orchestrator.pipeline.runs import find_run
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    Lineage,
    Manifest,
    Outcome,
    Policy,
    Status,
    Verification,
    Version,
    lineage,
    verify,
)
from orchestrator.provenance import diff as compare
from orchestrator.text import shown
from orchestrator.times import seconds
from orchestrator.types import Seconds

IN_PART = 3  # the exit code

app = new_app()

_MARKS = {
    Outcome.PASSED: ("ok ", "green"),
    Outcome.FAILED: ("BAD", "bold red"),
    Outcome.NOT_CHECKED: ("?? ", "yellow"),
    Outcome.NOT_NEEDED: ("-- ", "dim"),
}


@app.command(name="verify")
def verify_file(
    subjects: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="A model file, a CID, a proof, or a model by name.")
    ],
    project: Annotated[
        str | None,
        typer.Option(metavar="PROJECT", help="Whose version is meant: NAME, CREATOR/NAME or an id."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest, if it is not beside the model.")
    ] = None,
    signed_by: Annotated[
        list[str] | None,
        typer.Option("--signed-by", metavar="NAME|ADDRESS", help="Demand this signature; repeatable."),
    ] = None,
    min_signatures: Annotated[
        int, typer.Option("--min-signatures", metavar="N", min=0, help="Demand so many signatures.")
    ] = 0,
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="Demand at least deprecated, published or deployable."),
    ] = None,
    not_older: Annotated[
        str | None,
        typer.Option("--not-older", metavar="DURATION", help="Demand a publication within 90d, 12h …"),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="FILE is a bundle: check it with no node and no network.")
    ] = False,
    block_hash: Annotated[
        str | None,
        typer.Option("--block-hash", metavar="HASH", help="Of the block that you trust, for --offline."),
    ] = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check each FILE against the chain and say what is proven and what is not.

    The exit code is 0 if it holds, 1 if a check fails, 2 for wrong usage, 3 if nothing fails but something
    could not be checked.
    """
    with (
        workspace_from(network, None, home, storage) as workspace,
        progress_bar("hashing", unit="bytes") as progress,
    ):
        policy = Policy(
            signed_by=tuple(workspace.address(who) for who in signed_by or ()),
            min_signatures=min_signatures,
            status=_status(status),
            max_age=seconds(not_older) if not_older else None,
        )
        found: list[Verification] = []
        for subject in subjects:
            if offline:
                now = Seconds(int(time()))
                found.append(verify_bundle(Path(subject), _hash(block_hash), policy, now))
                continue
            meant, owner = find_subject(workspace, subject)
            verification = verify(
                meant,
                workspace.registry,
                storage=workspace.storage,
                project=find_project(workspace, project).id if project else owner,
                manifest=manifest,
                name_of=workspace.name_of,
                progress=progress,
            )
            found.append(policy.apply(verification, workspace.chain.now(), workspace.name_of))
    if json:
        print_json(found[0].to_json() if len(found) == 1 else [each.to_json() for each in found])
    for subject, verification in [] if json else zip(subjects, found, strict=True):
        if len(found) > 1:
            out.print(subject, style="bold", markup=False)
        _print_verification(verification)
    if not all(each.whole for each in found):
        raise typer.Exit(IN_PART if all(each.ok for each in found) else 1)


@app.command()
def log(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")],
    every: AllOption = False,
    network: NetworkOption = None,
    sender: ViewerOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the published versions of a project, oldest first: the newest ones, or --all."""
    with workspace_from(network, sender, home) as workspace:
        found = find_project(workspace, project, workspace.viewer)
        versions = workspace.registry.versions(found.id, None if every else NEWEST)
    rows = [_row(found.name, version) for version in versions]
    if json:
        print_json(rows)
    else:
        columns = ["version", "status", "published", "signatures", "sha256", "reason"]
        print_table(columns, [[row[column] for column in columns] for row in rows])
    if len(versions) < found.versions and not every:
        err.print(f"{found.versions - len(versions)} older ones are listed with --all")


@app.command(name="lineage")
def show_lineage(
    model: ModelArgument,
    network: NetworkOption = None,
    sender: ViewerOption = None,
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
    sender: ViewerOption = None,
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
        out.print(str(change))


def _manifest(workspace: Workspace, reference: str) -> Manifest:
    path = Path(reference)
    if path.is_file() and path.suffix == ".json":
        return Manifest.parse(path.read_bytes())
    try:
        return find_run(workspace.settings, reference).manifest
    except DilnError:
        version = find_version(workspace, reference, workspace.viewer)
        return manifest_of(workspace, version)


def _print_verification(verification: Verification) -> None:
    for each in verification.checks:
        out.print(labelled(*_MARKS[each.outcome], f" {each.name}: {each.sentence}"))
    for title, sentences in (("Proven", verification.proven), ("Not proven", verification.not_proven)):
        if sentences:
            out.print()
            out.print(title, style="bold")
        for sentence in sentences:
            out.print(f"- {sentence}")
    out.print()
    if verification.whole:
        out.print("It holds.", style="bold green")
    elif verification.ok:
        missing = [each.name for each in verification.checks if each.outcome is Outcome.NOT_CHECKED]
        out.print(f"It holds in part: not checked is {', '.join(missing)}.", style="bold yellow")
    else:
        out.print("It does not hold. Do not use it.", style="bold red")


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    digits = text.removeprefix("0x")
    if not re.fullmatch("[0-9a-fA-F]{64}", digits):
        raise UsageError(f"`{text}` is not a block's hash", "It has 64 hexadecimal digits.")
    return bytes.fromhex(digits)


def _status(word: str | None) -> Status:
    words = {each.word: each for each in (Status.DEPRECATED, Status.PUBLISHED, Status.DEPLOYABLE)}
    if word is not None and word not in words:
        raise UsageError(f"`{word}` is not a status to demand", f"Choose one of {', '.join(words)}.")
    return words[word] if word else Status.NONE


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
    node = Tree(shown(_title(tree)))
    for parent in tree.parents:
        node.add(_drawn(parent))
    return node


def _nested(tree: Lineage) -> dict[str, object]:
    return {**_row(tree.project.name, tree.version), "parents": [_nested(parent) for parent in tree.parents]}
