import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.provenance.merkle import MerkleTree, leaf_hash, verify_proof

words = st.binary(min_size=32, max_size=32)


@given(st.lists(words, min_size=1, max_size=40))
def test_proof__of_every_value__verifies(values):
    tree = MerkleTree(values)
    for index, value in enumerate(values):
        assert verify_proof(value, tree.proof(index), tree.root)


@given(st.lists(words, min_size=2, max_size=20, unique=True), words, st.data())
def test_proof__for_another_value__fails(values, other, data):
    tree = MerkleTree(values)
    index = data.draw(st.integers(0, len(values) - 1))
    assert verify_proof(other, tree.proof(index), tree.root) == (other == values[index])


@given(st.lists(words, min_size=2, max_size=20, unique=True), st.data())
def test_proof__with_a_changed_sibling__fails(values, data):
    tree = MerkleTree(values)
    index = data.draw(st.integers(0, len(values) - 1))
    proof = tree.proof(index)
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    assert not verify_proof(values[index], proof, tree.root)


@given(st.lists(words, min_size=1, max_size=20), st.randoms())
def test_root__of_the_same_values_in_another_order__is_the_same(values, random):
    shuffled = random.sample(values, len(values))
    assert MerkleTree(values).root == MerkleTree(shuffled).root


@given(st.lists(words, min_size=1, max_size=100, unique=True))
def test_proof__length__is_the_depth_of_a_complete_tree(values):
    tree = MerkleTree(values)
    longest = (len(values) - 1).bit_length()
    assert {len(tree.proof(index)) for index in range(len(values))} <= {longest, longest - 1}


def test_root__of_openzeppelins_own_example__is_theirs():
    # From the README of npm's @openzeppelin/merkle-tree.
    values = [
        encode(["address", "uint256"], ["0x" + "1" * 40, 5 * 10**18]),
        encode(["address", "uint256"], ["0x" + "2" * 40, 25 * 10**17]),
    ]
    tree = MerkleTree(values)
    assert tree.root.hex() == "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"
    assert [node.hex() for node in tree.proof(0)] == [
        "b92c48e9d7abe27fd8dfd6b5dfdbfb1c9a463f80c712b66f3a5180a090cccafc"
    ]


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
    inner = verify_proof(sibling, tree.proof(0)[:-1], tree.root)
    assert not inner
