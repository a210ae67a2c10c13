"""From a text, or a row of numbers, to the bytes of a contribution: the same on every machine.

An encoder is data: canonical JSON that is published with the model, so that any client encodes alike. There
are four kinds.

- `vocabulary`: feature j + 1 is there where word j of the list occurs in the text.
- `hashing`: feature h + 1 is there where a word of hash h occurs; `signed`, feature 2h + 1 for a positive and
  2h + 2 for a negative hash.
- `scaled`: byte j is round((number j − offset j) / step j), from 0 to 255.
- `binned`: each number is one feature: that of the interval, between two edges of its column, which it is in.

Words are runs of two or more letters, digits or underscores, lower case unless told otherwise; n-grams are
their joins by a space. That is what scikit-learn's text vectorizers do by default. Letters, digits and lower
case are those of Unicode 14, whatever the interpreter knows; `unicode` says so in the specification.
"""

import itertools
import math
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from orchestrator.errors import DataError, ModelError
from orchestrator.models.online.alphabet import UNICODE, known
from orchestrator.models.online.features import encode_dense, encode_sparse
from orchestrator.text import shown

TOKENS = re.compile(r"(?u)\b\w\w+\b")
MOST_FEATURES = (1 << 16) - 1
_BAD = "Ask the model's creator for an encoder that was written by DILN."


class Encoder(ABC):
    """Encodes samples. `features` counts the features, without an intercept."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def features(self) -> int: ...

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """What `encoder_from_json` takes."""

    @abstractmethod
    def encode(self, sample: object) -> bytes:
        """The sample as a contribution carries it. Raises DataError where it does not fit."""


@dataclass(frozen=True)
class Words:
    """How a text is cut into words."""

    lowercase: bool = True
    ngrams: tuple[int, int] = (1, 1)

    def __call__(self, text: str) -> Iterable[str]:
        text = known(text)
        words = TOKENS.findall(text.lower() if self.lowercase else text)
        if self.ngrams == (1, 1):
            return words
        low, high = self.ngrams
        return [
            " ".join(words[start : start + n])
            for n in range(low, high + 1)
            for start in range(len(words) - n + 1)
        ]

    def to_json(self) -> dict[str, Any]:
        return {"lowercase": self.lowercase, "ngrams": list(self.ngrams), "unicode": UNICODE}


class TextEncoder(Encoder):
    """Texts to sparse binary features."""

    words: Words

    @abstractmethod
    def indices(self, text: str) -> set[int]:
        """The features of `text`, from 1 on."""

    def encode(self, sample: object) -> bytes:
        if not isinstance(sample, str):
            raise DataError(
                f"this model takes texts, not {type(sample).__name__}", "Give a text, or a text column."
            )
        indices = self.indices(sample)
        if not indices:
            raise DataError(
                f"the model knows no word of this text: {sample[:60]!r}",
                "Give a longer text; `diln sum show MODEL` describes the encoder.",
            )
        return encode_sparse(indices)


@dataclass(frozen=True)
class VocabularyEncoder(TextEncoder):
    """A feature for each word of a list, the most frequent ones first, so that they share slots."""

    kind: ClassVar[str] = "vocabulary"
    vocabulary: tuple[str, ...]
    words: Words = field(default_factory=Words)

    @property
    def features(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.vocabulary, 1)}

    def indices(self, text: str) -> set[int]:
        places = self._places
        return {places[word] for word in self.words(text) if word in places}

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.words.to_json(), "vocabulary": list(self.vocabulary)}


@dataclass(frozen=True)
class HashingEncoder(TextEncoder):
    """MurmurHash3 (x86, 32 bits, seed 0, signed) of a word's UTF-8, its absolute value modulo `buckets`."""

    kind: ClassVar[str] = "hashing"
    buckets: int
    signed: bool = True
    words: Words = field(default_factory=Words)

    @property
    def features(self) -> int:
        return self.buckets * (2 if self.signed else 1)

    def indices(self, text: str) -> set[int]:
        return {self._place(word) for word in self.words(text)}

    def _place(self, word: str) -> int:
        import mmh3

        value = mmh3.hash(word.encode("utf-8"), signed=True)
        bucket = abs(value) % self.buckets
        return bucket * 2 + (1 if value >= 0 else 2) if self.signed else bucket + 1

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.words.to_json(), "buckets": self.buckets, "signed": self.signed}


class NumberEncoder(Encoder):
    """Rows of numbers; `names` are the columns."""

    names: tuple[str, ...]

    def _numbers(self, sample: object) -> list[float]:
        """The row's numbers in the columns' order. Raises DataError."""
        if isinstance(sample, Mapping):
            missing = [name for name in self.names if name not in sample]
            if missing:
                raise DataError(
                    f"column `{shown(missing[0], 100)}` is missing",
                    f"The model takes {shown(', '.join(self.names[:8]), 400)} …",
                )
            sample = [sample[name] for name in self.names]
        columns = len(self.names)
        if isinstance(sample, str) or not isinstance(sample, Sequence) or len(sample) != columns:
            raise DataError(f"this model takes {columns} numbers", "Give one for each column.")
        try:
            numbers = [float(value) for value in sample]
        except (TypeError, ValueError) as error:
            raise DataError(f"not a number: {error}", "Give numbers only.") from error
        if not all(math.isfinite(number) for number in numbers):
            raise DataError("a number is missing or infinite", "Give a value for every column.")
        return numbers


@dataclass(frozen=True)
class ScaledEncoder(NumberEncoder):
    """Numbers to bytes."""

    kind: ClassVar[str] = "scaled"
    names: tuple[str, ...]
    offsets: tuple[float, ...]
    steps: tuple[float, ...]

    @property
    def features(self) -> int:
        return len(self.names)

    def encode(self, sample: object) -> bytes:
        numbers = self._numbers(sample)
        scaled = [
            (number - offset) / step
            for number, offset, step in zip(numbers, self.offsets, self.steps, strict=True)
        ]
        return encode_dense(scaled)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "names": list(self.names),
            "offsets": list(self.offsets),
            "steps": list(self.steps),
        }


@dataclass(frozen=True)
class BinnedEncoder(NumberEncoder):
    """Numbers to sparse binary features, one for each column. `edges` rise; each is in the bin above."""

    kind: ClassVar[str] = "binned"
    names: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]

    @cached_property
    def _firsts(self) -> list[int]:
        """Each column's first feature, and one more."""
        return list(itertools.accumulate((len(each) + 1 for each in self.edges), initial=1))

    @property
    def features(self) -> int:
        return self._firsts[-1] - 1

    def encode(self, sample: object) -> bytes:
        columns = zip(self._numbers(sample), self.edges, self._firsts[:-1], strict=True)
        return encode_sparse(first + bisect_right(edges, number) for number, edges, first in columns)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "names": list(self.names), "edges": [list(each) for each in self.edges]}


def encoder_from_json(content: Any) -> Encoder:
    """The encoder that `content` describes. Raises ModelError for what no encoder can be."""
    try:
        encoder = _READERS[content["kind"]](content)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        why = shown(f"{type(error).__name__}: {error}", 200)
        raise ModelError(f"the encoder is malformed: {why}", _BAD) from error
    if not 1 <= encoder.features <= MOST_FEATURES:
        raise ModelError(f"an encoder of {encoder.features} features cannot be used", _BAD)
    return encoder


def _words(content: Mapping[str, Any]) -> Words:
    if content.get("unicode", UNICODE) != UNICODE:  # without one, it was written before this was said
        raise ValueError("words of another version of Unicode")
    low, high = (int(value) for value in content["ngrams"])
    if not 1 <= low <= high <= 5:
        raise ValueError(f"n-grams from {low} to {high}")
    return Words(bool(content["lowercase"]), (low, high))


def _vocabulary(content: Mapping[str, Any]) -> Encoder:
    vocabulary = tuple(content["vocabulary"])
    if not all(isinstance(word, str) for word in vocabulary) or len(set(vocabulary)) < len(vocabulary):
        raise ValueError("a word is not text, or is listed twice")
    return VocabularyEncoder(vocabulary, _words(content))


def _hashing(content: Mapping[str, Any]) -> Encoder:
    return HashingEncoder(int(content["buckets"]), bool(content["signed"]), _words(content))


def _scaled(content: Mapping[str, Any]) -> Encoder:
    names = tuple(str(name) for name in content["names"])
    offsets = tuple(float(value) for value in content["offsets"])
    steps = tuple(float(value) for value in content["steps"])
    if not len(names) == len(offsets) == len(steps) or len(set(names)) < len(names):
        raise ValueError("names, offsets and steps do not fit each other")
    if not all(math.isfinite(value) for value in (*offsets, *steps)) or not all(step > 0 for step in steps):
        raise ValueError("an offset or a step is not a positive number")
    return ScaledEncoder(names, offsets, steps)


def _binned(content: Mapping[str, Any]) -> Encoder:
    names = tuple(str(name) for name in content["names"])
    edges = tuple(tuple(float(edge) for edge in each) for each in content["edges"])
    if len(names) != len(edges) or not names or len(set(names)) < len(names):
        raise ValueError("names and edges do not fit each other")
    if not all(math.isfinite(edge) for each in edges for edge in each):
        raise ValueError("an edge is not a number")
    if any(low >= high for each in edges for low, high in itertools.pairwise(each)):
        raise ValueError("the edges do not rise")
    return BinnedEncoder(names, edges)


_READERS = {"vocabulary": _vocabulary, "hashing": _hashing, "scaled": _scaled, "binned": _binned}
