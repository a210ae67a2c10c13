"""Rules against the definitions of their papers, computed otherwise: in fractions, or in floats by scipy."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import trim_mean

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Rule, Settings, aggregate, apply, gram
from orchestrator.learning.aggregation import selection as choose
from orchestrator.learning.aggregation.gram import norms
from orchestrator.learning.aggregation.rules import clipped, mean, median, trimmed_mean

LOW, HIGH = -(2**31), 2**31 - 1


def drawn(seed: int, parties: int = 9, size: int = 70, spread: float = 1e4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (parties, size)).astype(np.int64)


def rows(low: int = LOW, high: int = HIGH) -> st.SearchStrategy[np.ndarray]:
    """Updates in which extremes and ties are frequent."""
    value = st.one_of(st.sampled_from([low, high, 0, -1, 1]), st.integers(low, high))
    shape = st.tuples(st.integers(1, 16), st.integers(1, 5))
    return shape.flatmap(
        lambda sides: st.lists(
            st.lists(value, min_size=sides[1], max_size=sides[1]), min_size=sides[0], max_size=sides[0]
        )
    ).map(lambda found: np.array(found, np.int64))


@settings(max_examples=60, deadline=None)
@given(rows(), st.data())
def test_the_mean_is_that_of_fractions_rounded_down(updates: np.ndarray, data: st.DataObject) -> None:
    count = len(updates)
    weight = st.one_of(st.just(65_535), st.just(1), st.integers(1, 65_535))
    weights = data.draw(st.lists(weight, min_size=count, max_size=count))
    expected = [
        math.floor(Fraction(sum(w * int(u) for w, u in zip(weights, column, strict=True)), sum(weights)))
        for column in updates.T
    ]
    assert mean(updates, weights).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(rows(), st.integers(0, 9))
def test_median_and_trimmed_mean_are_those_of_sorted_columns(updates: np.ndarray, trim: int) -> None:
    middles, means = [], []
    for column in updates.T.tolist():
        ordered = sorted(column)
        half = len(ordered) // 2
        middle = [ordered[half]] if len(ordered) % 2 else ordered[half - 1 : half + 1]
        middles.append(math.floor(Fraction(sum(middle), len(middle))))
        cut = min(trim, (len(ordered) - 1) // 2)
        inner = ordered[cut : len(ordered) - cut]
        means.append(math.floor(Fraction(sum(inner), len(inner))))
    assert median(updates).tolist() == middles
    assert trimmed_mean(updates, trim).tolist() == means


def test_sorted_rules_are_those_of_numpy_and_scipy_to_less_than_a_unit() -> None:
    for seed, parties in itertools.product(range(3), (4, 5, 10, 16)):
        updates = drawn(seed, parties)
        assert np.abs(median(updates) - np.median(updates, axis=0)).max() < 1
        assert np.abs(trimmed_mean(updates, parties // 5) - trim_mean(updates, 0.2, axis=0)).max() < 1


@settings(max_examples=60, deadline=None)
@given(rows())
def test_inner_products_are_exact(updates: np.ndarray) -> None:
    expected = [
        [sum(int(a) * int(b) for a, b in zip(one, other, strict=True)) for other in updates]
        for one in updates
    ]
    assert gram(updates) == expected


def test_krum_keeps_those_with_the_nearest_neighbours() -> None:
    """By the definition, with distances of the vectors themselves instead of their inner products."""
    for seed, faulty, keep in itertools.product(range(4), (0, 2, 3), (1, 4)):
        updates = drawn(seed)
        updates[0] *= 30
        scores = []
        for i, one in enumerate(updates):
            squared = sorted(float(((one - other) ** 2).sum()) for j, other in enumerate(updates) if j != i)
            scores.append(sum(squared[: len(updates) - faulty - 2]))
        expected = sorted(np.argsort(scores)[:keep].tolist())
        done = aggregate(Settings(Rule.MULTI_KRUM, keep=keep, faulty=faulty), updates, [3] * 9)
        assert list(done.selected) == expected
        assert np.abs(done.delta - updates[expected].mean(axis=0)).max() < 1


def cosines(updates: np.ndarray, total: np.ndarray) -> np.ndarray:
    return updates @ total / np.linalg.norm(updates, axis=1)


@pytest.mark.parametrize("keep", [1, 4, 9])
def test_the_nearest_have_the_greatest_cosines_with_the_sum(keep: int) -> None:
    for seed in range(4):
        updates = drawn(seed) + drawn(99, 1)
        updates[2] *= 7
        real = updates.astype(float)
        lengths = np.linalg.norm(real, axis=1, keepdims=True)
        short = real * np.minimum(1, np.sort(lengths[:, 0])[4] / lengths)
        for rule, shown, total in [
            (Rule.NEAREST_LITERAL, real, real.sum(axis=0)),
            (Rule.NEAREST_UNIT, real, (real / lengths).sum(axis=0)),
            (Rule.NEAREST_CLIPPED, short, short.sum(axis=0)),
        ]:
            expected = sorted(np.argsort(-cosines(shown, total))[:keep].tolist())
            done = aggregate(Settings(rule, keep=keep), updates, [1] * 9)
            assert list(done.selected) == expected
            wanted = shown[expected].mean(axis=0)
            # A clip factor has 15 bits behind the point.
            assert np.abs(done.delta - wanted).max() < 2 + np.abs(real).max() / 2**15


def test_clipping_shortens_to_the_upper_median_or_to_the_bound() -> None:
    updates = drawn(1, 6)
    updates[3] *= 100
    lengths = np.linalg.norm(updates, axis=1)
    factors = choose.clip_factors(gram(updates))
    after = np.linalg.norm(clipped(updates, factors), axis=1)
    assert after.max() <= np.sort(lengths)[3] + math.sqrt(updates.shape[1])
    assert factors.count(2**15) == 4
    bound = int(lengths.min() / 2)
    after = np.linalg.norm(clipped(updates, choose.clip_factors(gram(updates), bound)), axis=1)
    assert after == pytest.approx(bound, rel=1e-2)  # a factor of a hundredth has few bits left
    unclipped = aggregate(Settings(Rule.CLIPPED_MEAN, bound=2**50), updates, [1] * 6)
    assert unclipped.delta.tolist() == mean(updates, [1] * 6).tolist()


def test_equals_are_ranked_by_seat() -> None:
    updates = np.ones((5, 3), np.int64)
    products = gram(updates)
    assert choose.krum(products, 1, 2) == [0, 1]
    assert choose.nearest_literal(products, 2) == choose.nearest_unit(products, 2) == [0, 1]
    assert choose.nearest_clipped(products, [2**15] * 5, 2) == [0, 1]


def test_nothing_divides_by_zero() -> None:
    updates = np.zeros((3, 4), np.int64)
    for rule in Rule:
        done = aggregate(Settings(rule, keep=2), updates, [1, 2, 3])
        assert done.delta.tolist() == [0] * 4
        assert done.merits(updates) == [1, 1, 1]
    assert norms(gram(updates)) == [1, 1, 1]


@pytest.mark.parametrize("rule", list(Rule))
def test_one_party_alone_is_the_aggregate(rule: Rule) -> None:
    updates = drawn(5, 1)
    done = aggregate(Settings(rule, keep=4, faulty=3, trim=2), updates, [7])
    assert done.selected == (0,)
    assert done.delta.tolist() == updates[0].tolist()


@pytest.mark.parametrize("rule", list(Rule))
def test_all_rules_take_the_extremes(rule: Rule) -> None:
    updates = np.full((16, 40), LOW, np.int64)
    updates[1::2] = HIGH
    done = aggregate(Settings(rule, keep=5, faulty=2, trim=2), updates, [65_535] * 16)
    assert LOW <= done.delta.min() <= done.delta.max() <= HIGH


def test_literal_nearest_is_taken_over_by_one_long_update_and_the_others_are_not() -> None:
    honest = drawn(2, 1, 50)[0] + drawn(3, 9, 50, 2e3)
    liar = drawn(4, 1, 50)[0] * 1000
    updates = np.vstack([honest, liar])
    assert 9 in aggregate(Settings(Rule.NEAREST_LITERAL, keep=1), updates, [1] * 10).selected
    for rule in (Rule.NEAREST_UNIT, Rule.NEAREST_CLIPPED, Rule.MULTI_KRUM):
        assert 9 not in aggregate(Settings(rule, keep=6, faulty=2), updates, [1] * 10).selected


def test_merit_is_the_length_along_the_aggregate() -> None:
    updates = drawn(6) + drawn(98, 1)
    updates[4] = -updates[4]
    done = aggregate(Settings(), updates, [1] * 9)
    along = np.maximum(cosines(updates.astype(float), updates.sum(axis=0).astype(float)), 0)
    assert np.abs(np.array(done.merits(updates)) / 65_535 - along / along.max()).max() < 1e-3
    assert done.merits(updates)[4] == 0


def test_a_model_stays_within_32_bits() -> None:
    model = np.array([HIGH - 1, LOW + 1, 5], np.int64)
    assert apply(model, np.array([7, -7, -7])).tolist() == [HIGH, LOW, -2]


@pytest.mark.parametrize(
    ("updates", "weights"),
    [
        (np.zeros((0, 4), np.int64), []),
        (np.zeros(4, np.int64), [1]),
        (np.full((1, 4), HIGH + 1), [1]),
        (np.full((1, 4), LOW - 1), [1]),
        (np.zeros((2, 4), np.int64), [1]),
        (np.zeros((2, 4), np.int64), [1, 0]),
        (np.zeros((2, 4), np.int64), [1, 65_536]),
    ],
)
def test_what_the_contract_would_not_take_is_refused(updates: np.ndarray, weights: list[int]) -> None:
    with pytest.raises(DataError):
        aggregate(Settings(), updates, weights)


def test_settings_are_whole() -> None:
    for wrong in ({"keep": 0}, {"faulty": -1}, {"trim": -1}, {"bound": -1}):
        with pytest.raises(DataError):
            Settings(Rule.MULTI_KRUM, **wrong)
