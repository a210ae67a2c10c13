"""The checks of a model: its hash and anchor first, then CID, manifest, signatures, status and lineage."""

import hashlib
import tempfile
from pathlib import Path

from orchestrator.bindings.registry import Status
from orchestrator.errors import IntegrityError
from orchestrator.provenance.ancestry import Lineage, lineage
from orchestrator.provenance.findings import Findings, Sources, Verification
from orchestrator.provenance.formats import Format, recognize
from orchestrator.provenance.manifest import Manifest
from orchestrator.provenance.manifestchecks import (
    check_description,
    check_format,
    check_opening,
    find_manifest,
)
from orchestrator.provenance.openings import Opening, opening_beside
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Anchor, Project, Version, agree
from orchestrator.provenance.signaturechecks import check_signatures
from orchestrator.provenance.wording import chain_caveats, count, moment, place, short
from orchestrator.storage import DEFAULT_PROFILE, PROFILES, PutResult, Storage, digest_file
from orchestrator.types import Report

_MOST_TOLD = 5
_NEED_AN_ANCHOR = ("cid", "manifest", "signatures", "status", "lineage")


def verify_file(path: Path, sources: Sources, progress: Report | None = None) -> Verification:
    """Verify a file, read once, or a folder. Raises StorageError for what cannot be read."""
    found = digest_file(path, DEFAULT_PROFILE, progress)
    return _verify(Findings(str(path)), sources, found, path, recognize(path))


def verify_cid(cid: str, storage: Storage, sources: Sources) -> Verification:
    """Verify the content of a CID; the storage checks every block of it against the CID."""
    sha256, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile() as file:
        for part in storage.stream(cid):
            sha256.update(part)
            size += file.write(part)
        file.flush()
        kind = recognize(Path(file.name))
    return _verify(Findings(cid), sources, PutResult(cid, size, "", sha256.hexdigest()), None, kind)


def _verify(
    findings: Findings, sources: Sources, found: PutResult, path: Path | None, kind: Format
) -> Verification:
    registry = sources.registry
    opening = sources.opening or (opening_beside(path, found.digest) if path and path.is_file() else None)
    digest = opening.anchor_of(found.digest) if opening else found.digest
    versions = registry.find_versions(digest, sources.project)
    version = next(iter(versions), None)
    project = registry.project(version.project_id) if version else None
    if version is None or project is None:
        return _unknown(findings, sources, found, opening)
    anchor = registry.anchor_of(version)
    if opening and sources.project is None:  # new salt for the same bytes gets rid of no revocation
        versions += registry.find_versions(found.digest)
    if len(versions) > 1:
        _ambiguous(findings, registry, versions)
    _anchored(findings, sources, version, anchor, project, found, opening)
    manifest = find_manifest(findings, sources, version, path)
    told = check_opening(findings, manifest, opening)
    untold = opening.untold(manifest) if opening and manifest and told else frozenset[str]()
    _cid(findings, version, manifest, found, path)
    if manifest and told:
        check_description(findings, version, manifest, told, project, found.size, untold)
    check_format(findings, kind, told)
    check_signatures(findings, sources, version, anchor, project, path)
    _status(findings, version)
    _lineage(findings, registry, version, project, None if "parents" in untold else told)
    if version.on_chain:
        _on_chain(findings, registry, version)
    findings.not_proven += chain_caveats(registry)
    return findings.done(version=version, anchor=anchor, manifest=manifest)


def _unknown(findings: Findings, sources: Sources, found: PutResult, opening: Opening | None) -> Verification:
    where = "this project" if sources.project else "this registry"
    by = " with this opening" if opening else ""
    findings.failed(
        "anchor",
        f"No version in {where} has these {count(found.size, 'byte')}{by} ({_hashed(found)} "
        f"{found.digest.hex()}): the file was changed, or never published here.",
    )
    for name in _NEED_AN_ANCHOR:
        findings.skipped(name, "There is no anchor to compare with.")
    findings.not_proven.append(f"Anything about this file: {where} does not know it.")
    if not opening:
        findings.not_proven.append(
            "Whether it is a private model: that is found only by its opening.json (--opening FILE)."
        )
    return findings.done()


def _anchored(
    findings: Findings,
    sources: Sources,
    version: Version,
    anchor: Anchor,
    project: Project,
    found: PutResult,
    opening: Opening | None,
) -> None:
    who = sources.name_of(anchor.publisher)
    what = f"version {version.number} of project `{project.name}`"
    findings.passed(
        "anchor",
        f"{_hashed(found)} {found.digest.hex()}{_hidden(version, opening)} is {what}, "
        f"published by {who} in {place(anchor)}, "
        f"transaction {anchor.transaction}.",
    )
    findings.proven.append(
        f"These very {count(found.size, 'byte')} existed at {moment(anchor.time)}, when {who} published them "
        f"as {what}; had one byte been changed since, they would not have been found."
    )
    if sources.project is None:
        findings.not_proven.append(
            f"That this project is the one you trust: anybody may name one `{project.name}`. Its id is "
            f"0x{project.id.hex()}, its owner {sources.name_of(project.owner)}."
        )


def _hidden(version: Version, opening: Opening | None) -> str:
    return f", known as {version.artifact_hash.hex()} by its salt," if opening else ""


def _hashed(found: PutResult) -> str:
    """What the registry knows a model by: nobody finds a folder's digest with sha256sum."""
    return "SHA-256" if found.sha256 else "the folder's digest (of its root block on IPFS)"


def _ambiguous(findings: Findings, registry: RegistryReader, versions: list[Version]) -> None:
    """Several projects have the bytes, and none was named: whose word counts is not known.

    A revocation is told first, whoever revoked: it is the one word that must not be passed over.
    """
    homes = registry.projects_by_id([each.project_id for each in versions])
    told = sorted(zip(versions, homes, strict=True), key=lambda each: each[0].status is not Status.REVOKED)
    listed = ", ".join(
        f"version {each.number} of `{home.name}` (0x{home.id.hex()}, {each.status.word}"
        f"{f': {each.reason}' if each.reason else ''}, published {moment(each.published_at)})"
        for each, home in told[:_MOST_TOLD]
    )
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    revoked = "It was revoked: " if told[0][0].status is Status.REVOKED else ""
    findings.check(
        "project",
        agree(versions),
        f"{len(versions)} projects have these bytes, and all say the same of them: {listed}{more}.",
        f"{revoked}{len(versions)} projects have these bytes, and not all are known to say the same of them: "
        f"{listed}{more}. Say whose version is meant with --project.",
    )


def _cid(
    findings: Findings, version: Version, manifest: Manifest | None, found: PutResult, path: Path | None
) -> None:
    anchored, computed = version.artifact_cid, found.cid
    if anchored is None:
        findings.not_needed("cid", "The version names no CID: it was not published on IPFS.")
        return
    if computed != anchored and manifest and manifest.predicate.artifact.encrypted:
        findings.not_needed("cid", f"The anchored CID {anchored} is that of the encrypted file.")
        findings.not_proven.append(
            f"That {anchored} holds this model: only somebody who can decrypt it can tell."
        )
        return
    if computed != anchored and path is None:
        findings.not_needed("cid", f"The same bytes were anchored under another CID, {anchored}.")
        return
    if path and computed != anchored:
        # Cut into blocks in another way: only then is the file read a second time.
        profile = manifest.predicate.artifact.profile if manifest else ""
        if profile not in PROFILES:
            findings.skipped("cid", f"How the CID {anchored} was made is not known here.")
            return
        computed = digest_file(path, profile).cid
    findings.check(
        "cid",
        computed == anchored,
        f"The content has the anchored CID {anchored}.",
        f"The content has the CID {computed}, but {anchored} was anchored.",
    )


def _status(findings: Findings, version: Version) -> None:
    if version.status is Status.REVOKED:
        findings.failed("status", f"The version was revoked: {version.reason}.")
        return
    findings.passed("status", f"The version is {version.status.word}, and was not revoked.")
    if version.status is Status.DEPRECATED:
        findings.not_proven.append("That it is the one to use: it is deprecated.")


def _lineage(
    findings: Findings,
    registry: RegistryReader,
    version: Version,
    project: Project,
    manifest: Manifest | None,
) -> None:
    tree = lineage(registry, version, project)
    ancestors = tree.ancestors()
    revoked = [each for each in ancestors if each.status is Status.REVOKED]
    known = count(len(ancestors), "ancestor")
    if manifest and not _same_parents(tree, manifest):
        findings.failed("lineage", "The parents in the manifest are not those on the chain.")
    elif revoked:
        worst = revoked[0]
        what = f"{short(worst.artifact_hash)}, which was revoked: {worst.reason}"
        findings.failed("lineage", f"It was made from {what}.")
    elif any(each.cut for each in tree.walk()):
        findings.skipped("lineage", "It has more generations of ancestors than are followed.")
    elif ancestors:
        findings.passed("lineage", f"All of its {known} were published, and none is revoked.")
        findings.proven.append(f"All of its {known} were published before it, and none is revoked.")
    else:
        trained = manifest and manifest.predicate.training.split  # what only `diln train` knows
        how = ": it was trained from scratch" if trained else "; nobody says whether it began with another"
        findings.passed("lineage", f"It names no parents{how}.")


def _same_parents(tree: Lineage, manifest: Manifest) -> bool:
    named = {(each.artifact, each.manifest) for each in manifest.predicate.parents if each.manifest}
    known = {(each.version.artifact_hash.hex(), each.version.manifest_digest.hex()) for each in tree.parents}
    return named == known


def _on_chain(findings: Findings, registry: RegistryReader, version: Version) -> None:
    try:
        data = registry.artifact(version.project_id, version.artifact_hash)
    except IntegrityError as error:
        findings.failed("on-chain", f"{error.message}.")
        return
    if findings.check(
        "on-chain",
        data is not None,
        f"All {count(len(data or b''), 'byte')} are in contract code and were read back from there.",
        "The node does not show the bytes that the contract keeps.",
    ):
        findings.proven.append("The model can be read from the chain alone.")
