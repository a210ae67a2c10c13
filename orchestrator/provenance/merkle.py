"""The Merkle tree of a batch's records."""

from collections.abc import Iterable, Sequence

from orchestrator.merkle import climb, keccak, levels_of, siblings
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
        self._levels = levels_of(leaves)

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> Digest:
        return Digest(self._levels[-1][0])

    def proof(self, index: int) -> list[bytes]:
        """The siblings from the leaf of record `index` up to the root; raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no value {index} among {len(self)}")
        return list(siblings(self._levels, index))


def verify_proof(record: bytes, index: int, count: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the record, the `index`-th of `count`, to `root`."""
    return climb(leaf_hash(record), proof, index, count) == root
