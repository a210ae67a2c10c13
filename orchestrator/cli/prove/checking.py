"""`diln verify`, `log`, `lineage` and `diff`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from orchestrator.cli.prove import prove
from orchestrator.cli.prove.options import OwnProjectArgument, own_project
from orchestrator.console import (
    NEWEST,
    VIEWS,
    AllOption,
    Answer,
    IdentityOption,
    ModelArgument,
    Shown,
    Table,
    among,
    command,
    err,
    labelled,
    lazy_imports,
    progress_bar,
)
from orchestrator.console.results import IN_PART
from orchestrator.errors import DilnError, NodeUnavailable, NotDeployed, UsageError
from orchestrator.text import shown
from orchestrator.times import instant, seconds, show_time
from orchestrator.types import Seconds

with lazy_imports():
    from orchestrator import provenance
    from orchestrator.provenance import openings
    from orchestrator.systems.prove import (
        bundling,
        fetching,
        loading,
        offline,
        projects,
        references,
        runs,
        sealing,
    )

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.types import Report

    Check = Callable[[str], provenance.Verification]


_MARKS = {
    "PASSED": ("ok ", "green"),
    "FAILED": ("BAD", "bold red"),
    "NOT_CHECKED": ("?? ", "yellow"),
    "NOT_NEEDED": ("-- ", "dim"),
}


@dataclass(frozen=True)
class Demands:
    """What must be so of a version, besides its being whole."""

    signed_by: Annotated[
        list[str] | None,
        typer.Option("--signed-by", metavar="NAME|ADDRESS", help="Demand this signature; repeatable."),
    ] = None
    min_signatures: Annotated[
        int, typer.Option("--min-signatures", metavar="N", min=0, help="Demand so many signatures.")
    ] = 0
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS",
            help="Demand at least deprecated, published or deployable.",
            autocompletion=among("deprecated", "published", "deployable"),
        ),
    ] = None
    not_older: Annotated[
        str | None,
        typer.Option("--not-older", metavar="DURATION", help="Demand a publication within 90d, 12h …"),
    ] = None

    def policy(self, session: "Session") -> "provenance.Policy":
        """Raises UsageError."""
        return provenance.Policy(
            signed_by=tuple(session.address(who) for who in self.signed_by or ()),
            min_signatures=self.min_signatures,
            status=_status(self.status),
            max_age=seconds(self.not_older) if self.not_older else None,
        )


@command(prove, "verify", storage=True)
def verify_files(
    session: "Session",
    subjects: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="A model file, a CID, a proof, or a model by name.")
    ],
    demands: Demands,
    project: Annotated[
        str | None,
        typer.Option(metavar="PROJECT", help="Whose version is meant: NAME, CREATOR/NAME or an id."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest, if it is not beside the model.")
    ] = None,
    opening: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, help="What its owner disclosed of a private model."),
    ] = None,
    identity: IdentityOption = None,
    offline_only: Annotated[
        bool, typer.Option("--offline", help="FILE is a bundle: check it with no node and no network.")
    ] = False,
    block_hash: Annotated[
        str | None,
        typer.Option("--block-hash", metavar="HASH", help="Of the block that you trust, for --offline."),
    ] = None,
) -> Answer:
    """Check each FILE against the chain and say what is proven and what is not.

    The exit code is 0 if it holds, 1 if a check fails, 2 for wrong usage, 3 if nothing fails but something
    could not be checked.
    """
    _go_together(offline_only, manifest, block_hash, opening, subjects)
    disclosed = openings.Opening.read(opening) if opening else None
    policy = demands.policy(session)
    if offline_only:
        return _answered(subjects, _offline(session, project, _hash(block_hash), policy, disclosed))
    with progress_bar("hashing", unit="bytes") as progress:
        check = partial(_verified, project=project, manifest=manifest, opening=disclosed, identity=identity)
        return _answered(subjects, partial(check, session, policy=policy, progress=progress))


def _offline(
    session: "Session",
    project: str | None,
    trusted: bytes | None,
    policy: "provenance.Policy",
    opening: "openings.Opening | None",
) -> "Check":
    named = projects.offline_project(session, project) if project else None
    now = Seconds(int(time()))
    return lambda each: offline.verify_bundle(
        Path(each), trusted, policy, now, project=named, opening=opening
    )


def _answered(subjects: list[str], check: "Check") -> Answer:
    found = [_of_several(check, each) if len(subjects) > 1 else check(each) for each in subjects]
    values = [each.to_json() for each in found]
    return Answer(values[0] if len(values) == 1 else values, *_lines(subjects, found), code=_code(found))


def _of_several(check: "Check", subject: str) -> "provenance.Verification":
    """One that cannot be looked at, or is nothing, does not hold; the others are checked all the same."""
    try:
        return check(subject)
    except (UsageError, NodeUnavailable, NotDeployed):
        raise
    except DilnError as error:
        findings = provenance.findings.Findings(subject)
        findings.failed("subject", f"{error.message}.")
        return findings.done()


def _lines(subjects: list[str], found: "Sequence[provenance.Verification]") -> list[str | Text]:
    if len(found) == 1:
        return _sentences(found[0])
    pairs = zip(subjects, found, strict=True)
    return [line for subject, each in pairs for line in (Text(shown(subject), "bold"), *_sentences(each))]


def _code(found: "Sequence[provenance.Verification]") -> int:
    return 0 if all(each.whole for each in found) else IN_PART if all(each.ok for each in found) else 1


def _verified(
    session: "Session",
    subject: str,
    project: str | None,
    manifest: Path | None,
    opening: "openings.Opening | None",
    identity: Path | None,
    policy: "provenance.Policy",
    progress: "Report",
) -> "provenance.Verification":
    meant, owner = loading.find_subject(session, subject, identity)
    verification = provenance.verify(
        meant,
        session.registry,
        storage=session.storage,
        project=projects.find_project(session, project).id if project else owner,
        manifest=manifest,
        opening=opening or sealing.find_opening(session.settings, Path(meant)),
        name_of=session.full_name_of,
        progress=progress,
    )
    if not verification.version and bundling.is_bundle(Path(meant)):
        raise UsageError(
            f"{shown(subject)} is not a model, but a bundle of one",
            "`diln import FILE` takes it in, and tells what to verify; or check it alone: "
            "`diln verify FILE --offline`.",
        )
    return policy.apply(verification, session.chain.now(), session.full_name_of)


@command(prove, sender=VIEWS)
def log(session: "Session", project: OwnProjectArgument = None, every: AllOption = False) -> Table:
    """List the published versions of a project, oldest first: the newest ones, or --all."""
    found = projects.find_project(session, own_project(project), session.viewer)
    versions = session.registry.versions(found.id, None if every else NEWEST)
    if len(versions) < found.versions and not every:
        err.print(f"{found.versions - len(versions)} older ones are listed with --all")
    columns = ["version", "status", "published", "signatures", "sha256", "reason"]
    return Table([_row(found.name, version) for version in versions], columns, "no version was published yet")


@command(prove, "lineage", sender=VIEWS)
def show_lineage(session: "Session", model: ModelArgument) -> Answer:
    """Draw which models a model was made from, back to the first."""
    tree = provenance.lineage(session.registry, references.find_version(session, model, session.viewer))
    return Answer(_nested(tree), _drawn(tree))


@command(prove, "diff", sender=VIEWS)
def show_diff(
    session: "Session",
    first: Annotated[str, typer.Argument(metavar="A", help="A manifest file, run, version or hash.")],
    second: Annotated[str, typer.Argument(metavar="B")],
) -> Answer:
    """Compare the manifests of two models."""
    changes = provenance.diff(_manifest(session, first), _manifest(session, second))
    value = [{**vars(change), "path": change.field} for change in changes]
    return Answer(value, *([str(change) for change in changes] or ["the manifests are the same"]))


def _manifest(session: "Session", reference: str) -> "provenance.Manifest":
    path = Path(reference)
    if path.is_file() and path.suffix == ".json":
        return provenance.Manifest.parse(path.read_bytes())
    try:
        return runs.find_run(session.settings, reference).described
    except DilnError:
        version = references.find_version(session, reference, session.viewer)
        return fetching.manifest_of(session, version)


def _sentences(verification: "provenance.Verification") -> list[str | Text]:
    lines: list[str | Text] = [
        labelled(*_MARKS[each.outcome.name], f" {each.name}: {each.sentence}") for each in verification.checks
    ]
    for title, sentences in (("Proven", verification.proven), ("Not proven", verification.not_proven)):
        lines += ["", Text(title, "bold")] if sentences else []
        lines += [f"- {sentence}" for sentence in sentences]
    return [*lines, "", _verdict(verification)]


def _verdict(verification: "provenance.Verification") -> Text:
    if verification.whole:
        return Text("It holds.", "bold green")
    if verification.ok:
        missing = [each.name for each in verification.checks if each.outcome.name == "NOT_CHECKED"]
        return Text(f"It holds in part: not checked is {', '.join(missing)}.", "bold yellow")
    return Text("It does not hold. Do not use it.", "bold red")


def _go_together(
    offline_only: bool,
    manifest: Path | None,
    block_hash: str | None,
    opening: Path | None,
    subjects: list[str],
) -> None:
    if opening and len(subjects) > 1:
        raise UsageError("an opening is of one model", "Verify one after the other.")
    if offline_only and manifest:
        raise UsageError("a bundle brings its manifest along", "Leave out --manifest, or --offline.")
    if block_hash and not offline_only:
        raise UsageError("--block-hash is for --offline", "A node is asked for the block otherwise.")


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    digits = text.removeprefix("0x")
    if not re.fullmatch("[0-9a-fA-F]{64}", digits):
        raise UsageError(f"`{text}` is not a block's hash", "It has 64 hexadecimal digits.")
    return bytes.fromhex(digits)


def _status(word: str | None) -> "provenance.Status":
    known = provenance.Status
    words = {each.word: each for each in (known.DEPRECATED, known.PUBLISHED, known.DEPLOYABLE)}
    if word is not None and word not in words:
        raise UsageError(f"`{word}` is not a status to demand", f"Choose one of {', '.join(words)}.")
    return words[word] if word else known.NONE


def _row(name: str, version: "provenance.Version") -> dict[str, Any]:
    return {
        "version": f"{name}@{version.number}",
        "status": version.status.word,
        "published": Shown(instant(version.published_at), show_time(version.published_at)),
        "signatures": version.approvals,
        "sha256": version.artifact_hash.hex(),
        "manifest": version.manifest_digest.hex(),
        "reason": version.reason,
    }


def _title(tree: "provenance.Lineage") -> str:
    version = tree.version
    more = " (see above)" if tree.repeated else " (…)" if tree.cut else ""
    return (
        f"{tree.project.name}@{version.number} {version.artifact_hash.hex()[:12]} {version.status.word}{more}"
    )


def _drawn(tree: "provenance.Lineage") -> Tree:
    node = Tree(shown(_title(tree)))
    for parent in tree.parents:
        node.add(_drawn(parent))
    return node


def _nested(tree: "provenance.Lineage") -> dict[str, Any]:
    return {**_row(tree.project.name, tree.version), "parents": [_nested(parent) for parent in tree.parents]}
