"""A proof that Python makes is one that the contract accepts, and the other way round."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.provenance.merkle import MerkleTree, verify_proof

words = st.binary(min_size=32, max_size=32)
on_one_chain = settings(max_examples=25, deadline=None)


def test_verify_inclusion__of_any_tree__agrees_with_the_contract(evm):
    registry = evm.deploy("ModelRegistry")
    evm.send(registry.functions.createProject("log", [], [], 0), "owner")
    project = evm.call(registry.functions.projectIdOf(evm.role("owner"), "log"))
    anchored = set()

    @on_one_chain
    @given(st.lists(words, min_size=1, max_size=12, unique=True), st.data())
    def check(records, data):
        tree = MerkleTree(records)
        if tree.root not in anchored:
            batch = (tree.root, len(records), b"predictions".ljust(16, b"\0"), 0, bytes(32))
            evm.send(registry.functions.anchorBatch(project, batch), "owner")
            anchored.add(tree.root)
        index = data.draw(st.integers(0, len(records) - 1))
        record = data.draw(st.sampled_from([records[index], bytes(32)]))
        proof = tree.proof(index)
        if proof and data.draw(st.booleans()):
            proof[data.draw(st.integers(0, len(proof) - 1))] = data.draw(words)
        count = data.draw(st.sampled_from([len(records), len(records), 0, len(records) + 1, 2**32]))
        place = data.draw(st.sampled_from([index, index, index + 1, 2**255]))
        included, root = evm.call(registry.functions.verifyInclusion(project, record, place, count, proof))
        holds = verify_proof(record, place, count, proof, tree.root) and count == len(records)
        assert (included and root == tree.root) == holds

    check()
