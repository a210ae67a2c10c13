"""Merkle trees in which a leaf's place is part of what is proven: as contracts/kernel/Merkle.sol.

A pair is hashed left before right; a node without a partner rises as it is. Where a leaf stands follows from
its index and the count of leaves alone, so no root has room for two versions of one leaf.
"""

from collections.abc import Sequence

from sha3 import keccak_256

from orchestrator.types import Digest


def keccak(data: bytes) -> bytes:
    """Keccak-256 of bytes. eth_utils' takes numbers and texts as well, and five times as long."""
    digest: bytes = keccak_256(data).digest()
    return digest


class PositionTree:
    """The tree over leaves, as contracts prove by it (see `climb`). Raises ValueError without leaves."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels = levels_of(leaves)

    @property
    def root(self) -> Digest:
        return Digest(self.levels[-1][0])

    def proof(self, index: int) -> tuple[Digest, ...]:
        """The siblings from leaf `index` up to the root."""
        return siblings(self.levels, index)


def root_of(nodes: Sequence[bytes]) -> bytes:
    """The root over leaves, of which there is at least one."""
    return levels_of(nodes)[-1][0]


def proof_of(nodes: Sequence[bytes], index: int) -> tuple[Digest, ...]:
    """The siblings from leaf `index` to the root."""
    return siblings(levels_of(nodes), index)


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


def siblings(levels: Sequence[Sequence[bytes]], index: int) -> tuple[Digest, ...]:
    """What a proof of leaf `index` consists of."""
    partners = [(level, index >> depth ^ 1) for depth, level in enumerate(levels[:-1])]
    return tuple(Digest(level[partner]) for level, partner in partners if partner < len(level))


def levels_of(nodes: Sequence[bytes]) -> list[list[bytes]]:
    """The tree, from its leaves up to the root."""
    found = [list(nodes)]
    while len(found[-1]) > 1:
        below = found[-1]
        above = [keccak(below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)]
        found.append(above + below[2 * len(above) :])
    return found
