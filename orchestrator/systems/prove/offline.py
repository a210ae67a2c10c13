"""Verify a bundle with no chain and no network: against a block hash that the user trusts."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestrator.chain.deployments import fixed_addresses
from orchestrator.errors import UsageError, VerificationFailed
from orchestrator.provenance import Manifest, Policy, Status, Verification
from orchestrator.provenance.findings import Findings
from orchestrator.provenance.formats import recognize
from orchestrator.provenance.manifestchecks import check_format, check_opening, gate_reservations
from orchestrator.provenance.openings import Opening
from orchestrator.provenance.policy import Known
from orchestrator.provenance.stateproof import LARGEST_STATE_PROOF, ProvenRecord, StateProof
from orchestrator.provenance.wording import moment
from orchestrator.storage.local import LocalStore
from orchestrator.systems.prove.bundling import ANCHOR, opened
from orchestrator.types import Address, Digest, Seconds


def verify_bundle(
    path: Path,
    block_hash: bytes | None,
    policy: Policy,
    now: Seconds,
    *,
    project: Callable[[int, Address], Digest] | None = None,
    registry: str | None = None,
    opening: Opening | None = None,
) -> Verification:
    """Check the bundle at `path`: its bytes, and that the registry held this version in the trusted block.

    Without `block_hash` it is said which one must be compared. `project` gives the id that is demanded, of a
    chain and registry (see `offline_project`); `registry` is the address to accept, the usual one unless
    given; `opening` what was disclosed of a private model. Raises StorageError, IntegrityError, ManifestError
    for what is not a bundle, UsageError where the bundle holds no proof.
    """
    findings = Findings(str(path))
    with tempfile.TemporaryDirectory() as folder, LocalStore(Path(folder)) as storage:
        _, entries, manifest, model = opened(storage, path)
        _check_model(findings, storage, manifest, entries[model], Path(folder) / f"bundled-{model}")
        if ANCHOR not in entries:
            raise UsageError(
                f"{path} holds no proof of its anchor",
                "Export it as NAME@VERSION, over a node that has eth_getProof.",
            )
        proof = StateProof.parse(storage.read(entries[ANCHOR], limit=LARGEST_STATE_PROOF))
    told = check_opening(findings, manifest, opening) if opening else manifest
    known = _check_anchor(
        findings, proof, manifest, block_hash, registry or fixed_addresses()["ModelRegistry"]
    )
    if project:
        findings.check(
            "project",
            project(proof.chain_id, proof.registry) == proof.project_id,
            "It was published in the project that you named.",
            f"It was published in project 0x{proof.project_id.hex()}, which is not the one that you named.",
        )
    else:
        findings.not_proven.append("That its project is the one you trust: name it with --project.")
    findings.not_proven += [
        f"That the block is of chain {proof.chain_id}, and that the chain kept it: its hash is your word.",
        "That the version was not revoked since, and what the registry says it was made from: ask a node.",
        "That the manifest tells the truth: it is the word of those who signed and published it.",
    ]
    if told and known.status:
        untold = (opening or Opening({})).untold(manifest) if manifest.private else frozenset[str]()
        findings.not_proven += gate_reservations(known.status, told, untold)
    return policy.apply(findings.done(manifest=manifest), now, known=known)


def _check_model(findings: Findings, storage: LocalStore, manifest: Manifest, cid: str, at: Path) -> None:
    """Whether the model is the manifest's, and what loading it may do; it is written to `at` for that."""
    if manifest.predicate.artifact.encrypted:
        findings.not_needed("model", "The model is private: the bundle holds its encrypted file.")
        return
    storage.get(cid, at)
    if manifest.folder:
        findings.passed("model", f"The folder has the CID {cid}, which the manifest names.")
    else:
        with at.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        findings.check(
            "model",
            digest == manifest.artifact_hash,
            f"The model has the SHA-256 {digest.hex()}, which the manifest names.",
            f"The model has the SHA-256 {digest.hex()}, and the manifest names another.",
        )
    check_format(findings, recognize(at), manifest)


def _check_anchor(
    findings: Findings, proof: StateProof, manifest: Manifest, block_hash: bytes | None, registry: str
) -> Known:
    try:
        record = proof.open()
    except VerificationFailed as error:
        findings.failed("anchor", f"{error.message}.")
        return Known()
    findings.check(
        "registry",
        proof.registry == registry,
        f"The registry is the one that every chain has, {registry}.",
        f"The proof is of the contract {proof.registry}, not of the registry {registry}.",
    )
    _check_block(findings, proof, record, block_hash)
    findings.check(
        "anchor",
        record.manifest_digest == manifest.digest and proof.artifact_hash == manifest.artifact_hash,
        f"In block {record.block_number} the registry held this model with this manifest, as version "
        f"{record.number} of project 0x{proof.project_id.hex()}.",
        "The registry held another model or manifest than the bundle's.",
    )
    _check_status(findings, record)
    return Known(None, record.approvals, record.status, record.published_at)


def _check_block(
    findings: Findings, proof: StateProof, record: ProvenRecord, block_hash: bytes | None
) -> None:
    shown = f"0x{proof.block_hash.hex()}"
    if block_hash is None:
        findings.skipped("block", f"Compare the hash of block {record.block_number} yourself: {shown}.")
        return
    findings.check(
        "block",
        proof.block_hash == block_hash,
        f"The proof is for the block that you trust, {record.block_number}.",
        f"The proof is for the block {shown}, which is not the one that you trust.",
    )


def _check_status(findings: Findings, record: ProvenRecord) -> None:
    findings.check(
        "status",
        record.status is not Status.REVOKED,
        f"It was {record.status.word} at {moment(record.time)}.",
        "It was revoked.",
    )
    findings.proven.append(
        f"It was published {moment(record.published_at)}, and had the status {record.status.word} in block "
        f"{record.block_number}, if that block is the chain's."
    )
