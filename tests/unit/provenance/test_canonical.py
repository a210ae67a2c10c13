import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.provenance import canonical
from orchestrator.provenance.canonical import LARGEST, NotCanonical, decode, encode, where

numbers = st.integers(-LARGEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_decode__of_any_encoded_value__gives_an_equal_value(value):
    assert decode(encode(value)) == value


@given(values)
def test_encode__of_any_value__agrees_with_the_standard_parser(value):
    assert json.loads(encode(value), parse_int=float) == value


@given(values)
def test_encode__of_what_was_decoded__gives_the_same_bytes(value):
    assert encode(decode(encode(value))) == encode(value)


@given(values, st.sampled_from([b" ", b"\n", b"\t"]))
def test_decode__with_a_space_around__is_refused(value, space):
    for data in (space + encode(value), encode(value) + space):
        with pytest.raises(NotCanonical):
            decode(data)


def test_encode__keys_of_two_planes__are_in_utf16_order():
    # The example of RFC 8785, section 3.2.3: U+1F600 comes before U+FB33.
    in_order = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(encode(dict.fromkeys(sorted(in_order), 0)))) == in_order


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (-0.0, "0"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-7, "1e-7"), (4.5, "4.5")],
)
def test_encode__float__is_written_as_ecmascript_does(number, text):
    assert encode(number) == text.encode()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, LARGEST + 1, -LARGEST - 1])
def test_encode__number_outside_json__names_the_field(number):
    with pytest.raises(NotCanonical) as refused:
        encode({"a": [0, {"b c": number}]})
    assert refused.value.field == 'a[1]["b c"]'


@pytest.mark.parametrize("value", [b"bytes", {1: 2}, {1, 2}, object(), "\ud800", {"\udfff": 1}])
def test_encode__something_else__is_refused(value):
    with pytest.raises(NotCanonical):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b"Infinity",
        b"1e400",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b"1.0",
        b"1E2",
        b"-0",
        b"01",
        b'"\\u0041"',
        b'"\\ud800"',
        b"9007199254740993",
        b"[" * 100_000,
        b"[" * 80 + b"]" * 80,
        b"1" * 5000,
    ],
)
def test_decode__malformed_or_not_canonical__is_refused(data):
    with pytest.raises(NotCanonical):
        decode(data)


def test_decode__key_twice__names_the_key():
    with pytest.raises(NotCanonical, match="rows") as refused:
        decode(b'{"rows":1,"rows":2}')
    assert refused.value.field == "rows"


def test_decode__one_key_of_many_twice__is_found_in_one_pass():
    class Key(str):
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other):
            Key.compared += 1
            return str.__eq__(self, other)

    keys = [Key(number) for number in [*range(1000), 999]]
    with pytest.raises(NotCanonical, match="999"):
        canonical._no_duplicates([(key, 0) for key in keys])
    assert Key.compared < 10 * len(keys), "a stranger's megabyte would hold a reader for minutes"


def test_parse__key_twice__is_refused():
    assert canonical.parse(b'{ "a": 1 }') == {"a": 1}
    with pytest.raises(NotCanonical, match="a: the key stands there twice"):
        canonical.parse(b'{"a": 1, "a": 2}')


def test_decode__brackets_inside_text__are_not_nesting():
    value = {"a": "[" * 1000 + '"' + "\\" + "{" * 1000}
    assert decode(encode(value)) == value


def test_where__odd_keys__are_quoted():
    assert where(["data", "columns", "a.b", 3, "min_value"]) == 'data.columns["a.b"][3].min_value'
