"""Merkle: the walk in Solidity beside the one in Python, and no root with room for two versions of one leaf.

├── every count of groups, every group: another version beside, under or instead of an entry opens nowhere
└── the compiled walk agrees with Python's
"""

import random

import pytest

from orchestrator.merkle import climb, proof_of, root_of
from tests.contracts.competition.reference import levels, pair

COUNTS = range(2, 256)


def siblings(rows, index):
    """The proof of entry `index` in a tree with these levels."""
    found = []
    for level in rows[:-1]:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        index //= 2
    return found


def plants(rows, group, other, host):
    """Roots under which `other` hides as a second version of `group`, and the proof that leads there."""
    leaves, count = rows[0], len(rows[0])
    rest = siblings(rows, host)
    for entry in (pair(leaves[host], other), pair(other, leaves[host])):  # beside, under
        yield climb(entry, rest, host, count), [leaves[host], *rest]
    if host != group:  # instead
        yield climb(other, rest, host, count), rest


@pytest.mark.parametrize("part", range(4))
def test_climb__second_version_of_each_group__opens_nowhere(part):
    rng = random.Random(part)
    for count in COUNTS[part::4]:
        rows = levels([rng.randbytes(32) for _ in range(count)])
        root, other = rows[-1][0], rng.randbytes(32)
        for group, leaf in enumerate(rows[0]):
            committed = siblings(rows, group)
            assert climb(leaf, committed, group, count) == root
            host = rng.choice([group, group - 1 if group else 1, rng.randrange(count)])
            for planted, proof in plants(rows, group, other, host):
                assert climb(other, proof, group, count) != planted
            wrong = rng.choice([[*committed, other], committed[:-1], [*committed, leaf]])
            assert climb(leaf, wrong, group, count) != root


def test_climb__compiled__agrees_with_python(evm):
    probe = evm.deploy("KernelProbe")
    rng = random.Random(9)
    for count in [2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 21, 31, 33, 63, 64, 65, 100, 127, 129, 191, 254, 255]:
        rows = levels([rng.randbytes(32) for _ in range(count)])
        leaves, root, other = rows[0], rows[-1][0], rng.randbytes(32)
        assert evm.call(probe.functions.rootOf(leaves)) == root == root_of(leaves)
        group = rng.choice([0, count - 1, rng.randrange(count)])
        proof = siblings(rows, group)
        assert list(proof_of(leaves, group)) == proof
        tried = [(leaves[group], proof, group, count), (leaves[group], proof, group ^ 1, count)]
        tried += [(leaves[group], [*proof, other], group, count), (leaves[group], proof[:-1], group, count)]
        tried += [(leaves[group], proof, group + count, count), (leaves[group], proof, group, count + 1)]
        tried += [(other, each, group, count) for _, each in plants(rows, group, other, (group + 1) % count)]
        walked = evm.call(probe.functions.climbAll(tried))
        assert walked == [climb(*each).ljust(32, b"\0") for each in tried]
        assert walked[0] == root
