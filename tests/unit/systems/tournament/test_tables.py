"""Tables, ranks and targets.

tables: fixed by their bytes; antisymmetric, ascending; as scipy's to the last digit but at ties
ranks: a permutation; ties by row; whatever is none is refused, as the contract does
targets: at most five values; what is revealed is read back; strangers' bytes are refused
"""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from orchestrator.errors import DataError
from orchestrator.systems.tournament import ranks, tables
from orchestrator.systems.tournament.targets import UNIT, Targets, decode, targets_of

DIGESTS = {
    (256, "powers"): "b49766ee91bd13e1078435a50e8499a3b02d239486cde7fe9d2e448ce06b69ee",
    (256, "normals"): "b2f7d8a377e64c1cac6cafca7b8fc40501c4a047148df037af1bde27e9c57161",
    (1024, "powers"): "65c7cffcc64f904aa602ade5ae0a09818e87652d689723607232231103748e83",
    (1024, "normals"): "7b94804b8125ee24559575606bd556a9240f8a7759c2260dc2bb8ac6f73d1b5e",
    (5024, "powers"): "db4336f9f506b1cefec8494fceb4db448347c2e58918c4217fe1f334d3a14d27",
    (5024, "normals"): "0fd7fd611d14a7b6760335d7496c7336ea1e81c1e8872e41f40f10049de7aed6",
}
FIVE = [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(("rows", "name"), DIGESTS)
def test_tables__bytes__never_change(rows, name):
    table = getattr(tables, name)(rows)
    assert sha256(tables.encode(table)).hexdigest() == DIGESTS[rows, name]


@pytest.mark.parametrize("rows", [16, 17, 97, 1000, 6143])
def test_tables__against_scipy__differ_by_less_than_a_unit(rows):
    g = norm.ppf((np.arange(rows) + 0.5) / rows)
    for table, exact in ((tables.normals(rows), g), (tables.powers(rows), np.sign(g) * np.abs(g) ** 1.5)):
        assert np.abs(table - exact * tables.UNIT).max() <= 0.5 + 1e-6
        assert (table == -table[::-1]).all()
        assert (np.diff(table) >= 0).all()


@pytest.mark.parametrize("rows", [15, 6144])
def test_tables__rows_out_of_bounds__are_refused(rows):
    with pytest.raises(DataError):
        tables.powers(rows)


def test_ranks_of__ties__are_broken_by_row():
    assert ranks.ranks_of([2, 1, 2, -5, 1]).tolist() == [3, 1, 4, 0, 2]


@pytest.mark.parametrize("bad", [[1, float("nan")], [[1, 2]], [float("inf")], 3])
def test_ranks_of__no_finite_numbers__are_refused(bad):
    with pytest.raises(DataError):
        ranks.ranks_of(bad)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200))
def test_ranks_of__any_numbers__are_a_permutation_in_order(predictions):
    found = ranks.ranks_of(predictions)
    assert sorted(predictions) == [predictions[row] for row in np.argsort(found)]
    assert (ranks.decode(ranks.encode(found), len(predictions)) == found).all()


@given(st.binary(max_size=40))
def test_ranks_decode__any_bytes__are_a_permutation_or_refused(data):
    try:
        assert sorted(ranks.decode(data, 4)) == [0, 1, 2, 3]
    except DataError:
        assert len(data) != 8 or sorted(data[1::2]) != [0, 1, 2, 3] or any(data[::2])


def test_targets_of__grid__is_centred_and_raised():
    targets = targets_of(FIVE * 4, benchmark=np.arange(20))
    assert [value for value, _ in targets.values] == [
        round(sign * size**1.5 * UNIT) for sign, size in ((-1, 0.5), (-1, 0.25), (0, 0), (1, 0.25), (1, 0.5))
    ]
    assert [value for _, value in targets.values] == [-2 * UNIT, -UNIT, 0, UNIT, 2 * UNIT]
    assert targets.benchmark.tolist() == list(range(20))


@pytest.mark.parametrize(
    "bad", [[1] * 16, range(6), [0, float("nan")], [[0, 1]], [-9, 9], [0, 100], [0, float("inf")]]
)
def test_targets_of__what_cannot_be_scored__is_refused(bad):
    with pytest.raises(DataError):
        targets_of(list(bad))


def test_targets_of__benchmark_of_other_rows__is_refused():
    with pytest.raises(DataError):
        targets_of(FIVE, benchmark=[1, 2])


@pytest.mark.parametrize("benchmarked", [False, True])
def test_decode__encoded_targets__are_the_same(benchmarked):
    targets = targets_of(FIVE * 4, np.arange(20)[::-1] if benchmarked else None)
    again = decode(targets.encode(), 20, benchmarked)
    assert again.encode() == targets.encode()
    assert again.values == targets.values


@given(st.binary(min_size=60, max_size=64))
def test_decode__any_bytes__are_targets_or_refused(data):
    try:
        assert decode(data, 20, False).encode() == data
    except DataError:
        assert (
            len(data) != 60 or max(data[40:]) >= 5 or len({data[8 * c : 8 * c + 4] for c in data[40:]}) == 1
        )


def test_decode__benchmark_that_is_no_permutation__is_refused():
    broken = Targets(targets_of(FIVE * 4).values, np.array([0, 1, 2, 3, 4] * 4), np.zeros(20, dtype=np.int64))
    with pytest.raises(DataError):
        decode(broken.encode(), 20, True)
