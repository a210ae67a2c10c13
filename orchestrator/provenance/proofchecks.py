"""The checks of a prediction's inclusion proof."""

import json
from pathlib import Path

from orchestrator.bindings.registry import Status
from orchestrator.provenance.findings import Findings, NameOf, Verification
from orchestrator.provenance.inclusion import LARGEST_PROOF, PROOF_TYPE, InclusionProof
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Anchor, Project, Version
from orchestrator.provenance.wording import chain_caveats, moment, place, short
from orchestrator.types import Digest

_HEAD = 4096


def is_proof(path: Path) -> bool:
    """Whether a file presents itself as an inclusion proof."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False  # whoever hashes it will say why it cannot be read
    return head.lstrip().startswith(b"{") and PROOF_TYPE.encode() in head


def verify_prediction(
    path: Path, registry: RegistryReader, name_of: NameOf = str, wanted: Digest | None = None
) -> Verification:
    """Verify the proof in a file: that of a prediction in the project `wanted`, if one is.

    Raises VerificationFailed if it cannot be read.
    """
    with path.open("rb") as file:
        proof = InclusionProof.parse(file.read(LARGEST_PROOF + 1))
    findings = Findings(f"prediction {proof.entry.index} in {path}")
    version = anchor = publication = None
    findings.check(
        "inclusion",
        proof.holds,
        f"The entry, with hash {short(proof.entry.hash)}, is under the root {proof.root.hex()}.",
        "The entry is not under the root: one of them was changed.",
    )
    if _same_registry(findings, proof, registry):
        anchor = _anchor(findings, proof, registry, name_of)
        version = _model(findings, proof, registry)
        _project(findings, proof, wanted)
    if version:
        publication = registry.anchor_of(version)
    _input(findings, proof)
    if anchor and version:
        _conclude(findings, proof, anchor, version)
    findings.not_proven += [
        "That the model computed this output: run it on the input to see.",
        "That every prediction was logged: one that was left out leaves no trace.",
        "That no other entry has this number: whoever anchors may put several under one root.",
        *chain_caveats(registry),
    ]
    return findings.done(version=version, anchor=anchor, proof=proof, publication=publication)


def _same_registry(findings: Findings, proof: InclusionProof, registry: RegistryReader) -> bool:
    here = (registry.chain.chain_id, registry.address)
    model = proof.entry.model
    places = {(proof.anchor.chain_id, proof.anchor.registry), (model.chain_id, model.registry)}
    if places == {here}:
        return True
    chain_id, address = next(iter(places - {here}))
    findings.failed(
        "anchor",
        f"The proof is for the registry {address} on chain {chain_id}, not for {here[1]} on chain {here[0]}.",
    )
    return False


def _anchor(
    findings: Findings, proof: InclusionProof, registry: RegistryReader, name_of: NameOf
) -> Anchor | None:
    project_id = proof.anchor.project_id
    batch, anchor = registry.batch(project_id, proof.root), registry.batch_anchor(project_id, proof.root)
    if batch is None or anchor is None:
        findings.failed("anchor", f"The root {proof.root.hex()} was never anchored in this project.")
        return None
    path = (proof.position, proof.count, proof.siblings)
    agreed = registry.verify_inclusion(project_id, proof.entry.hash, *path) == proof.root
    findings.check(
        "anchor",
        agreed,
        f"The root is that of batch {batch.number} ({batch.count} records), anchored by "
        f"{name_of(anchor.publisher)} in {place(anchor)}; the contract accepts the proof.",
        "The contract does not accept the proof.",
    )
    return anchor if agreed else None


def _model(findings: Findings, proof: InclusionProof, registry: RegistryReader) -> Version | None:
    model = proof.entry.model
    if model.project != proof.anchor.project_id:
        # Whoever may anchor in one project has no say about the models of another.
        findings.failed("model", "The entry speaks of a model of another project than it is anchored in.")
        return None
    version, project = registry.version(model.project, model.artifact), registry.project(model.project)
    if version is None or project is None or version.manifest_digest != model.manifest:
        findings.failed("model", f"The model {short(model.artifact)} was never published as the entry says.")
        return None
    findings.passed("model", f"The model is {_title(version, project)}, known as {model.artifact.hex()}.")
    findings.check(
        "status",
        version.status is not Status.REVOKED,
        f"The model is {version.status.word}, and was not revoked.",
        f"The model was revoked: {version.reason}.",
    )
    return version


def _project(findings: Findings, proof: InclusionProof, wanted: Digest | None) -> None:
    """Anybody may publish any model in a project of their own, and log there what they like."""
    found = f"0x{proof.anchor.project_id.hex()}"
    if wanted is None:
        findings.not_proven.append(
            f"That its project, {found}, is the one you trust: name it with --project."
        )
        return
    findings.check(
        "project",
        proof.anchor.project_id == wanted,
        "It was logged in the project that you named.",
        f"It was logged in project {found}, which is not the one that you named.",
    )


def _input(findings: Findings, proof: InclusionProof) -> None:
    if proof.revealed is None:
        findings.not_needed("input", "The proof does not show the input, but only its salted hash.")
        findings.not_proven.append("What was asked: the input is not shown.")
        return
    findings.check(
        "input",
        proof.input_fits,
        "The input that is shown is the one that was logged.",
        "The input that is shown is not the one that was logged.",
    )


def _conclude(findings: Findings, proof: InclusionProof, anchor: Anchor, version: Version) -> None:
    entry = proof.entry
    output = json.dumps(entry.output, ensure_ascii=False)
    asked = " for the input shown" if proof.input_fits else ""
    findings.proven.append(
        f"No later than {moment(anchor.time)}, it was on record that model {short(version.artifact_hash)} "
        f"answered {output}{asked}; nobody can have changed that since."
    )
    findings.not_proven.append(
        f"That it was answered at {entry.time}: that is the word of whoever logged it."
    )


def _title(version: Version, project: Project) -> str:
    return f"version {version.number} of project `{project.name}`"
