"""Manifests to test with."""

import hashlib
from typing import Any

from orchestrator.provenance.entries import ModelReference
from orchestrator.provenance.inclusion import AnchorReference
from orchestrator.provenance.manifest import Manifest, describe, manifest_cid

MODEL = b"a model file"
DEEP = b"[" * 200_000  # py-evm raises the recursion limit so far that parsing this would crash the process
CREATED = "2026-01-31T12:00:00Z"


def sample_parts() -> dict[str, Any]:
    """The arguments of `describe`, as plain JSON values."""
    return {
        "name": "model.skops",
        "sha256": hashlib.sha256(MODEL).hexdigest(),
        "cid": manifest_cid(hashlib.sha256(MODEL).digest()),
        "project": "tumours",
        "artifact": {"size": len(MODEL), "profile": "unixfs-v1-2025", "format": "unknown"},
        "data": [
            {
                "source": "sklearn:breast_cancer",
                "sha256": "11" * 32,
                "cid": None,
                "files": [{"name": "breast_cancer.csv", "sha256": "11" * 32, "size": 119_913}],
                "rows": 569,
                "columns": {"mean radius": {"min": 6.981, "max": 28.11, "missing": 0}},
                "cleaning": {"duplicates": 0},
                "collected": CREATED,
            }
        ],
        "training": {
            "algorithm": "sklearn.linear_model.LogisticRegression",
            "steps": ["StandardScaler", "LogisticRegression"],
            "hyperparameters": {"C": 0.5, "max_iter": 1000, "penalty": None},
            "search": None,
            "features": [{"name": "mean radius", "type": "numeric", "optional": False}],
            "reading": {"separator": ",", "decimal": ".", "missing_marks": ["", "NA"], "bad_values": "error"},
            "target": "benign",
            "task": "classification",
            "split": {"test_size": 0.25},
            "seed": 7,
        },
        "environment": {
            "python": "3.11.9",
            "libraries": {"scikit-learn": "1.9.1"},
            "git": {"commit": "ab" * 20, "dirty": False},
        },
        "evaluation": {
            "metrics": {"f1": 0.97, "gap": 0.01},
            "gate": {
                "passed": True,
                "conditions": [
                    {"metric": "f1", "relation": ">=", "threshold": 0.9, "value": 0.97, "passed": True}
                ],
            },
        },
        "parents": [{"artifact": "22" * 32, "manifest": "33" * 32}],
        "licence": "CC-BY-4.0",
        "created": CREATED,
    }


def sample_manifest(**changes: Any) -> Manifest:
    return describe(**{**sample_parts(), **changes})


def sample_model(**changes: Any) -> ModelReference:
    fields = {
        "name": "tumours",
        "version": "1",
        "artifact": bytes([1]) * 32,
        "manifest": bytes([2]) * 32,
        "project": bytes([3]) * 32,
        "chain_id": 31337,
        "registry": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    }
    return ModelReference(**{**fields, **changes})


def sample_anchor(**changes: Any) -> AnchorReference:
    fields = {
        "chain_id": 31337,
        "registry": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
        "project_id": bytes([3]) * 32,
        "block_number": 7,
        "transaction": "0x" + "ab" * 32,
    }
    return AnchorReference(**{**fields, **changes})
