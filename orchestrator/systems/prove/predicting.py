"""Predict with a published model, log what was predicted, anchor the log, prove an entry."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.chain import Account, Receipt
from orchestrator.errors import UsageError, VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.learning.prediction import CleanRow, Note
from orchestrator.provenance import (
    PREDICTIONS,
    AnchorReference,
    InclusionProof,
    LogBatch,
    LogBatches,
    ModelReference,
    PredictionLog,
)
from orchestrator.systems.prove.answering import Answerer, Prediction, prediction_log
from orchestrator.systems.prove.fetching import manifest_of
from orchestrator.systems.prove.loading import PublishedModel
from orchestrator.systems.prove.rows import Inputs, Row
from orchestrator.types import Digest


def predict(
    session: Session, model: PublishedModel, rows: Sequence[Row] | Path, note: Note | None = None
) -> list[Prediction]:
    """Predict rows (objects with a value for each feature, or a file of them); log each with its anchor.

    `note` takes a sentence for each bad value that the model takes for missing.

    Raises DataError, naming row and column, for rows that do not fit the model.
    """
    answerer = Answerer(session.settings, model)
    given = answerer.inputs.read(rows) if isinstance(rows, Path) else list(rows)
    return answerer.answer(answerer.inputs.clean(given, note))


def anchor_log(
    session: Session, project: Digest, sender: Account, *, dry_run: bool = False
) -> tuple[LogBatch, Receipt] | None:
    """Anchor the Merkle root of all predictions since the last anchor; None if there are none.

    What was anchored in blocks that the chain has dropped since is anchored again first. Interrupted,
    it anchors the same root when run again, once. Raises VerificationFailed if the log was changed.
    """
    with session.alone(f"anchor {project.hex()}"):
        batches = LogBatches(prediction_log(session.settings, project))
        due = batches.lost(lambda batch: _stands(session, project, batch))
        fresh = batches.open(keep=not dry_run)
        done = None
        for batch in [*due, fresh] if fresh else due:
            done = _anchor(session, project, batches, batch, sender, dry_run)
        return done


def lost_anchors(session: Session) -> list[LogBatch]:
    """Batches of all logs here whose anchors a reorganization, or a restart of the node, has taken away."""
    lost = []
    for path in sorted((session.settings.home / "predictions").glob("*.jsonl.anchors.json")):
        batches = LogBatches(PredictionLog(path.with_name(path.name.removesuffix(".anchors.json"))))
        lost += batches.lost(
            lambda batch: batch.anchor is None or _stands(session, batch.anchor.project_id, batch)
        )
    return lost


def _stands(session: Session, project: Digest, batch: LogBatch) -> bool:
    """Whether the chain has the anchor where the log says; that of another chain is not doubted."""
    if batch.anchor is None or batch.anchor.chain_id != session.chain.chain_id:
        return batch.anchor is not None
    found = session.registry.batch_anchor(project, batch.root)
    return found is not None and AnchorReference.of(found) == batch.anchor


def _anchor(
    session: Session,
    project: Digest,
    batches: LogBatches,
    batch: LogBatch,
    sender: Account,
    dry_run: bool,
) -> tuple[LogBatch, Receipt]:
    registry = session.registry
    known = registry.batch_anchor(project, batch.root)
    if known:
        receipt = session.chain.receipt(known.transaction)
    else:
        function = registry.anchor_batch(project, batch.root, batch.count, PREDICTIONS)
        purpose = f"anchor-{project.hex()[:16]}-{batch.root.hex()[:16]}"
        receipt = session.send(function, sender, dry_run=dry_run, once=purpose)
    if dry_run and receipt:
        return batch, receipt
    anchor = known or registry.batch_anchor(project, batch.root)
    if receipt is None or anchor is None:
        raise VerificationFailed("the node does not show the anchor that it took", "Ask another node.")
    return batches.close(batch, AnchorReference.of(anchor)), receipt


def prove(
    session: Session, project: Digest, index: int, dest: Path, revealed: Row | Path | None = None
) -> InclusionProof:
    """Write the proof that prediction `index` is in an anchored log to `dest`.

    The input stays hidden unless it is given as `revealed`, a row or a file with it. Raises
    VerificationFailed if the prediction is not anchored yet, or was made for another input.
    """
    log = prediction_log(session.settings, project)
    proof = LogBatches(log).prove(index)
    if revealed is not None:
        asked = _asked_of(session, proof.entry.model, revealed)
        proof = proof.reveal(asked, log.salt(index))
    dest.write_bytes(proof.to_bytes())
    return proof


def _asked_of(session: Session, model: ModelReference, revealed: Row | Path) -> CleanRow:
    """A row in the form in which the log keeps it. Raises DataError, UsageError, VerificationFailed."""
    version = session.registry.version(model.project, model.artifact)
    if version is None:
        raise VerificationFailed("the model of this prediction is not on this chain", "Choose its --network.")
    manifest = manifest_of(session, version)
    rows = Inputs.of(manifest).read(revealed) if isinstance(revealed, Path) else [revealed]
    if len(rows) != 1:
        raise UsageError(f"{revealed} holds {len(rows)} rows", "Give the one row that was asked.")
    return Inputs.of_row(manifest, rows[0]).clean(rows)[0]
