"""Manifests, signatures, the model registry and verification: what makes a model provable."""

from orchestrator.bindings.registry import Approval, CidKind, Publication, Status
from orchestrator.provenance.ancestry import Lineage, lineage
from orchestrator.provenance.batches import PREDICTIONS, LogBatch, LogBatches
from orchestrator.provenance.comparison import Change, diff
from orchestrator.provenance.entries import Entry, ModelReference
from orchestrator.provenance.findings import Check, Outcome, Verification
from orchestrator.provenance.history import Happening, ProjectHistory, read_history, rebuild
from orchestrator.provenance.inclusion import AnchorReference, InclusionProof
from orchestrator.provenance.manifest import Manifest, describe, manifest_cid
from orchestrator.provenance.merkle import MerkleTree, verify_proof
from orchestrator.provenance.policy import Policy
from orchestrator.provenance.predicate import (
    Artifact,
    Attestation,
    Condition,
    DataFile,
    DataRecord,
    Environment,
    Evaluation,
    Feature,
    Gate,
    GitState,
    History,
    Interface,
    Layer,
    Parent,
    ReadingRecord,
    TrainingRecord,
)
from orchestrator.provenance.predictions import PredictionLog
from orchestrator.provenance.records import (
    Anchor,
    AnchoredBatch,
    Members,
    Project,
    Version,
    agree,
    publication_of,
)
from orchestrator.provenance.registry import ModelRegistry, chunks_of
from orchestrator.provenance.signing import (
    Signature,
    SignatureFile,
    check_signature,
    check_validity,
    recover,
    sign_promotion,
    sign_publication,
)
from orchestrator.provenance.verification import verify
