"""The checks of a version's signers."""

from pathlib import Path

from orchestrator.bindings.registry import Publication
from orchestrator.errors import SignatureRefused
from orchestrator.provenance.findings import Findings, Sources
from orchestrator.provenance.records import Anchor, Project, Version, cid_digest, cid_kind
from orchestrator.provenance.signing import SignatureFile, recover
from orchestrator.provenance.wording import count
from orchestrator.storage.cid import Cid


def check_signatures(
    findings: Findings,
    sources: Sources,
    version: Version,
    anchor: Anchor,
    project: Project,
    path: Path | None,
) -> None:
    """Who signed, as the chain tells it; signatures that are at hand are recovered again."""
    if not anchor.signers:
        findings.not_needed("signatures", "No participant signed: the project demanded no signature.")
        findings.not_proven.append("That anybody but the publisher stands behind it: nobody signed.")
        return
    names = ", ".join(sources.name_of(signer) for signer in anchor.signers)
    rechecked, problem = _recheck(sources, version, anchor, path)
    if problem:
        findings.failed("signatures", problem)
        return
    again = f", and {count(rechecked, 'signature')} again here" if rechecked else ""
    findings.passed(
        "signatures",
        f"{len(anchor.signers)} of {count(project.participants, 'participant')} signed: {names}. "
        f"The contract checked them{again}; the project now demands {project.threshold}.",
    )
    findings.proven.append(f"{names} signed this very publication with their keys.")
    findings.not_proven.append("Who the people or firms behind these addresses are.")
    if len(anchor.signers) < project.threshold:
        findings.not_proven.append("That it would be accepted today: more signatures are demanded now.")
    still = sources.registry.are_participants(version.project_id, anchor.signers)
    for signer, stays in zip(anchor.signers, still, strict=True):
        if not stays:
            findings.not_proven.append(
                f"That {sources.name_of(signer)} still stands by it: they are no longer a participant."
            )


def _recheck(sources: Sources, version: Version, anchor: Anchor, path: Path | None) -> tuple[int, str | None]:
    """Recover the signatures in the file at hand, without trusting the node.

    Returns how many fit, and what is wrong if one does not.
    """
    beside = path.parent / "signatures.json" if path else None
    file = sources.signatures or (beside if beside and beside.is_file() else None)
    if file is None:
        return 0, None
    try:
        signatures = SignatureFile(file).read()
    except SignatureRefused as error:
        return 0, f"{error.message}." if sources.signatures else None
    publication, fitting = _publication(version, anchor), 0
    for signature in signatures:
        who = signature.participant
        here = anchor.chain_id, anchor.registry, version.project_id
        published = who in anchor.signers and signature.manifest == version.manifest_digest
        published = published and signature.target == here  # the same file may hold signatures for elsewhere
        if not published:
            continue
        if recover(signature, publication) != who:
            if sources.registry.chain.code(who):  # a wallet's rules may have changed since
                continue
            return 0, f"The signature of {sources.name_of(who)} in {file} is not theirs, or was changed."
        fitting += 1
    return fitting, None


def _publication(version: Version, anchor: Anchor) -> Publication:
    """What was published, and signed."""
    cid = Cid.parse(version.artifact_cid) if version.artifact_cid else None
    return Publication(
        project_id=version.project_id,
        artifact_hash=version.artifact_hash,
        manifest_digest=version.manifest_digest,
        cid_kind=cid_kind(cid),
        cid_digest=cid_digest(cid),
        parents=version.parents,
        deployable=anchor.deployable,
    )
