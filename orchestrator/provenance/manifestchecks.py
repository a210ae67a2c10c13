"""The checks of a model's manifest: that it is the anchored one, and describes this file."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

from orchestrator.bindings.registry import Status
from orchestrator.errors import ManifestError, StorageError, VerificationFailed
from orchestrator.provenance import canonical
from orchestrator.provenance.findings import Findings, Sources
from orchestrator.provenance.formats import UNKNOWN, Format, contradicts, format_named
from orchestrator.provenance.manifest import LARGEST_MANIFEST, Manifest
from orchestrator.provenance.openings import Opening
from orchestrator.provenance.predicate import DataRecord, Predicate
from orchestrator.provenance.records import Project, Version
from orchestrator.provenance.wording import count, short

_LONGEST_VALUE = 300  # letters of a disclosed value that a sentence shows


def find_manifest(
    findings: Findings, sources: Sources, version: Version, path: Path | None
) -> Manifest | None:
    """The manifest that was anchored with `version`, from wherever it is at hand; None if it is not."""
    for place, data in _candidates(sources, version, path):
        if hashlib.sha256(data).digest() == version.manifest_digest:
            return _parsed(findings, data, place)
        # A stranger's manifest.json beside the file says nothing; one that speaks of this file does.
        if sources.manifest or version.artifact_hash.hex().encode() in data:
            wanted = short(version.manifest_digest)
            findings.failed("manifest", f"{place} is not the manifest that was anchored ({wanted}).")
            return None
    findings.skipped(
        "manifest",
        f"The manifest {version.manifest_cid} is neither beside the file nor in the storage: ask who sent "
        "the file for its manifest.json (--manifest FILE), or for a bundle (`diln export`, `diln import`).",
    )
    findings.not_proven.append("How the model was made: its manifest is not at hand.")
    return None


def check_opening(findings: Findings, manifest: Manifest | None, opening: Opening | None) -> Manifest | None:
    """The manifest, of a private model with what the opening discloses; None if that is not so."""
    if manifest is None:
        if opening:
            findings.skipped("opening", "There is no manifest to compare it with.")
        return None
    if manifest.private != bool(opening):
        findings.failed(
            "description",
            "The manifest is not of a private model, as the opening is."
            if opening
            else "The manifest is of a private model, and its file was not found by a salt.",
        )
        return None
    if opening is None:
        return manifest
    wrong = opening.check(manifest)
    findings.check(
        "opening",
        not wrong,
        f"What the opening tells is what the manifest commits to: {', '.join(opening.disclosed)}.",
        f"The opening tells what the manifest does not commit to: {', '.join(wrong)}.",
    )
    if wrong:
        return None
    for field, told in opening.disclosed.items():
        if told.value not in (None, [], {}):
            findings.proven.append(f"It was committed to then: {field} = {_short(told.value)}.")
    try:
        return opening.fill(manifest)
    except ManifestError as error:
        findings.failed("description", f"What was committed to describes no model: {error.message}.")
    except VerificationFailed as error:
        findings.failed("opening", f"{error.message[:1].upper()}{error.message[1:]}.")
    return None


def _short(value: object) -> str:
    text = canonical.encode(value).decode()  # as it was committed to
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def check_description(
    findings: Findings,
    version: Version,
    manifest: Manifest,
    told: Manifest,
    project: Project,
    size: int,
    untold: Collection[str],
) -> None:
    """Whether the manifest describes the file of `size` bytes, and what is not proven by that.

    `told` is the manifest with what was disclosed of a private model, and `untold` the fields that were not.
    """
    predicate = told.predicate
    sized = "artifact.size" not in untold
    same = (
        manifest.artifact_hash == version.artifact_hash
        and (not sized or predicate.artifact.size == size)
        and version.artifact_cid in (None, manifest.artifact_cid)
    )
    what = "folder" if manifest.folder else "file"
    of_size = f" and its size of {count(size, 'byte')}" if sized else ""
    if findings.check(
        "description",
        same,
        f"The manifest describes this {what}: its digest, its CID{of_size}.",
        "The anchored manifest describes another file than the one it was anchored with.",
    ):
        findings.proven.append(f"Its manifest is unchanged since then. It says: {_told(predicate)}.")
    findings.not_proven.append(
        "That the manifest tells the truth: data, training and metrics are the word of those who signed and "
        "published it, until you train again from the same data."
    )
    findings.not_proven += _reservations(version, told, project, untold)


def check_format(findings: Findings, found: Format, manifest: Manifest | None) -> None:
    """Whether the bytes, of the format `found`, are what the manifest says, and what loading them may do."""
    told = format_named(manifest.predicate.artifact.format) if manifest else None
    if told and contradicts(found, told):
        true = "of no format that is known here" if found is UNKNOWN else f"in the format {found.name}"
        findings.failed(
            "format",
            f"The manifest says that the model is in the format {told.name}, but its bytes are {true}.",
        )
    kind = told if told and told.runs_code and found is UNKNOWN else found
    if kind.runs_code:
        what = "a model of an unknown format" if kind is UNKNOWN else f"a {kind.name} model"
        findings.not_proven.append(
            f"That it does no harm: loading {what} as its framework does runs code that it holds."
        )


def _told(predicate: Predicate) -> str:
    """What a manifest says of how the model was made, in one line."""
    algorithm = predicate.training.algorithm or f"a model in the format {predicate.artifact.format}"
    if not predicate.data:
        return f"{algorithm}; from which data, it does not say"
    return f"{algorithm}, learned from {', '.join(map(_named, predicate.data))}"


def _named(data: DataRecord) -> str:
    rows = "" if data.rows is None else f"{count(data.rows, 'row')}, "
    return f"{data.source} ({rows}SHA-256 {data.sha256[:12]}…)"


def _candidates(sources: Sources, version: Version, path: Path | None) -> Iterator[tuple[str, bytes]]:
    """The manifest that was given, or else whatever may be it, each with its place."""
    if sources.manifest:
        yield str(sources.manifest), _head(sources.manifest)
        return
    beside = path.parent / "manifest.json" if path else None
    if beside and beside.is_file():
        yield str(beside), _head(beside)
    if sources.storage:
        try:
            yield "the storage", sources.storage.read(version.manifest_cid, limit=LARGEST_MANIFEST)
        except StorageError:
            return  # not at hand, or damaged: then it is not checked


def _parsed(findings: Findings, data: bytes, place: str) -> Manifest | None:
    try:
        manifest = Manifest.parse(data)
    except ManifestError as error:
        findings.failed("manifest", f"The anchored manifest cannot be used: {error.message}.")
        return None
    findings.passed("manifest", f"The manifest from {place} has the anchored digest {manifest.digest.hex()}.")
    return manifest


def _reservations(
    version: Version, manifest: Manifest, project: Project, untold: Collection[str]
) -> Iterator[str]:
    predicate = manifest.predicate
    git = predicate.environment.git
    if git is None or git.dirty:
        yield "Which code trained it: the manifest names no clean git commit."
    if "project" in untold:
        yield "That it was made for this project: its manifest withholds which. Ask for `project`."
    elif predicate.project != project.name:
        yield f"That it was made for this project: its manifest names `{predicate.project}`."
    if "parents" in untold:
        yield "That it was made from what the chain says: its manifest withholds that. Ask for `parents`."
    yield from gate_reservations(version.status, manifest, untold)


def gate_reservations(status: Status, manifest: Manifest, untold: Collection[str]) -> Iterator[str]:
    """What is not proven of the gate of a model with this status; see `check_description`."""
    gate = manifest.predicate.evaluation.gate
    if status is Status.DEPLOYABLE and "evaluation.gate" in untold:
        yield "That it passed its gate: its manifest withholds that. Ask for `evaluation.gate`."
    elif status is Status.DEPLOYABLE and not (gate and gate.passed):
        yield "That it is fit to be deployed: its manifest holds no passed gate."
    elif gate and gate.passed and not gate.holds:
        yield "That it passed its gate: it names no conditions that it met. Ask for `evaluation.gate`."


def _head(file: Path) -> bytes:
    """As much of a file as a manifest may have, and one byte more. Raises StorageError."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}", "Check the path.") from error
