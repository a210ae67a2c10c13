"""What a manifest says of data: little of a public model's, and of a private model's only a commitment.

The facts that are withheld stay in the run as `opening.json`: a salt and the facts. The manifest names the
SHA-256 of the salt's 32 bytes and the facts in canonical JSON, so whoever is shown the opening can check it,
and nobody can guess.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import VerificationFailed
from orchestrator.learning.metrics import Metrics
from orchestrator.learning.training import Split
from orchestrator.provenance import DataRecord, canonical

WITHHELD = "withheld: a salted commitment"
"""The source of data in the manifest of a private model."""


def withhold(data: DataRecord, metrics: Metrics, split: Split, opening: Path) -> DataRecord:
    """Write everything that is known of the data to `opening`, and tell nothing but a commitment to it."""
    facts = {
        "data": data.model_dump(mode="json", by_alias=True),
        "metrics": metrics.to_json(),
        "split": split.to_json(),
    }
    salt = os.urandom(32)
    opening.write_text(json.dumps({"salt": salt.hex(), "facts": facts}, indent=2) + "\n", encoding="utf-8")
    return DataRecord(
        source=WITHHELD,
        sha256=_commitment(salt, facts),
        cid=None,
        files=(),
        rows=None,
        columns={},
        cleaning={},
        collected=None,
    )


def opened(record: DataRecord, opening: Path) -> dict[str, Any]:
    """The facts in `opening`. Raises VerificationFailed unless they are those that `record` commits to."""
    try:
        found = json.loads(opening.read_bytes())
        salt, facts = bytes.fromhex(found["salt"]), found["facts"]
        matches = len(salt) == 32 and _commitment(salt, facts) == record.sha256
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VerificationFailed(f"{opening} is no opening", "Ask its owner for it again.") from error
    if not matches:
        raise VerificationFailed(
            f"{opening} is not what the manifest commits to", "It may be of another run."
        )
    return dict(facts)


def public_metrics(metrics: Metrics) -> dict[str, Any]:
    """The figures of a private model: no counts of rows, no classes, no baseline, which tell of the data."""
    return {"task": metrics.task, "score": metrics.score, "values": dict(metrics.values)}


def public_split(split: Split) -> dict[str, Any]:
    """How rows were held out, without how many there are."""
    return {"seed": split.seed, "stratified": split.stratified}


def _commitment(salt: bytes, facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(salt + canonical.encode(facts)).hexdigest()
