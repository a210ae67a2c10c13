"""Encoders give what the vectors say, on any Python; page/test reads the same vectors."""

import json
import re
import unicodedata

import pytest

from orchestrator.errors import DataError
from orchestrator.models.online.alphabet import known, ranges
from orchestrator.models.online.encoders import HashingEncoder, VocabularyEncoder, encoder_from_json
from tests.parity import encoders

ASSIGNED_IN_14 = 144_697 + 65 + 137_468 + 2_048
"""Characters, controls, private use and surrogates, as the Unicode Consortium counts them."""

VECTORS = json.loads(encoders.FILE.read_text(encoding="utf-8"))


def test_encode__vectors__are_met() -> None:
    differing = [
        (row["encoder"]["kind"], sample)
        for row in VECTORS["rows"]
        for sample, expected in row["cases"]
        if encoders.encoded(encoder_from_json(row["encoder"]), sample) != expected
    ]
    assert differing == []
    assert sum(expected != "" for row in VECTORS["rows"] for _, expected in row["cases"]) > 1000


@pytest.mark.slow
def test_vectors__written_again__are_the_same() -> None:
    assert encoders.vectors() == VECTORS


@pytest.mark.slow
def test_all_code_points__on_this_python__are_those_of_unicode_14() -> None:
    assert encoders.digest_of_words() == VECTORS["words"]
    assert encoders.digest_of_lower_case() == VECTORS["lower"]


def test_ranges__are_assigned_in_this_python_too() -> None:
    assert sum(last - first + 1 for first, last in ranges()) == ASSIGNED_IN_14
    assert all(unicodedata.category(chr(point)) != "Cn" for each in ranges() for point in {each[0], each[1]})


def test_known__assigned_later__separates_words() -> None:
    later = "\ua7cb"  # a letter since Unicode 16
    assert known(f"plot{later}line") == "plot line"
    encoder = VocabularyEncoder(("plot", "line"))
    assert encoder.encode(f"plot{later}line") == encoder.encode("plot line")
    with pytest.raises(DataError):
        HashingEncoder(64).encode(later * 5)


def test_known__ascii_and_old_letters__stay() -> None:
    text = "naïve ΟΔΥΣ 中文 a_b\u0301"
    assert known(text) == text
    assert re.findall(r"\w+", known("a\u0378b")) == ["a", "b"]
