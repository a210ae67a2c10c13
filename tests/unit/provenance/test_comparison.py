from hypothesis import given
from hypothesis import strategies as st

from orchestrator.provenance.comparison import Change, diff
from tests.unit.provenance.samples import sample_manifest, sample_parts


def with_hyperparameters(**values):
    parts = sample_parts()
    parts["training"]["hyperparameters"] = values
    return sample_manifest(training=parts["training"])


def test_diff__of_equal_manifests__is_empty():
    assert diff(sample_manifest(), sample_manifest()) == []


def test_diff__changed_added_and_removed__are_told_apart():
    before = with_hyperparameters(C=1, penalty="l2")
    after = with_hyperparameters(C=2, solver="saga")
    path = ("predicate", "training", "hyperparameters")
    assert diff(before, after) == [
        Change((*path, "C"), "changed", 1, 2),
        Change((*path, "penalty"), "removed", "l2", None),
        Change((*path, "solver"), "added", None, "saga"),
    ]


def test_diff__lists__are_compared_place_by_place():
    before = with_hyperparameters(layers=[4, 4])
    after = with_hyperparameters(layers=[4, 8, 2])
    assert [(change.field, change.kind) for change in diff(before, after)] == [
        ("predicate.training.hyperparameters.layers[1]", "changed"),
        ("predicate.training.hyperparameters.layers[2]", "added"),
    ]


def test_diff__true_and_one__differ():
    assert len(diff(with_hyperparameters(a=True), with_hyperparameters(a=1))) == 1


values = st.dictionaries(st.text(max_size=3), st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2))


@given(values, values)
def test_diff__is_empty__exactly_for_equal_digests(one, two):
    before, after = with_hyperparameters(a=one), with_hyperparameters(a=two)
    assert (diff(before, after) == []) == (before.digest == after.digest)
