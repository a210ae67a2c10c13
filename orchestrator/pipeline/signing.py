"""Participants' signatures of a run, gathered one by one before it is published."""

from orchestrator.chain import Account
from orchestrator.errors import ChainError, IntegrityError, SignatureRefused
from orchestrator.pipeline.projects import find_project, own_project
from orchestrator.pipeline.runs import Run
from orchestrator.pipeline.workspace import Workspace
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


def sign(workspace: Workspace, run: Run, participant: Account, project: str | None = None) -> Signature:
    """Sign a run's manifest for the registry on this chain, and add the signature to the run's file.

    Unless `project` is given (see `find_project`), it is the participant's own of the manifest's name.

    Raises SignatureRefused for a stranger or a second signature of the same participant, IntegrityError if
    the model file is not the one that the manifest describes, ChainError if there is no such project.
    """
    manifest = check_run(run)
    home = _home(workspace, manifest, participant, project)
    publication = publication_in(workspace, manifest, home)
    signature = _sign(workspace, publication, participant)
    SignatureFile(run.signatures).add(signature, publication, workspace.registry)
    return signature


def gather(
    workspace: Workspace, run: Run, publication: Publication, project: Project, sender: Account, *, keep: bool
) -> list[Approval]:
    """All approvals of a run; where `sender` is a participant who has not signed yet, it signs now.

    That signature is added to the run's file if `keep`. Raises SignatureRefused for a signature that does not
    count, or if fewer participants have signed than the project demands.
    """
    registry, file = workspace.registry, SignatureFile(run.signatures)
    approvals = file.approvals(publication, registry)
    signed = sender.address in {approval.signer for approval in approvals}
    if not signed and registry.is_participant(project.id, sender.address):
        signature = _sign(workspace, publication, sender)
        approvals.append(check_signature(signature, publication, registry))
        if keep:
            file.add(signature, publication, registry)
    if len(approvals) < project.threshold:
        raise _too_few(file, len(approvals), run, project)
    return approvals


def publication_in(workspace: Workspace, manifest: Manifest, project: Project) -> Publication:
    """What publishing this manifest in this project means. Raises VerificationFailed for unknown parents."""
    return publication_of(manifest, project.id, workspace.registry.parent_ids(manifest.predicate.parents))


def check_run(run: Run) -> Manifest:
    """The manifest of a run whose files are those that it describes. Raises IntegrityError, ManifestError."""
    manifest = run.manifest
    found = digest_file(run.model, manifest.predicate.artifact.profile).digest
    if found != manifest.artifact_hash:
        raise IntegrityError(
            f"{run.model} is not the model that its manifest describes: SHA-256 {found.hex()[:12]}…, "
            f"not {manifest.artifact_hash.hex()[:12]}…",
            "Somebody changed it meanwhile. Train again, or publish the file again.",
        )
    artifact = manifest.predicate.artifact
    if artifact.encrypted and digest_file(run.encrypted, artifact.profile).cid != manifest.artifact_cid:
        raise IntegrityError(
            f"{run.encrypted} is not the encrypted file that the manifest names",
            "Somebody changed it after training. Train again.",
        )
    return manifest


def _home(workspace: Workspace, manifest: Manifest, participant: Account, project: str | None) -> Project:
    if project:
        return find_project(workspace, project, participant.address)
    name = manifest.predicate.project
    own = own_project(workspace, name, participant)
    if own is None:
        raise ChainError(
            f"{participant.name} has no project `{name}`",
            f"Say whose is meant (--project CREATOR/{name}), or make it: diln project create {name}.",
        )
    return own


def _sign(workspace: Workspace, publication: Publication, account: Account) -> Signature:
    return sign_publication(publication, account, workspace.chain.chain_id, workspace.registry.address)


def _too_few(file: SignatureFile, count: int, run: Run, project: Project) -> SignatureRefused:
    elsewhere = len(file.read()) - count
    others = f" ({elsewhere} more signed for another chain, registry or project)" if elsewhere > 0 else ""
    return SignatureRefused(
        f"{count} of {project.participants} participants have signed{others}, "
        f"and project `{project.name}` demands {project.threshold}",
        f"Each signs with `diln sign {run.id} --project {project.id.hex()} --from NAME`.",
    )
