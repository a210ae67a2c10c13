"""The fields of which a private model's manifest holds commitments alone; see `openings`."""

from collections.abc import Mapping
from typing import Any, Final

DIGEST: Final = "digest"
"""The field that holds the SHA-256 of the model's file (hex)."""
PRIVATE_FORMAT: Final = "private+age"

UNTOLD: Final[Mapping[str, Any]] = {
    "name": "private model",
    "project": "private project",
    "artifact.size": None,
    "artifact.format": PRIVATE_FORMAT,
    "data": [],
    "training.algorithm": None,
    "training.steps": [],
    "training.hyperparameters": {},
    "training.search": None,
    "training.features": [],
    "training.reading": None,
    "training.target": None,
    "training.task": None,
    "training.split": None,
    "training.seed": None,
    "environment.python": None,
    "environment.libraries": {},
    "environment.git": None,
    "evaluation.metrics": {},
    "evaluation.gate": None,
    "history": None,
    "interface": None,
    "attestations": [],
    "parents": [],
    "licence": None,
    "created": None,
}
"""What stands in a private model's manifest in the place of each field."""
FIELDS: Final = (DIGEST, *UNTOLD)
"""Every field that is committed to; what each means is said in docs/models.md."""
