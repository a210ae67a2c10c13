"""Sign and publish: from a run on this machine to a version that anybody can check against the chain."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.chain import Account, Journal, Receipt
from orchestrator.errors import GateError, IntegrityError, SignatureRefused, VerificationFailed
from orchestrator.pipeline.projects import create_project, find_project
from orchestrator.pipeline.runs import Run
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    Approval,
    Manifest,
    Project,
    Publication,
    Signature,
    SignatureFile,
    Version,
    chunks_of,
    publication_of,
    sign_publication,
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Published:
    """A version on the chain. `receipt` is None if it had been published before."""

    version: Version
    project: Project
    receipt: Receipt | None
    signers: tuple[str, ...]
    gas_used: int


def sign(workspace: Workspace, run: Run, participant: Account, project: str | None = None) -> Signature:
    """Sign a run's manifest for the registry on this chain, and add the signature to the run's file.

    Raises SignatureRefused for a stranger or a second signature of the same participant, IntegrityError if
    the model file is not the one that the manifest describes.
    """
    manifest = run.manifest
    _check_model(run.model, manifest)
    home = find_project(workspace, project or manifest.predicate.project, participant.address)
    publication = _publication(workspace, manifest, home)
    signature = sign_publication(
        publication, participant, workspace.chain.chain_id, workspace.registry.address
    )
    SignatureFile(run.signatures).add(signature, publication, workspace.registry)
    return signature


def publish(
    workspace: Workspace,
    run: Run,
    sender: Account,
    *,
    project: str | None = None,
    on_chain: bool = False,
    require_deployable: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Published | Receipt:
    """Pin a run's model and manifest, and anchor both in the registry; done twice, nothing happens twice.

    The project is created if `sender` has none of that name. If `sender` is a participant who has not signed
    yet, this signs. A model whose gate passed is published as deployable. `on_chain` also stores the model in
    contract code (at most 983,000 bytes). A dry run returns the receipt that the last transaction would have.

    Raises GateError (with `require_deployable`), SignatureRefused if too few participants have signed,
    IntegrityError, VerificationFailed if the same model was published with another manifest.
    """
    manifest = run.manifest
    _check_model(run.model, manifest)
    home = _home(workspace, manifest, sender, project, dry_run=dry_run)
    if isinstance(home, Receipt):
        return home
    publication = _publication(workspace, manifest, home)
    if require_deployable and not publication.deployable:
        raise GateError(_gate_sentence(manifest), "Publish it without --deployable, or train a better one.")
    known = _published_before(workspace, publication)
    if known:
        _pin(workspace, run, manifest, progress)
        return Published(known, home, None, (), 0)
    approvals = _approvals(workspace, run, publication, home, sender)
    if not dry_run:
        _pin(workspace, run, manifest, progress)
    return _anchor(workspace, run, publication, approvals, home, sender, on_chain, dry_run, progress)


def _home(
    workspace: Workspace, manifest: Manifest, sender: Account, project: str | None, *, dry_run: bool
) -> Project | Receipt:
    """The project to publish in, created if need be."""
    if project:
        return find_project(workspace, project, sender.address)
    registry, name = workspace.registry, manifest.predicate.project
    project_id = registry.project_id(sender.address, name)
    found = registry.project(project_id) or _member_of(workspace, name, sender)
    if found:
        return found
    _, receipt = create_project(workspace, name, sender, dry_run=dry_run)
    return receipt if dry_run else find_project(workspace, project_id.hex())


def _member_of(workspace: Workspace, name: str, sender: Account) -> Project | None:
    """Somebody else's project of this name in which `sender` may publish."""
    registry = workspace.registry
    named = (project for project in registry.projects() if project.name == name)
    return next((each for each in named if registry.is_publisher(each.id, sender.address)), None)


def _publication(workspace: Workspace, manifest: Manifest, project: Project) -> Publication:
    return publication_of(manifest, project.id, workspace.registry.parent_ids(manifest.predicate.parents))


def _published_before(workspace: Workspace, publication: Publication) -> Version | None:
    known = workspace.registry.version(publication.project_id, publication.artifact_hash)
    if known and known.manifest_digest != publication.manifest_digest:
        raise VerificationFailed(
            f"this very model is version {known.number} of the project already, with another manifest "
            f"({known.manifest_digest.hex()[:12]}…)",
            "A model is published once; train again to publish something new.",
        )
    return known


def _approvals(
    workspace: Workspace, run: Run, publication: Publication, project: Project, sender: Account
) -> list[Approval]:
    registry, file = workspace.registry, SignatureFile(run.signatures)
    signed = {signature.participant for signature in file.read()}
    if sender.address not in signed and registry.is_participant(project.id, sender.address):
        signature = sign_publication(publication, sender, workspace.chain.chain_id, registry.address)
        file.add(signature, publication, registry)
    approvals = file.approvals(publication, registry)
    if len(approvals) < project.threshold:
        raise SignatureRefused(
            f"{len(approvals)} of {project.participants} participants have signed, "
            f"and project `{project.name}` demands {project.threshold}",
            f"Each signs with `diln sign {run.id} --from NAME`.",
        )
    return approvals


def _pin(workspace: Workspace, run: Run, manifest: Manifest, progress: Progress | None) -> None:
    """Store the model and its manifest under the very CIDs that the manifest and the registry name."""
    profile = manifest.predicate.artifact.profile
    stored = workspace.storage.put(run.model, profile=profile, progress=progress)
    described = workspace.storage.put(manifest.to_bytes())
    if (stored.cid, described.cid) != (manifest.artifact_cid, manifest.cid):
        raise IntegrityError("the store gave other CIDs than the manifest names", "Train again.")


def _anchor(
    workspace: Workspace,
    run: Run,
    publication: Publication,
    approvals: list[Approval],
    project: Project,
    sender: Account,
    on_chain: bool,
    dry_run: bool,
    progress: Progress | None,
) -> Published | Receipt:
    registry = workspace.registry
    journal = Journal(workspace.settings.home / "journal", workspace.chain)
    gas = 0
    function = registry.publish(publication, approvals)
    if on_chain:
        pieces = chunks_of(run.model.read_bytes())
        if not dry_run:
            gas += _store(workspace, pieces, sender, progress)
        function = registry.publish_on_chain(
            publication, approvals, [registry.chunk_address(piece) for piece in pieces]
        )
    purpose = f"publish-{project.id.hex()[:16]}-{publication.artifact_hash.hex()[:16]}"
    receipt = journal.send(purpose, function, sender, dry_run=dry_run)
    if dry_run:
        return receipt
    version = registry.version(project.id, publication.artifact_hash)
    if version is None:
        raise VerificationFailed(
            f"transaction {receipt.tx_hash} went through, yet the registry does not show the version",
            "The node may lag or lie: ask another one with `diln verify`.",
        )
    signers = tuple(approval.signer for approval in approvals)
    return Published(version, project, receipt, signers, gas + receipt.gas_used)


def _store(workspace: Workspace, pieces: list[bytes], sender: Account, progress: Progress | None) -> int:
    """Store what is not on the chain yet, piece by piece; returns the gas that it took."""
    registry, gas = workspace.registry, 0
    for index, piece in enumerate(pieces):
        if not registry.has_chunk(registry.chunk_address(piece)):
            gas += workspace.chain.send(registry.store_chunk(piece), sender).gas_used
        if progress:
            progress(index + 1, len(pieces))
    return gas


def _check_model(model: Path, manifest: Manifest) -> None:
    with model.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").digest()
    if found != manifest.artifact_hash:
        raise IntegrityError(
            f"{model} is not the model that its manifest describes: SHA-256 {found.hex()[:12]}…, "
            f"not {manifest.artifact_hash.hex()[:12]}…",
            "Somebody changed it after training. Train again.",
        )


def _gate_sentence(manifest: Manifest) -> str:
    gate = manifest.predicate.evaluation.gate
    if gate is None:
        return "the spec sets no gate, so nothing says that this model is fit to be deployed"
    missed = [
        f"{each.metric} is {each.value:.4g}, not {each.relation} {each.threshold:g}"
        if each.value is not None
        else f"{each.metric} was not measured"
        for each in gate.conditions
        if not each.passed
    ]
    return f"the model does not pass its gate: {'; '.join(missed)}"
