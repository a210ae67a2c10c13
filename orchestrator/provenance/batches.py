"""Which entries of a prediction log are anchored, and proofs that an entry is among them.

A batch is a run of entries under one Merkle root. It is written down before its transaction is sent, so that
whoever is interrupted in between sends the very same root again, not another one that overlaps it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from filelock import FileLock

from orchestrator.errors import VerificationFailed
from orchestrator.files import replace_file
from orchestrator.provenance import fields
from orchestrator.provenance.canonical import parse
from orchestrator.provenance.inclusion import AnchorReference, InclusionProof
from orchestrator.provenance.merkle import MerkleTree
from orchestrator.provenance.predictions import PredictionLog
from orchestrator.types import Digest

PREDICTIONS = "predictions"
"""What batches of predictions are called in the registry."""

_KEYS = {"first", "count", "root", "anchor"}
_HINT = "Restore the log from a copy: what is on the chain cannot have been changed."


@dataclass(frozen=True)
class LogBatch:
    """Entries `first` to `first + count - 1` under `root`; `anchor` is None until it is on the chain."""

    first: int
    count: int
    root: Digest
    anchor: AnchorReference | None = None

    @property
    def end(self) -> int:
        return self.first + self.count


class LogBatches:
    """The batches of a log, kept beside it in `.anchors.json`."""

    def __init__(self, log: PredictionLog) -> None:
        self.log = log
        self.path = Path(f"{log.path}.anchors.json")
        self._lock = FileLock(f"{self.path}.lock")

    def all(self) -> list[LogBatch]:
        """All batches, oldest first; only the last may have no anchor. Raises VerificationFailed."""
        if not self.path.exists():
            return []
        try:
            return [_parsed(entry) for entry in fields.list_in(parse(self.path.read_bytes()), "batches")]
        except ValueError as error:
            raise VerificationFailed(f"{self.path} is damaged: {error}", _HINT) from error

    def open(self, *, keep: bool = True) -> LogBatch | None:
        """The batch to anchor now: the one left unfinished, or all entries since; None if there are none.

        It is written down, so that it stays the same, unless `keep` is false (a dry run). Raises
        VerificationFailed if the log was changed.
        """
        with self._lock:
            known = self.all()
            if known and known[-1].anchor is None:
                return known[-1]
            first = known[-1].end if known else 0
            hashes = [entry.hash for entry in self.log.entries(first)]
            if not hashes:
                return None
            batch = LogBatch(first, len(hashes), MerkleTree(hashes).root)
            if keep:
                self._write([*known, batch])
            return batch

    def close(self, batch: LogBatch, anchor: AnchorReference) -> LogBatch:
        """Note where a batch was anchored: for the first time, or again after a reorganization."""
        with self._lock:
            known, closed = self.all(), replace(batch, anchor=anchor)
            if batch.root not in {each.root for each in known}:
                raise VerificationFailed(f"{self.path} does not know this batch", "Run anchor-log again.")
            self._write([closed if each.root == batch.root else each for each in known])
            return closed

    def lost(self, stands: Callable[[LogBatch], bool]) -> list[LogBatch]:
        """Anchored batches whose anchors are not in the chain any more, oldest first.

        A reorganization takes the newest blocks, so the search ends at the first anchor that stands.
        """
        anchored = [batch for batch in self.all() if batch.anchor]
        return list(takewhile(lambda batch: not stands(batch), reversed(anchored)))[::-1]

    def check(self) -> int:
        """Compare the whole log with its batches; the number of entries.

        Raises VerificationFailed that names the line that was changed, or the batch that does not fit.
        """
        hashes = [entry.hash for entry in self.log.entries()]
        for batch in self.all():
            self._tree(batch, hashes[batch.first : batch.end])
        return len(hashes)

    def prove(self, index: int) -> InclusionProof:
        """A proof that entry `index` is anchored, which anybody can check without the log.

        `proof.reveal(asked, log.salt(index))` makes one that also shows the input. Raises VerificationFailed
        if the entry does not exist, is not anchored yet, or was changed.
        """
        batch, anchor = self._anchored(index)
        entries = list(self.log.entries(batch.first, batch.count))
        tree = self._tree(batch, [entry.hash for entry in entries])
        return InclusionProof(
            entry=entries[index - batch.first],
            position=index - batch.first,
            count=batch.count,
            siblings=tuple(tree.proof(index - batch.first)),
            root=batch.root,
            anchor=anchor,
        )

    def _anchored(self, index: int) -> tuple[LogBatch, AnchorReference]:
        for batch in self.all():
            if batch.first <= index < batch.end and batch.anchor is not None:
                return batch, batch.anchor
        count = len(self.log)
        if not 0 <= index < count:
            last = f"its last is {count - 1}" if count else "it is empty"
            raise VerificationFailed(
                f"there is no prediction {index} in this log; {last}",
                "`diln predict MODEL ROWS` tells the number of each answer; the first is 0.",
            )
        raise VerificationFailed(f"prediction {index} is not anchored yet", "Run `diln anchor-log` first.")

    def _tree(self, batch: LogBatch, hashes: Sequence[Digest]) -> MerkleTree:
        if len(hashes) == batch.count:
            tree = MerkleTree(hashes)
            if tree.root == batch.root:
                return tree
        raise VerificationFailed(
            f"lines {batch.first + 1} to {batch.end} of {self.log.path} are not those that were anchored",
            _HINT,
        )

    def _write(self, batches: Sequence[LogBatch]) -> None:
        content = [_json(batch) for batch in batches]
        replace_file(self.path, json.dumps(content, indent=2).encode() + b"\n")


def _json(batch: LogBatch) -> dict[str, Any]:
    return {
        "first": batch.first,
        "count": batch.count,
        "root": batch.root.hex(),
        "anchor": batch.anchor and batch.anchor.to_json(),
    }


def _parsed(value: object) -> LogBatch:
    found = fields.object_in(value, _KEYS, "batch")
    return LogBatch(
        first=fields.count_in(found["first"], "first"),
        count=fields.count_in(found["count"], "count"),
        root=fields.digest_in(found["root"], "root"),
        anchor=None if found["anchor"] is None else AnchorReference.from_json(found["anchor"]),
    )
