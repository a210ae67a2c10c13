"""Predict with a published model, log what was predicted, anchor the log, prove an entry."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.chain import Account, Receipt
from orchestrator.errors import UsageError, VerificationFailed
from orchestrator.learning.prediction import CleanRow, Note
from orchestrator.pipeline.answering import Answerer, Prediction, prediction_log
from orchestrator.pipeline.fetching import manifest_of
from orchestrator.pipeline.loading import PublishedModel
from orchestrator.pipeline.rows import Inputs, Row
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    PREDICTIONS,
    AnchorReference,
    InclusionProof,
    LogBatch,
    LogBatches,
    ModelReference,
    PredictionLog,
)
from orchestrator.types import Digest


def predict(
    workspace: Workspace, model: PublishedModel, rows: Sequence[Row] | Path, note: Note | None = None
) -> list[Prediction]:
    """Predict rows (objects with a value for each feature, or a file of them); log each with its anchor.

    `note` takes a sentence for each bad value that the model takes for missing.

    Raises DataError, naming row and column, for rows that do not fit the model.
    """
    answerer = Answerer(workspace.settings, model)
    given = answerer.inputs.read(rows) if isinstance(rows, Path) else list(rows)
    return answerer.answer(answerer.inputs.clean(given, note))


def anchor_log(
    workspace: Workspace, project: Digest, sender: Account, *, dry_run: bool = False
) -> tuple[LogBatch, Receipt] | None:
    """Anchor the Merkle root of all predictions since the last anchor; None if there are none.

    What was anchored in blocks that the chain has dropped since is anchored again first. Interrupted,
    it anchors the same root when run again, once. Raises VerificationFailed if the log was changed.
    """
    with workspace.journal.alone(f"anchor {project.hex()}"):
        return _anchor_log(workspace, project, sender, dry_run)


def _anchor_log(
    workspace: Workspace, project: Digest, sender: Account, dry_run: bool
) -> tuple[LogBatch, Receipt] | None:
    batches = LogBatches(prediction_log(workspace.settings, project))
    due = batches.lost(lambda batch: _stands(workspace, project, batch))
    fresh = batches.open(keep=not dry_run)
    done = None
    for batch in [*due, fresh] if fresh else due:
        done = _anchor(workspace, project, batches, batch, sender, dry_run)
    return done


def lost_anchors(workspace: Workspace) -> list[LogBatch]:
    """Batches of all logs here whose anchors a reorganization, or a restart of the node, has taken away."""
    lost = []
    for path in sorted((workspace.settings.home / "predictions").glob("*.jsonl.anchors.json")):
        batches = LogBatches(PredictionLog(path.with_name(path.name.removesuffix(".anchors.json"))))
        lost += batches.lost(
            lambda batch: batch.anchor is None or _stands(workspace, batch.anchor.project_id, batch)
        )
    return lost


def _stands(workspace: Workspace, project: Digest, batch: LogBatch) -> bool:
    """Whether the chain has the anchor where the log says; that of another chain is not doubted."""
    if batch.anchor is None or batch.anchor.chain_id != workspace.chain.chain_id:
        return batch.anchor is not None
    found = workspace.registry.batch_anchor(project, batch.root)
    return found is not None and AnchorReference.of(found) == batch.anchor


def _anchor(
    workspace: Workspace,
    project: Digest,
    batches: LogBatches,
    batch: LogBatch,
    sender: Account,
    dry_run: bool,
) -> tuple[LogBatch, Receipt]:
    registry = workspace.registry
    known = registry.batch_anchor(project, batch.root)
    if known:
        receipt = workspace.chain.receipt(known.transaction)
    else:
        function = registry.anchor_batch(project, batch.root, batch.count, PREDICTIONS)
        purpose = f"anchor-{project.hex()[:16]}-{batch.root.hex()[:16]}"
        receipt = workspace.journal.send(purpose, function, sender, dry_run=dry_run)
    if dry_run and receipt:
        return batch, receipt
    anchor = known or registry.batch_anchor(project, batch.root)
    if receipt is None or anchor is None:
        raise VerificationFailed("the node does not show the anchor that it took", "Ask another node.")
    return batches.close(batch, AnchorReference.of(anchor)), receipt


def prove(
    workspace: Workspace, project: Digest, index: int, dest: Path, revealed: Row | Path | None = None
) -> InclusionProof:
    """Write the proof that prediction `index` is in an anchored log to `dest`.

    The input stays hidden unless it is given as `revealed`, a row or a file with it. Raises
    VerificationFailed if the prediction is not anchored yet, or was made for another input.
    """
    log = prediction_log(workspace.settings, project)
    proof = LogBatches(log).prove(index)
    if revealed is not None:
        asked = _asked_of(workspace, proof.entry.model, revealed)
        proof = proof.reveal(asked, log.salt(index))
    dest.write_bytes(proof.to_bytes())
    return proof


def _asked_of(workspace: Workspace, model: ModelReference, revealed: Row | Path) -> CleanRow:
    """A row in the form in which the log keeps it. Raises DataError, UsageError, VerificationFailed."""
    version = workspace.registry.version(model.project, model.artifact)
    if version is None:
        raise VerificationFailed("the model of this prediction is not on this chain", "Choose its --network.")
    manifest = manifest_of(workspace, version)
    rows = Inputs.of(manifest).read(revealed) if isinstance(revealed, Path) else [revealed]
    if len(rows) != 1:
        raise UsageError(f"{revealed} holds {len(rows)} rows", "Give the one row that was asked.")
    return Inputs.of_row(manifest, rows[0]).clean(rows)[0]
