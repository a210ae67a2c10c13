"""The samples that agents draw from: film reviews as sets of words, or made ones."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from orchestrator.errors import DataError
from orchestrator.models.online.encoders import BinnedEncoder, Words
from orchestrator.models.online.features import decode_sparse
from orchestrator.systems.sum.simulation.scenario import DataSection

PREPARED = "imdb_500words.npz"
FULL = "aclImdb"
FIRST_WORD = 4  # of the prepared reviews: the tokens before it are a start, unknown words and nothing
BINS = 10
APART = 2.0  # standard deviations, at most, between the two centres in a column
_HINT = f"Give --data with {PREPARED}, or with the unpacked folder {FULL} of the Large Movie Review Dataset."


@dataclass(frozen=True)
class Samples:
    """Binary rows of words (column j is feature j + 1) with labels 0 and 1, to train on and to test on."""

    train: csr_array
    labels: npt.NDArray[np.int64]
    test: csr_array
    test_labels: npt.NDArray[np.int64]
    unused: int = 0  # columns at the end that no sample has

    @property
    def dims(self) -> int:
        """Features and the intercept."""
        return int(self.train.shape[1]) + 1


def load_samples(section: DataSection, data: Path | None, seed: int) -> Samples:
    """The samples of a scenario, shuffled by `seed`. Raises DataError where the reviews are not available."""
    if section.source != "reviews":
        made = _made if section.source == "made" else _numbers
        return made(section, np.random.default_rng(seed))
    path = data or _found()
    samples = _full(path, section.words) if path.is_dir() else _prepared(path)
    return _shuffled(samples, section, np.random.default_rng(seed))


def _found() -> Path:
    folders = [Path(os.environ["DILN_SHARED"])] if "DILN_SHARED" in os.environ else []
    for folder in (*folders, Path("../shared"), Path("shared"), Path()):
        for path in (folder / "data" / PREPARED, folder / "data" / FULL, folder / PREPARED, folder / FULL):
            if path.exists():
                return path
    raise DataError("the reviews are not here", _HINT)


def _prepared(path: Path) -> Samples:
    try:
        with np.load(path, allow_pickle=False) as content:
            parts = [
                (
                    content[f"tokens_{part}"].astype(np.int64),
                    content[f"indptr_{part}"].astype(np.int64),
                    content[f"label_{part}"].astype(np.int64),
                )
                for part in ("train", "test")
            ]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} does not hold prepared reviews: {error}", _HINT) from error
    dims = max(int(tokens.max()) for tokens, _, _ in parts) + 1 - FIRST_WORD
    train, test = (_binary(tokens, ends, dims) for tokens, ends, _ in parts)
    return Samples(train, parts[0][2], test, parts[1][2])


def _binary(tokens: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], dims: int) -> csr_array:
    rows = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    kept = tokens >= FIRST_WORD
    return _matrix(rows[kept], tokens[kept] - FIRST_WORD, (len(ends) - 1, dims))


def _matrix(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]) -> csr_array:
    places = rows.astype(np.int32), columns.astype(np.int32)  # what scikit-learn takes
    matrix = csr_array((np.ones(len(rows)), places), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    matrix.sort_indices()
    return matrix


def _full(folder: Path, words: int) -> Samples:
    """The unpacked Large Movie Review Dataset: {train,test}/{pos,neg}/*.txt, by its most frequent words."""
    cut = Words()
    parts = {part: list(_reviews(folder / part)) for part in ("train", "test")}
    if not all(parts.values()):
        raise DataError(f"{folder} does not hold the reviews", _HINT)
    documents = {part: [set(cut(text)) for text, _ in found] for part, found in parts.items()}
    frequent = Counter(word for document in documents["train"] for word in sorted(document))
    places = {word: index for index, (word, _) in enumerate(frequent.most_common(words))}
    train, test = (_of_words(documents[part], places) for part in ("train", "test"))
    labels = [np.array([label for _, label in parts[part]]) for part in ("train", "test")]
    return Samples(train, labels[0], test, labels[1])


def _reviews(folder: Path) -> Iterator[tuple[str, int]]:
    for label, name in enumerate(("neg", "pos")):
        for path in sorted((folder / name).glob("*.txt")):
            yield path.read_text(encoding="utf-8").replace("<br />", " "), label


def _of_words(documents: Sequence[set[str]], places: dict[str, int]) -> csr_array:
    found = [sorted(places[word] for word in document if word in places) for document in documents]
    rows = np.repeat(np.arange(len(found)), [len(each) for each in found])
    columns = np.array([place for each in found for place in each], dtype=np.int64)
    return _matrix(rows, columns, (len(found), len(places)))


def _shuffled(samples: Samples, section: DataSection, rng: np.random.Generator) -> Samples:
    """In an order of their own, without those that have no word; as many test samples as asked for."""
    train = rng.permutation(np.flatnonzero(np.diff(samples.train.indptr)))
    test = rng.permutation(np.flatnonzero(np.diff(samples.test.indptr)))[: section.test]
    if len(train) <= section.initial:
        raise DataError(f"{len(train)} samples are too few", "Lower `initial` in the scenario.")
    return Samples(samples.train[train], samples.labels[train], samples.test[test], samples.test_labels[test])


def _made(section: DataSection, rng: np.random.Generator) -> Samples:
    """Texts of two topics: every word is likelier in one of them."""
    count = section.initial * 3 + section.test
    labels = rng.integers(0, 2, count)
    chances = rng.uniform(0.02, 0.25, (2, section.words))
    present = rng.random((count, section.words)) < chances[labels]
    present[:, 0] |= ~present.any(axis=1)
    rows, columns = np.nonzero(present)
    matrix = _matrix(rows, columns, (count, section.words + section.unused))
    cut = count - section.test
    return Samples(matrix[:cut], labels[:cut], matrix[cut:], labels[cut:], section.unused)


def _numbers(section: DataSection, rng: np.random.Generator) -> Samples:
    """Rows of numbers around one of two centres, each number in a bin between quantiles of the first rows."""
    count, columns = section.initial * 3 + section.test, section.words // BINS
    labels = rng.integers(0, 2, count)
    numbers = rng.normal(size=(count, columns)) + np.outer(labels - 0.5, rng.uniform(0, APART, columns))
    edges = np.quantile(numbers[: section.initial], np.arange(1, BINS) / BINS, axis=0).T.tolist()
    encoder = BinnedEncoder(tuple(map(str, range(columns))), tuple(map(tuple, edges)))
    width = encoder.features + section.unused
    chosen = [decode_sparse(encoder.encode(row), width + 1, columns) for row in numbers.tolist()]
    rows = np.repeat(np.arange(count), columns)
    matrix = _matrix(rows, np.array(chosen).reshape(-1) - 1, (count, width))
    cut = count - section.test
    return Samples(matrix[:cut], labels[:cut], matrix[cut:], labels[cut:], section.unused)
