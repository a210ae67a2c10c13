"""Manifests, signatures, the model registry and verification: what makes a model provable."""

from orchestrator.provenance.diff import Change, diff
from orchestrator.provenance.manifest import Manifest, describe, manifest_cid
from orchestrator.provenance.merkle import MerkleTree, verify_proof
from orchestrator.provenance.predicate import (
    Artifact,
    Condition,
    DataRecord,
    Environment,
    Evaluation,
    Feature,
    Gate,
    GitState,
    Parent,
    TrainingRecord,
)
from orchestrator.provenance.records import (
    Anchor,
    AnchoredBatch,
    Approval,
    CidKind,
    Members,
    Project,
    Publication,
    Status,
    Version,
    publication_of,
)
from orchestrator.provenance.registry import ModelRegistry, chunks_of
from orchestrator.provenance.signing import (
    Signature,
    SignatureFile,
    check_signature,
    recover,
    sign_publication,
)

__all__ = [
    "Anchor",
    "AnchoredBatch",
    "Approval",
    "Artifact",
    "Change",
    "CidKind",
    "Condition",
    "DataRecord",
    "Environment",
    "Evaluation",
    "Feature",
    "Gate",
    "GitState",
    "Manifest",
    "Members",
    "MerkleTree",
    "ModelRegistry",
    "Parent",
    "Project",
    "Publication",
    "Signature",
    "SignatureFile",
    "Status",
    "TrainingRecord",
    "Version",
    "check_signature",
    "chunks_of",
    "describe",
    "diff",
    "manifest_cid",
    "publication_of",
    "recover",
    "sign_publication",
    "verify_proof",
]
