"""What a contributor can know before it stakes: how much of the trial portion is right, and with its data.

What the models that are asked have learned of others is kept in cache/: the next command goes on there.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StorageError
from orchestrator.files import replace_file
from orchestrator.kernel.session import Session
from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.reference.rules import LESSONS
from orchestrator.systems.market.reference.samples import decode_batch
from orchestrator.systems.market.testset import Sample

FOLDS = 5
_KEY, _COUNT = 32, 4


def forecast(
    session: Session, opened: PredictionMarket, portions: Mapping[int, bytes], samples: Sequence[Sample]
) -> tuple[float, float]:
    """The share of the trial portion that the model gets right, without `samples` and with them.

    Each fifth of it is asked of a model that has learned the other four, as the market's does, and then what
    others have contributed for all to see: what a model has learned by heart says nothing.
    """
    trial = opened.shared.state().trial
    shown = portions.get(trial, b"") if trial is not None else b""
    known = [each.batch for each in opened.shared.contributions() if each.batch is not None]
    file = session.settings.home / "cache" / f"{session.chain.chain_id}-{opened.shared.address}.forecast"
    reference, asked, right = opened.first_reference(), list(decode_batch(shown)), [0, 0]
    for fold, words in enumerate(_learned(reference, shown, known, file)):
        reference.restore(words)
        for number, submission in enumerate(((), samples)):
            _learn(reference, submission)
            right[number] += _right(reference, asked[fold::FOLDS])
    return right[0] / max(len(asked), 1), right[1] / max(len(asked), 1)


def _learned(reference: OnChainModel, shown: bytes, known: Sequence[bytes], file: Path) -> list[bytes]:
    """The model of each fold when it has learned all that is `known`."""
    first, samples = reference.to_bytes(), list(decode_batch(shown))
    kept = _Kept.read(file, len(first))
    if kept and (kept.count > len(known) or kept.key != _key(first, shown, known[: kept.count], kept.folds)):
        kept = None  # of other data, or damaged
    since, folds = kept.count if kept else 0, []
    for fold in range(FOLDS):
        reference.restore(kept.folds[fold] if kept else first)
        if not kept:
            _learn(reference, [each for i, each in enumerate(samples) if i % FOLDS != fold] * LESSONS)
        for batch in known[since:]:
            _learn_if_better(reference, list(decode_batch(batch)), samples[fold::FOLDS])
        folds.append(reference.to_bytes())
    if not kept or since < len(known):
        _Kept(_key(first, shown, known, folds), len(known), folds).write(file)
    return folds


@dataclass(frozen=True)
class _Kept:
    """The models of all folds after so many contributions; `key` tells of which, and of flipped bits."""

    key: bytes
    count: int
    folds: Sequence[bytes]

    @classmethod
    def read(cls, file: Path, size: int) -> "_Kept | None":
        """None for what cannot be it: a model has `size` bytes."""
        try:
            data = file.read_bytes()
        except OSError:
            return None
        begins = _KEY + _COUNT
        if len(data) != begins + FOLDS * size:
            return None
        folds = [data[begins + fold * size :][:size] for fold in range(FOLDS)]
        return cls(data[:_KEY], int.from_bytes(data[_KEY:begins], "big"), folds)

    def write(self, file: Path) -> None:
        """Nothing, where nothing can be written."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, self.key + self.count.to_bytes(_COUNT, "big") + b"".join(self.folds))
        except (OSError, StorageError):
            return


def _key(first: bytes, shown: bytes, known: Sequence[bytes], folds: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in (first, shown, *known, *folds):
        digest.update(len(part).to_bytes(_COUNT, "big") + part)
    return digest.digest()


def _learn(reference: OnChainModel, samples: Sequence[Sample]) -> None:
    for x, y in samples:
        reference.learn(x, y)


def _learn_if_better(reference: OnChainModel, samples: Sequence[Sample], asked: Sequence[Sample]) -> None:
    before, words = _right(reference, asked), reference.to_bytes()
    _learn(reference, samples)
    if _right(reference, asked) < before:
        reference.restore(words)


def _right(reference: OnChainModel, asked: Sequence[Sample]) -> int:
    return sum(reference.classify(x) == y for x, y in asked)
