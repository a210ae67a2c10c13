"""Merkle trees in which a leaf's place is part of what is proven: as contracts/kernel/Merkle.sol.

A pair is hashed left before right; a node without a partner rises as it is. Where a leaf stands follows from
its index and the count of leaves alone, so no root has room for two versions of one leaf.
"""

from collections.abc import Iterable, Sequence

from eth_utils.crypto import keccak

from orchestrator.types import Digest


def leaf_hash(record: bytes) -> bytes:
    """The leaf of a batch's record (32 bytes): hashed twice, so that no inner node can pose as a record."""
    return keccak(keccak(record))


class MerkleTree:
    """The tree over the records of a batch, in their order. Raises ValueError without records."""

    def __init__(self, records: Iterable[bytes]) -> None:
        leaves = [leaf_hash(record) for record in records]
        if not leaves:
            raise ValueError("a Merkle tree needs at least one value")
        self._levels = _levels(leaves)

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> Digest:
        return Digest(self._levels[-1][0])

    def proof(self, index: int) -> list[bytes]:
        """The siblings from the leaf of record `index` up to the root; raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no value {index} among {len(self)}")
        return list(_siblings(self._levels, index))


class PositionTree:
    """The tree over leaves, as contracts prove by it (see `climb`). Raises ValueError without leaves."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels = _levels(leaves)

    @property
    def root(self) -> Digest:
        return Digest(self.levels[-1][0])

    def proof(self, index: int) -> tuple[Digest, ...]:
        """The siblings from leaf `index` up to the root."""
        return _siblings(self.levels, index)


def verify_proof(record: bytes, index: int, count: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the record, the `index`-th of `count`, to `root`."""
    return climb(leaf_hash(record), proof, index, count) == root


def root_of(nodes: Sequence[bytes]) -> bytes:
    """The root over leaves, of which there is at least one."""
    return _levels(nodes)[-1][0]


def proof_of(nodes: Sequence[bytes], index: int) -> tuple[Digest, ...]:
    """The siblings from leaf `index` to the root."""
    return _siblings(_levels(nodes), index)


def climb(node: bytes, proof: Sequence[bytes], index: int, count: int) -> bytes:
    """Where the walk from `node`, the `index`-th of `count`, ends; empty unless that takes all of `proof`."""
    if not 0 <= index < count:
        return b""
    used = 0
    while count > 1:
        if index ^ 1 < count:
            if used == len(proof):
                return b""
            node = keccak(proof[used] + node if index % 2 else node + proof[used])
            used += 1
        index, count = index // 2, (count + 1) // 2
    return node if used == len(proof) else b""


def _siblings(levels: Sequence[Sequence[bytes]], index: int) -> tuple[Digest, ...]:
    partners = [(level, index >> depth ^ 1) for depth, level in enumerate(levels[:-1])]
    return tuple(Digest(level[partner]) for level, partner in partners if partner < len(level))


def _levels(nodes: Sequence[bytes]) -> list[list[bytes]]:
    found = [list(nodes)]
    while len(found[-1]) > 1:
        below = found[-1]
        above = [keccak(below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)]
        found.append(above + below[2 * len(above) :])
    return found
