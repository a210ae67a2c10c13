import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.merkle import MOST_RATIO, measured
from orchestrator.provenance.merkle import MerkleTree, leaf_hash, verify_proof

words = st.binary(min_size=32, max_size=32)


@given(st.lists(words, min_size=1, max_size=40))
def test_proof__of_every_value__verifies(values):
    tree = MerkleTree(values)
    for index, value in enumerate(values):
        assert verify_proof(value, index, len(values), tree.proof(index), tree.root)


@given(st.lists(words, min_size=2, max_size=20, unique=True), words, st.data())
def test_proof__for_another_value__fails(values, other, data):
    tree = MerkleTree(values)
    index = data.draw(st.integers(0, len(values) - 1))
    holds = verify_proof(other, index, len(values), tree.proof(index), tree.root)
    assert holds == (other == values[index])


@given(st.lists(words, min_size=2, max_size=20, unique=True), st.data())
def test_proof__at_another_place__fails(values, data):
    tree = MerkleTree(values)
    index, place = data.draw(st.lists(st.integers(0, len(values)), min_size=2, max_size=2, unique=True))
    index %= len(values)
    holds = verify_proof(values[index], place, len(values), tree.proof(index), tree.root)
    assert holds == (place == index)


@given(st.lists(words, min_size=2, max_size=20, unique=True), st.data())
def test_proof__with_a_changed_sibling__fails(values, data):
    tree = MerkleTree(values)
    index = data.draw(st.integers(0, len(values) - 1))
    proof = tree.proof(index)
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    assert not verify_proof(values[index], index, len(values), proof, tree.root)


def test_root__of_the_same_values_in_another_order__is_another():
    assert MerkleTree([b"\x01" * 32, b"\x02" * 32]).root != MerkleTree([b"\x02" * 32, b"\x01" * 32]).root


@given(st.lists(words, min_size=1, max_size=100, unique=True))
def test_proof__length__is_at_most_the_depth_of_a_complete_tree(values):
    tree = MerkleTree(values)
    lengths = {len(tree.proof(index)) for index in range(len(values))}
    assert max(lengths) == (len(values) - 1).bit_length()


def test_root__of_one_value__is_its_leaf():
    tree = MerkleTree([b"\x01" * 32])
    assert tree.root == leaf_hash(b"\x01" * 32)
    assert tree.proof(0) == []
    assert len(tree) == 1


def test_tree__without_values__is_refused():
    with pytest.raises(ValueError, match="at least one"):
        MerkleTree([])


@pytest.mark.parametrize("index", [-1, 2])
def test_proof__of_no_value__is_an_index_error(index):
    with pytest.raises(IndexError):
        MerkleTree([b"\x01" * 32, b"\x02" * 32]).proof(index)


def test_verify_proof__inner_node_as_a_value__fails():
    tree = MerkleTree([bytes([n]) * 32 for n in range(4)])
    sibling = tree.proof(0)[-1]
    for place in range(2):
        assert not verify_proof(sibling, place, 2, tree.proof(0)[:-1], tree.root)


def test_tree__of_many__takes_little_longer_than_its_hashes():
    bare, tree = measured(10_000, 5)
    assert tree <= MOST_RATIO * bare
