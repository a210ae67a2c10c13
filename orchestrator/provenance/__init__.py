"""Manifests, signatures, the model registry and verification: what makes a model provable."""

from orchestrator.provenance.diff import Change, diff
from orchestrator.provenance.manifest import Manifest, describe, manifest_cid
from orchestrator.provenance.merkle import MerkleTree, verify_proof

__all__ = ["Change", "Manifest", "MerkleTree", "describe", "diff", "manifest_cid", "verify_proof"]
