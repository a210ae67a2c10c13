"""What stands before the classifier in a scikit-learn pipeline, as an encoder.

Two shapes of pipelines can be encoded: a text vectorizer and whatever keeps its columns, or steps that scale
each column by itself. What the encoder leaves out (how often a word occurs, normalization) is made up for by
the mean of what the classifier saw, and shows in the quantization loss.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from orchestrator.errors import DataError, ModelError
from orchestrator.models.online.encoders import (
    MOST_FEATURES,
    TOKENS,
    Encoder,
    HashingEncoder,
    ScaledEncoder,
    VocabularyEncoder,
    Words,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix, spmatrix
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]
RANGE = 255  # of a byte
_ONLY = (
    "Use a CountVectorizer, a HashingVectorizer, a KBinsDiscretizer, or a scaler for each column, "
    "before the classifier."
)


@dataclass(frozen=True)
class SparseInput:
    """`columns[j]` is the classifier's column behind feature j + 1, `values[j]` what it sees of it.

    Of the calibration samples, `seen` is what the classifier saw; `present`, of shape (samples, features),
    which features they have.
    """

    encoder: Encoder
    columns: npt.NDArray[np.int64]
    values: Floats
    seen: "spmatrix"
    present: "csr_matrix"


@dataclass(frozen=True)
class NumberInput:
    """What the classifier sees of column j is `slopes[j]` · byte j + `starts[j]`; `order[j]` is where."""

    encoder: ScaledEncoder
    slopes: Floats
    starts: Floats
    order: npt.NDArray[np.int64]
    seen: Floats


def read_input(pipeline: "Pipeline", samples: Any) -> SparseInput | NumberInput:
    """The encoder of a pipeline. `samples` (texts, or a table) calibrate it: best the training data.

    Raises ModelError for a pipeline that cannot be encoded.
    """
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

    first = pipeline.steps[0][1]
    if isinstance(first, CountVectorizer | HashingVectorizer):
        return _text_input(pipeline, first, list(samples))
    return _number_input(pipeline, samples)


def check_vocabulary(pipeline: "Pipeline") -> None:
    """Raise ModelError where a vectorizer's columns are not 0 … n−1: compiled code would follow them."""
    from sklearn.feature_extraction.text import CountVectorizer

    for _, step in pipeline.steps:
        if isinstance(step, CountVectorizer):
            places = list(getattr(step, "vocabulary_", {}).values())
            if sorted(places) != list(range(len(places))) or not places:
                raise ModelError("the CountVectorizer's vocabulary is damaged", "Train the model again.")


def _text_input(
    pipeline: "Pipeline", vectorizer: "CountVectorizer | HashingVectorizer", texts: Sequence[str]
) -> SparseInput:
    if not all(isinstance(text, str) for text in texts):
        raise DataError("the model takes texts, and a sample is not one", "Name the column with --text.")
    _check_analyzer(vectorizer)
    seen = pipeline[:-1].transform(texts).tocsc()
    seen.eliminate_zeros()
    counts = np.maximum(np.diff(seen.indptr), 1)
    sums = np.asarray(abs(seen).sum(axis=0)).ravel()
    overall = sums.sum() / max(seen.nnz, 1) or 1.0
    values = np.where(sums > 0, sums / counts, overall)
    words = Words(vectorizer.lowercase, tuple(vectorizer.ngram_range))
    if _hashes(vectorizer):
        return _hashing(vectorizer, words, values, seen.tocsr())
    vocabulary = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    if len(vocabulary) != seen.shape[1]:
        raise ModelError("a step after the vectorizer changes the columns", _ONLY)
    if len(vocabulary) > MOST_FEATURES:
        raise ModelError(f"{len(vocabulary)} words are too many", "Train with max_features=1000.")
    order = np.argsort(-np.diff(seen.indptr), kind="stable")
    encoder = VocabularyEncoder(tuple(str(vocabulary[j]) for j in order), words)
    return SparseInput(encoder, order, values[order], seen.tocsr(), _present(seen, order, values[order]))


def _hashing(vectorizer: "HashingVectorizer", words: Words, values: Floats, seen: "spmatrix") -> SparseInput:
    # `binary` sets every value to 1, the signs too
    buckets, signed = int(vectorizer.n_features), bool(vectorizer.alternate_sign and not vectorizer.binary)
    if buckets * (2 if signed else 1) > MOST_FEATURES:
        raise ModelError(f"{buckets} hash buckets are too many", "Train with n_features=2**9, for example.")
    columns = np.arange(buckets)
    if signed:
        columns = np.repeat(columns, 2)
        values = np.repeat(values, 2) * np.tile([1.0, -1.0], buckets)
    present = _present(seen, columns, values)
    return SparseInput(HashingEncoder(buckets, signed, words), columns, values, seen, present)


def _present(seen: "spmatrix", columns: npt.NDArray[np.int64], values: Floats) -> "csr_matrix":
    """Ones where a sample has a feature: a value of the feature's sign in its column."""
    return (seen.tocsr()[:, columns].multiply(np.sign(values)) > 0).astype(float).tocsr()


def _hashes(vectorizer: object) -> bool:
    from sklearn.feature_extraction.text import HashingVectorizer

    return isinstance(vectorizer, HashingVectorizer)


def _check_analyzer(vectorizer: "CountVectorizer | HashingVectorizer") -> None:
    unlike = {
        "analyzer": vectorizer.analyzer != "word",
        "token_pattern": vectorizer.token_pattern != TOKENS.pattern,
        "tokenizer": vectorizer.tokenizer is not None,
        "preprocessor": vectorizer.preprocessor is not None,
        "strip_accents": vectorizer.strip_accents is not None,
        "stop_words": vectorizer.stop_words is not None
        and (_hashes(vectorizer) or tuple(vectorizer.ngram_range) != (1, 1)),
    }
    changed = [name for name, is_changed in unlike.items() if is_changed]
    if changed:
        raise ModelError(
            f"the vectorizer's {changed[0]} is not the default, which is the one that clients know",
            f"Train it without setting {changed[0]}.",
        )


@dataclass(frozen=True)
class Scaling:
    """Numbers before and after the steps that scale them.

    Column j of `table` becomes column `order[j]` of `seen`, which is `slopes[j]` · number + `starts[j]`.
    """

    names: tuple[str, ...]
    table: Floats
    seen: Floats
    order: npt.NDArray[np.int64]
    slopes: Floats
    starts: Floats


def read_scaling(pipeline: "Pipeline", samples: object) -> Scaling:
    """What the steps before the classifier do to each column. Raises ModelError, DataError."""
    names, table = read_table(samples)
    before = pipeline[:-1] if len(pipeline.steps) > 1 else None

    def transform(rows: Floats) -> Floats:
        shown: object = rows
        if hasattr(samples, "columns"):
            import pandas as pd

            shown = pd.DataFrame(rows, columns=samples.columns)
        seen = before.transform(shown) if before is not None else shown
        return np.asarray(seen.toarray() if hasattr(seen, "toarray") else seen, dtype=float)

    seen = transform(table)
    if seen.shape != table.shape:
        raise ModelError("the steps before the classifier change the number of columns", _ONLY)
    return Scaling(names, table, seen, *_affine(table, seen, transform))


def _number_input(pipeline: "Pipeline", samples: object) -> NumberInput:
    found = read_scaling(pipeline, samples)
    slopes, starts = found.slopes, found.starts
    low, high = found.table.min(axis=0), found.table.max(axis=0)
    steps = np.where(high > low, (high - low) / RANGE, 1.0)
    if type(pipeline.steps[-1][1]).__name__ == "NearestCentroid":
        steps = _even_steps(slopes, low, high)
    encoder = ScaledEncoder(found.names, tuple(low.tolist()), tuple(steps.tolist()))
    return NumberInput(encoder, slopes * steps, starts + slopes * low, found.order, found.seen)


def _even_steps(slopes: Floats, low: Floats, high: Floats) -> Floats:
    """Steps of the same length as the classifier measures it, so that bytes keep its distances."""
    width = float((np.abs(slopes) * (high - low)).max()) or 1.0
    steps: Floats = np.where(slopes != 0, width / RANGE / np.maximum(np.abs(slopes), 1e-300), 1.0)
    return steps


def read_table(samples: object) -> tuple[tuple[str, ...], Floats]:
    """The columns' names, and the numbers of shape (samples, columns). Raises DataError."""
    try:
        table = np.asarray(samples, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"a column holds no numbers: {error}", "Leave it out, or name the text column."
        ) from error
    if table.ndim != 2 or not np.isfinite(table).all():
        raise DataError("a number is missing or infinite", "Give a value for every column.")
    columns = getattr(samples, "columns", range(table.shape[1]))
    return tuple(str(column) for column in columns), table


def _affine(
    table: Floats, seen: Floats, transform: Callable[[Floats], Floats]
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """For each column where it goes, and the slope and start of what becomes of it. Raises ModelError."""
    middle = np.median(table, axis=0)
    width = np.ptp(table, axis=0)
    width[width == 0] = 1.0
    probes = np.vstack([middle, middle + np.diag(width)])
    answers = transform(probes)
    moved = (answers[1:] - answers[0]) / width[:, None]
    order = np.abs(moved).argmax(axis=1)
    slopes = moved[np.arange(len(order)), order]
    starts = answers[0][order] - slopes * middle
    if len(set(order.tolist())) < len(order) or not np.allclose(table * slopes + starts, seen[:, order]):
        raise ModelError("the steps before the classifier do more than scale each column", _ONLY)
    return order, slopes, starts
