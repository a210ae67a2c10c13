"""Predict with a published model, log what was predicted, anchor the log, prove an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.chain import Account, Receipt
from orchestrator.config import Settings
from orchestrator.errors import DataError, VerificationFailed
from orchestrator.learning.prediction import features_frame, predict_rows
from orchestrator.learning.spec import Cleaning
from orchestrator.pipeline.fetching import manifest_of
from orchestrator.pipeline.loading import PublishedModel
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    PREDICTIONS,
    AnchorReference,
    InclusionProof,
    LogBatch,
    LogBatches,
    Manifest,
    ModelReference,
    PredictionLog,
)
from orchestrator.provenance.canonical import parse
from orchestrator.types import Digest

if TYPE_CHECKING:
    import pandas as pd

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
    schema = _schema(model.manifest)
    _require_columns(rows, schema)
    frame = features_frame(rows, schema)
    answers = predict_rows(model.pipeline, frame, schema)
    asked = _as_asked(frame)
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
    batch = batches.open(keep=not dry_run)
    if batch is None:
        return None
    registry = workspace.registry
    known = registry.batch_anchor(project, batch.root)
    if known:
        receipt = workspace.chain.receipt(known.transaction)
    else:
        function = registry.anchor_batch(project, batch.root, batch.count, PREDICTIONS)
        purpose = f"anchor-{batch.root.hex()[:16]}"
        receipt = workspace.journal.send(purpose, function, sender, dry_run=dry_run)
    if dry_run and receipt:
        return batch, receipt
    anchor = known or registry.batch_anchor(project, batch.root)
    if receipt is None or anchor is None:
        raise VerificationFailed("the node does not show the anchor that it took", "Ask another node.")
    return batches.close(batch, AnchorReference.of(anchor)), receipt


def prove(
    workspace: Workspace, project: Digest, index: int, dest: Path, revealed: Row | None = None
) -> InclusionProof:
    """Write the proof that prediction `index` is in an anchored log to `dest`.

    The input stays hidden unless it is given as `revealed`. Raises VerificationFailed if the prediction is
    not anchored yet, or was made for another input.
    """
    log = prediction_log(workspace.settings, project)
    proof = LogBatches(log).prove(index)
    if revealed is not None:
        asked = _asked_of(workspace, proof.entry.model, revealed)
        proof = proof.reveal(asked, log.salt(index))
    dest.write_bytes(proof.to_bytes())
    return proof


def read_rows(source: Path) -> list[dict[str, Any]]:
    """Rows from a CSV, Parquet or JSON file (a list of objects, or one). Raises DataError."""
    import pandas as pd

    try:
        if source.suffix == ".json":
            content = parse(source.read_bytes())
            return content if isinstance(content, list) else [content]
        frame = pd.read_parquet(source) if source.suffix == ".parquet" else _read_csv(source)
    except (OSError, ValueError) as error:
        raise DataError(f"{source} cannot be read: {error}", "Give CSV, Parquet or JSON.") from error
    return [{str(name).strip(): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _read_csv(source: Path) -> "pd.DataFrame":
    """Cells as text, as training reads them, so that a category such as 007 stays what it is."""
    import pandas as pd

    marks = list(Cleaning().missing_marks)
    return pd.read_csv(
        source, dtype=str, keep_default_na=False, na_values=marks, skipinitialspace=True, encoding="utf-8-sig"
    )


def _schema(manifest: Manifest) -> list[dict[str, Any]]:
    return [feature.model_dump() for feature in manifest.predicate.training.features]


def _require_columns(rows: Sequence[Row], schema: list[dict[str, Any]]) -> None:
    # A value may be missing where the model imputes it; a column that is not there at all is misspelt.
    for number, row in enumerate(rows, 1):
        absent = [each["name"] for each in schema if isinstance(row, Mapping) and each["name"] not in row]
        if absent:
            raise DataError(
                f"Row {number}, column {absent[0]!r}: the column is missing",
                "Where a value is unknown, give null.",
            )


def _as_asked(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """What the model was asked, as the log keeps it: one form for each input, missing values as None."""
    rows = frame.to_dict("records")
    return [{str(name): None if cell != cell else cell for name, cell in row.items()} for row in rows]


def _asked_of(workspace: Workspace, model: ModelReference, row: Row) -> dict[str, Any]:
    """A row in the form in which the log keeps it. Raises DataError, VerificationFailed."""
    version = workspace.registry.version(model.project, model.artifact)
    if version is None:
        raise VerificationFailed("the model of this prediction is not on this chain", "Choose its --network.")
    return _as_asked(features_frame([row], _schema(manifest_of(workspace, version))))[0]
