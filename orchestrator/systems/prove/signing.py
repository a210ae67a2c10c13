"""Participants' signatures of a run, gathered one by one before it is published."""

from orchestrator.chain import Account
from orchestrator.errors import ChainError, IntegrityError, SignatureRefused
from orchestrator.kernel.session import Session
from orchestrator.provenance import (
    Approval,
    Manifest,
    Project,
    Publication,
    Signature,
    SignatureFile,
    check_signature,
    publication_of,
    sign_publication,
)
from orchestrator.storage import digest_file
from orchestrator.systems.prove.projects import find_project, own_project
from orchestrator.systems.prove.runs import Run


def sign(session: Session, run: Run, participant: Account, project: str | None = None) -> Signature:
    """Sign a run's manifest for the registry on this chain, and add the signature to the run's file.

    Unless `project` is given (see `find_project`), it is the participant's own of the manifest's name. Done
    again, it returns the signature that is there.

    Raises SignatureRefused for a stranger, IntegrityError if the model file is not the one that the
    manifest describes, ChainError if there is no such project.
    """
    check_run(run)
    home = _home(session, run.described.predicate.project, participant, project)
    publication = publication_in(session, run, home)
    file = SignatureFile(run.signatures)
    target = session.chain.chain_id, session.registry.address, publication.project_id
    for before in file.read():
        if (before.participant, before.target) == (participant.address, target):
            check_signature(before, publication, session.registry)
            return before
    signature = _sign(session, publication, participant)
    file.add(signature, publication, session.registry)
    return signature


def gather(
    session: Session, run: Run, publication: Publication, project: Project, sender: Account, *, keep: bool
) -> list[Approval]:
    """All approvals of a run; where `sender` is a participant who has not signed yet, it signs now.

    That signature is added to the run's file if `keep`. Raises SignatureRefused for a signature that does not
    count, or if fewer participants have signed than the project demands.
    """
    registry, file = session.registry, SignatureFile(run.signatures)
    approvals = file.approvals(publication, registry)
    signed = sender.address in {approval.signer for approval in approvals}
    if not signed and registry.is_participant(project.id, sender.address):
        signature = _sign(session, publication, sender)
        check = file.add if keep else check_signature
        approvals.append(check(signature, publication, registry))
    if len(approvals) < project.threshold:
        raise _too_few(file, len(approvals), run, project)
    return approvals


def publication_in(session: Session, run: Run, project: Project) -> Publication:
    """What publishing a run's manifest in this project means: with the parents and the gate that it has.

    Of a private model the registry tells both, though its manifest does not. Raises VerificationFailed for
    unknown parents, and as `Run.described` does.
    """
    described = run.described.predicate
    gate, parents = described.evaluation.gate, session.registry.parent_ids(described.parents)
    return publication_of(run.manifest, project.id, parents, deployable=gate is not None and gate.holds)


def check_run(run: Run) -> Manifest:
    """The manifest of a run whose files are those that it describes.

    Raises IntegrityError, ManifestError, VerificationFailed for the opening of another private model.
    """
    manifest, described = run.manifest, run.described
    found = digest_file(run.model, manifest.predicate.artifact.profile).digest
    if found != described.artifact_hash:
        raise IntegrityError(
            f"{run.model} is not the model that its manifest describes: SHA-256 {found.hex()[:12]}…, "
            f"not {described.artifact_hash.hex()[:12]}…",
            "Somebody changed it meanwhile. Train again, or publish the file again.",
        )
    artifact = manifest.predicate.artifact
    if artifact.encrypted and digest_file(run.encrypted, artifact.profile).cid != manifest.artifact_cid:
        raise IntegrityError(
            f"{run.encrypted} is not the encrypted file that the manifest names",
            "Somebody changed it after training. Train again.",
        )
    return manifest


def _home(session: Session, name: str, participant: Account, project: str | None) -> Project:
    if project:
        return find_project(session, project, participant.address)
    own = own_project(session, name, participant)
    if own is None:
        raise ChainError(
            f"{participant.name} has no project `{name}`",
            f"Say whose is meant (--project CREATOR/{name}), or make it: diln project create {name}.",
        )
    return own


def _sign(session: Session, publication: Publication, account: Account) -> Signature:
    return sign_publication(publication, account, session.chain.chain_id, session.registry.address)


def _too_few(file: SignatureFile, count: int, run: Run, project: Project) -> SignatureRefused:
    elsewhere = len(file.read()) - count
    others = f" ({elsewhere} more signed for another chain, registry or project)" if elsewhere > 0 else ""
    return SignatureRefused(
        f"{count} of {project.participants} participants have signed{others}, "
        f"and project `{project.name}` demands {project.threshold}",
        f"Send the others what `diln export {run.id} -o FILE` writes. Each runs `diln import FILE`, then "
        f"`diln sign {run.id} --project {project.id.hex()} --from NAME`, and sends it back in the same way.",
    )
