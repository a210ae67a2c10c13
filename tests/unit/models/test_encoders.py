"""Encoders do what scikit-learn's vectorizers do, and survive being published.

encode
├── vocabulary, hashing: the features that the vectorizer finds
├── scaled: bytes, clipped; binned: one feature for each column
└── what does not fit: a DataError
encoder_from_json
├── what to_json gave: the same encoder
└── malformed: a ModelError
"""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from orchestrator.errors import DataError, ModelError
from orchestrator.models.online.encoders import (
    BinnedEncoder,
    HashingEncoder,
    ScaledEncoder,
    VocabularyEncoder,
    Words,
    encoder_from_json,
)
from orchestrator.models.online.features import decode_sparse

TEXTS = ["A good film, a GOOD story", "Über-bad; naïve plot_line of 2 men", "x y z", "story of a film"]


def indices(encoder, text):
    return set(decode_sparse(encoder.encode(text), encoder.features + 1, 512).tolist())


@pytest.mark.parametrize("ngrams", [(1, 1), (1, 2)])
def test_encode__vocabulary__finds_what_count_vectorizer_finds(ngrams):
    vectorizer = CountVectorizer(ngram_range=ngrams).fit(TEXTS)
    words = tuple(vectorizer.get_feature_names_out().tolist())
    encoder = VocabularyEncoder(words, Words(ngrams=ngrams))
    for text in (TEXTS[0], TEXTS[1], TEXTS[3]):
        assert indices(encoder, text) == set((vectorizer.transform([text]).indices + 1).tolist())


@pytest.mark.parametrize("signed", [True, False])
def test_encode__hashing__finds_what_hashing_vectorizer_finds(signed):
    vectorizer = HashingVectorizer(n_features=4096, alternate_sign=signed, norm=None, binary=not signed)
    encoder = HashingEncoder(4096, signed)
    for text in TEXTS[:2]:
        row = vectorizer.transform([text])
        expected = {
            int(bucket) * 2 + (1 if value > 0 else 2) if signed else int(bucket) + 1
            for bucket, value in zip(row.indices, row.data, strict=True)
        }
        assert indices(encoder, text) == expected


def test_encode__scaled__rounds_and_clips():
    encoder = ScaledEncoder(("a", "b"), (0.0, -1.0), (0.5, 0.01))
    assert encoder.encode([1.0, -0.5]) == bytes([2, 50])
    assert encoder.encode({"b": 99.0, "a": -3.0}) == bytes([0, 255])


def test_encode__binned__one_feature_for_each_column():
    encoder = BinnedEncoder(("a", "b"), ((0.0, 2.0), (5.0,)))
    assert encoder.features == 5
    for row, expected in (([-1.0, 4.9], {1, 4}), ([0.0, 5.0], {2, 5}), ([1e300, -1e300], {3, 4})):
        assert set(decode_sparse(encoder.encode(row), 6, 2).tolist()) == expected
    with pytest.raises(DataError):
        encoder.encode([1.0])


@pytest.mark.parametrize("sample", ["text", [1.0], [1.0, float("nan")], {"a": 1.0}, ["x", 2]])
def test_encode__scaled_and_no_row_of_its_numbers__refused(sample):
    with pytest.raises(DataError):
        ScaledEncoder(("a", "b"), (0.0, 0.0), (1.0, 1.0)).encode(sample)


@pytest.mark.parametrize("sample", ["", "unknown words only", 7, [1, 2]])
def test_encode__vocabulary_and_nothing_known__refused(sample):
    with pytest.raises(DataError):
        VocabularyEncoder(("film",)).encode(sample)


@pytest.mark.parametrize(
    "encoder",
    [
        VocabularyEncoder(("film", "plot"), Words(lowercase=False)),
        HashingEncoder(64, signed=False, words=Words(ngrams=(1, 2))),
        ScaledEncoder(("a",), (0.1,), (0.25,)),
        BinnedEncoder(("a", "b"), ((0.5, 1.0), ())),
    ],
    ids=lambda encoder: encoder.kind,
)
def test_encoder_from_json__what_to_json_gave__same_encoder(encoder):
    assert encoder_from_json(encoder.to_json()) == encoder


GOOD = {"kind": "vocabulary", "lowercase": True, "ngrams": [1, 1], "vocabulary": ["a", "b"]}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "pickle"},
        {"vocabulary": ["a", "a"]},
        {"vocabulary": []},
        {"vocabulary": [1]},
        {"ngrams": [1, 99]},
        {"ngrams": 3},
        {"unicode": 15},
        {"kind": "hashing", "buckets": 10**9, "signed": True},
        {"kind": "scaled", "names": ["a"], "offsets": [0.0], "steps": [0.0]},
        {"kind": "scaled", "names": ["a"], "offsets": [np.nan], "steps": [1.0]},
        {"kind": "binned", "names": ["a"], "edges": [[1.0, 1.0]]},
        {"kind": "binned", "names": ["a"], "edges": [[np.inf]]},
        {"kind": "binned", "names": ["a", "a"], "edges": [[], []]},
        {"kind": "binned", "names": [], "edges": []},
    ],
)
def test_encoder_from_json__malformed__refused(change):
    with pytest.raises(ModelError):
        encoder_from_json(GOOD | change)
