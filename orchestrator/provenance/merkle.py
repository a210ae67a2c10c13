"""Merkle trees that OpenZeppelin's `MerkleProof` verifies.

The tree is OpenZeppelin's `StandardMerkleTree`: a leaf is keccak256(keccak256(abi.encode(...))), hashed twice
so that no inner node can pose as a leaf; leaves are sorted; a parent hashes its two children in sorted order,
so a proof is a plain list of siblings. Roots and proofs equal those of npm's `@openzeppelin/merkle-tree`.
"""

from collections.abc import Iterable, Sequence

from eth_utils.crypto import keccak

from orchestrator.types import Digest


def leaf_hash(encoded: bytes) -> bytes:
    """The leaf for an ABI-encoded value (a bytes32 is its own encoding)."""
    return keccak(keccak(encoded))


class MerkleTree:
    """A tree over ABI-encoded values; indices count the values in the order given.

    Raises ValueError without values.
    """

    def __init__(self, values: Iterable[bytes]) -> None:
        leaves = [leaf_hash(value) for value in values]
        if not leaves:
            raise ValueError("a Merkle tree needs at least one value")
        self._size = len(leaves)
        order = sorted(range(len(leaves)), key=leaves.__getitem__)
        # A complete binary tree in an array: the root first, node i above nodes 2i + 1 and 2i + 2,
        # and the sorted leaves at the end, from the back.
        last = 2 * len(leaves) - 2
        self._nodes = [b""] * (last + 1)
        self._position = [0] * len(leaves)
        for rank, index in enumerate(order):
            self._nodes[last - rank] = leaves[index]
            self._position[index] = last - rank
        for node in range(len(leaves) - 2, -1, -1):
            self._nodes[node] = _parent(self._nodes[2 * node + 1], self._nodes[2 * node + 2])

    def __len__(self) -> int:
        return self._size

    @property
    def root(self) -> Digest:
        return Digest(self._nodes[0])

    def proof(self, index: int) -> list[bytes]:
        """The siblings from the leaf of value `index` up to the root; raises IndexError."""
        if not 0 <= index < self._size:
            raise IndexError(f"there is no value {index} among {self._size}")
        node = self._position[index]
        siblings = []
        while node:
            siblings.append(self._nodes[node + 1 if node % 2 else node - 1])
            node = (node - 1) // 2
        return siblings


def verify_proof(encoded: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the ABI-encoded value to `root`."""
    node = leaf_hash(encoded)
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _parent(left: bytes, right: bytes) -> bytes:
    return keccak(left + right if left < right else right + left)
