"""A pipeline to begin with: trained here from a CSV, or read from a model file, and tested."""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.errors import DataError
from orchestrator.text import shown_names

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Kind = Literal["perceptron", "logistic", "centroid", "bayes"]
KINDS: tuple[Kind, ...] = ("perceptron", "logistic", "centroid", "bayes")
ALSO_TRUSTED = (
    "sklearn.feature_extraction.text.CountVectorizer",
    "sklearn.feature_extraction.text.HashingVectorizer",
    "sklearn.feature_extraction.text.TfidfTransformer",
    "sklearn.naive_bayes.MultinomialNB",
    "sklearn.preprocessing.KBinsDiscretizer",
    "sklearn.preprocessing._discretization.KBinsDiscretizer",
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.preprocessing.MaxAbsScaler",
    "sklearn.preprocessing._data.MaxAbsScaler",
)
"""Types of text pipelines, beyond those that model files may hold elsewhere."""


@dataclass(frozen=True)
class Table:
    """Samples (a list of texts, or a DataFrame of numbers) and their labels."""

    samples: "list[str] | pd.DataFrame"
    labels: list[str]
    sha256: str = ""  # of the file that it was read from

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self) -> list[Any]:
        """Each sample as an encoder takes it."""
        return self.samples if isinstance(self.samples, list) else self.samples.to_dict("records")


@dataclass(frozen=True)
class Trained:
    """A pipeline, the samples that calibrate it, and those that test it.

    `doubt` says why it may have seen the latter before; it is empty if it has not.
    """

    pipeline: "Pipeline"
    calibration: Table
    held_out: Table
    doubt: str = ""


def read_table(path: Path, text: str | None, label: str | None) -> Table:
    """Read a CSV: the column `text` (None: all other columns, as numbers) and the column `label`.

    Without `label`, the labels are empty. Raises DataError.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}", "Give a CSV with a header line.") from error
    for name in (text, label):
        if name is not None and name not in frame.columns:
            raise DataError(f"{path} has no column `{name}`", f"It has {shown_names(list(frame.columns))}.")
    if frame.empty:
        raise DataError(f"{path} has no rows", "Give at least one.")
    labels = frame[label] if label else pd.Series([""] * len(frame))
    if labels.isna().any():
        raise DataError(f"{path}: a label is missing in column `{label}`", "Remove the row.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    samples: list[str] | pd.DataFrame = frame.drop(columns=[label] if label else [])
    if text is not None:
        samples = [str(each) for each in frame[text].fillna("")]
    return Table(samples, [str(each) for each in labels], digest)


def split(table: Table, share: float, seed: int = 0) -> tuple[Table, Table]:
    """A part to train on and a part (`share` of the rows) to test on, with even labels. Raises DataError."""
    from sklearn.model_selection import train_test_split

    try:
        parts = train_test_split(
            table.samples, table.labels, test_size=share, random_state=seed, stratify=table.labels
        )
    except ValueError as error:
        raise DataError(f"the rows cannot be split: {error}", "Give more rows of each label.") from error
    return Table(parts[0], parts[2]), Table(parts[1], parts[3])


def train(
    table: Table,
    kind: Kind = "perceptron",
    *,
    words: int = 1000,
    buckets: int | None = None,
    share: float = 0.2,
    seed: int = 0,
    test: Table | None = None,
) -> Trained:
    """Train a small pipeline on a table; texts by their most frequent `words`, or hashed into `buckets`.

    It is tested on `test`, else on a `share` of the table that it is not trained on. Raises DataError,
    ModelError for a kind that does not fit the data.
    """
    from sklearn.pipeline import make_pipeline

    texts = isinstance(table.samples, list)
    training, held_out = (table, test) if test else split(table, share, seed)
    first = _vectorizer(words, buckets, kind) if texts else _of_numbers(kind, training)
    pipeline = make_pipeline(first, _classifier(kind, seed))
    if not isinstance(table.samples, list):
        _require_numbers(table.samples)
    try:
        with warnings.catch_warnings():  # columns of few values are cut into fewer bins: that is meant
            warnings.simplefilter("ignore", UserWarning)
            pipeline.fit(training.samples, training.labels)
    except ValueError as error:
        raise DataError(f"nothing can be learned from this: {error}", "Look at the columns.") from error
    return Trained(pipeline, training, held_out, _repeated(training, held_out))


def _require_numbers(frame: "pd.DataFrame") -> None:
    """Raises DataError, which names the columns that are not numbers."""
    others = [str(name) for name in frame.select_dtypes(exclude=["number", "bool"]).columns]
    if others:
        raise DataError(
            f"these columns do not hold numbers: {shown_names(others, 5)}",
            "Name the one that holds texts (--text-column NAME), or leave it out, or encode it as numbers.",
        )


def read_pipeline(
    path: Path, table: Table, share: float = 0.2, seed: int = 0, test: Table | None = None
) -> Trained:
    """A pipeline from a model file or a run's folder, with a table to calibrate it.

    It is tested on `test`, else on a `share` of the table that does not calibrate it. Raises ModelError,
    UntrustedModel.
    """
    from orchestrator.learning.modelfile import load_model
    from orchestrator.models.online.inputs import check_vocabulary

    pipeline = load_model(path / "model.skops" if path.is_dir() else path, also=ALSO_TRUSTED)
    check_vocabulary(pipeline)
    calibration, held_out = (table, test) if test else split(table, share, seed)
    doubt = _seen_before(pipeline, path, test or table) or _repeated(calibration, held_out)
    return Trained(pipeline, calibration, held_out, doubt)


def _seen_before(pipeline: "Pipeline", path: Path, table: Table) -> str:
    """Why a model that was trained elsewhere may know the rows that it is tested on."""
    manifest = path / "manifest.json"
    if manifest.is_file():
        from orchestrator.provenance import Manifest
        from orchestrator.provenance.openings import OPENING, Opening

        told = Manifest.parse(manifest.read_bytes())
        if told.private:
            told = Opening.read(path / OPENING).fill(told)
        if table.sha256 not in {each.sha256 for each in told.predicate.data}:
            return ""
        return "the model's manifest names this very file as its training data"
    if len(table) in _samples_seen(pipeline):
        return f"the model was trained on {len(table)} samples, and the file has as many"
    return "nothing tells whether the model was trained on samples of this file"


def _samples_seen(pipeline: "Pipeline") -> set[int]:
    """On how many samples the steps of a pipeline were fitted, as far as they remember."""
    import numpy as np

    found: set[int] = set()
    for _, step in pipeline.steps:
        if hasattr(step, "n_samples_seen_"):
            found.add(int(max(np.atleast_1d(step.n_samples_seen_))))
        if hasattr(step, "class_count_"):
            found.add(round(float(step.class_count_.sum())))
        if hasattr(step, "t_") and hasattr(step, "n_iter_"):
            found.add(round((float(step.t_) - 1) / max(int(step.n_iter_), 1)))
    return found


def _repeated(calibration: Table, held_out: Table) -> str:
    known = {repr(row) for row in calibration.rows()}
    count = sum(repr(row) in known for row in held_out.rows())
    return (
        f"{count} of the {len(held_out)} test samples stand among the training samples too" if count else ""
    )


def accuracy(predicted: Sequence[Any], labels: Sequence[Any]) -> float:
    """The share of labels that are predicted."""
    return sum(map(str.__eq__, map(str, predicted), map(str, labels))) / max(len(labels), 1)


def _vectorizer(words: int, buckets: int | None, kind: Kind) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

    if buckets is None:
        return CountVectorizer(max_features=words, binary=True)
    signed = kind in ("perceptron", "logistic")
    return HashingVectorizer(n_features=buckets, binary=not signed, norm=None, alternate_sign=signed)


def _of_numbers(kind: Kind, table: Table) -> Any:
    """What stands before the classifier of numbers: bins for what counts, else a scaler."""
    from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

    from orchestrator.models.online.bins import most_bins

    if kind != "bayes":
        return StandardScaler()
    classes = len(set(table.labels))
    bins = most_bins(1 << (classes - 1).bit_length(), len(table.rows()[0]))
    way = "averaged_inverted_cdf"  # quantiles at values that occur
    return KBinsDiscretizer(bins, encode="onehot", strategy="quantile", quantile_method=way)


def _classifier(kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import SGDClassifier
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.neighbors import NearestCentroid

    if kind == "centroid":
        return NearestCentroid()
    if kind == "bayes":
        return MultinomialNB()
    loss = "log_loss" if kind == "logistic" else "hinge"
    return SGDClassifier(loss=loss, average=True, random_state=seed)
