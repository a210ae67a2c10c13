"""Predict with a published model, log what was predicted, anchor the log, prove an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.chain import Account, Receipt
from orchestrator.chain.journal import Journal
from orchestrator.config import Settings
from orchestrator.errors import DataError, VerificationFailed
from orchestrator.learning.prediction import predict_rows
from orchestrator.pipeline.loading import PublishedModel
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    AnchorReference,
    InclusionProof,
    LogBatch,
    LogBatches,
    PredictionLog,
)
from orchestrator.types import Digest

LABEL = "predictions"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """One answer: `index` is its place in the log, `output` has a label and, if known, probabilities."""

    index: int
    output: dict[str, Any]


def prediction_log(settings: Settings, project: Digest) -> PredictionLog:
    """The log of all predictions that were made here with a project's models."""
    return PredictionLog(settings.home / "predictions" / f"{project.hex()[:16]}.jsonl")


def predict(workspace: Workspace, model: PublishedModel, rows: Sequence[Row]) -> list[Prediction]:
    """Predict `rows` (objects with a value for each feature) and log each with its model's anchor.

    Raises DataError, naming row and column, for rows that do not fit the model.
    """
    schema = [feature.model_dump() for feature in model.manifest.predicate.training.features]
    asked = [{feature["name"]: row.get(feature["name"]) for feature in schema} for row in rows]
    answers = predict_rows(model.pipeline, rows, schema)
    log = prediction_log(workspace.settings, model.version.project_id)
    entries = log.extend(model.reference, zip(asked, answers, strict=True))
    return [Prediction(entry.index, answer) for entry, answer in zip(entries, answers, strict=True)]


def anchor_log(
    workspace: Workspace, project: Digest, sender: Account, *, dry_run: bool = False
) -> tuple[LogBatch, Receipt] | None:
    """Anchor the Merkle root of all predictions since the last anchor; None if there are none.

    Interrupted, it anchors the same root when run again, once. Raises VerificationFailed if the log was
    changed.
    """
    batches = LogBatches(prediction_log(workspace.settings, project))
    batch = batches.open()
    if batch is None:
        return None
    registry = workspace.registry
    function = registry.anchor_batch(project, batch.root, batch.count, LABEL)
    known = registry.batch_anchor(project, batch.root)
    journal = Journal(workspace.settings.home / "journal", workspace.chain)
    if known:
        receipt = workspace.chain.receipt(known.transaction)
    else:
        receipt = journal.send(f"anchor-{batch.root.hex()[:16]}", function, sender, dry_run=dry_run)
    anchor = known or (None if dry_run else registry.batch_anchor(project, batch.root))
    if receipt is None or (anchor is None and not dry_run):
        raise VerificationFailed("the node does not show the anchor that it took", "Ask another node.")
    closed = batches.close(batch, AnchorReference.of(anchor)) if anchor else batch
    return closed, receipt


def prove(
    settings: Settings, project: Digest, index: int, dest: Path, revealed: Row | None = None
) -> InclusionProof:
    """Write the proof that prediction `index` is in an anchored log to `dest`.

    The input stays hidden unless it is given as `revealed`. Raises VerificationFailed if the prediction is
    not anchored yet, or was made for another input.
    """
    log = prediction_log(settings, project)
    proof = LogBatches(log).prove(index)
    if revealed is not None:
        proof = proof.reveal(revealed, log.salt(index))
    dest.write_bytes(proof.to_bytes())
    return proof


def read_rows(source: Path) -> list[dict[str, Any]]:
    """Rows from a CSV, Parquet or JSON file (a list of objects, or one). Raises DataError."""
    import json

    import pandas as pd

    try:
        if source.suffix == ".json":
            content = json.loads(source.read_text(encoding="utf-8"))
            return content if isinstance(content, list) else [content]
        frame = pd.read_parquet(source) if source.suffix == ".parquet" else pd.read_csv(source)
    except (OSError, ValueError) as error:
        raise DataError(f"{source} cannot be read: {error}", "Give CSV, Parquet or JSON.") from error
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]
