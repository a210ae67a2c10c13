"""A tree of which only the root is known and some leaves were shown, beside the right one."""

from collections.abc import Sequence

from orchestrator.merkle import climb, keccak, levels_of
from orchestrator.types import Digest


class ClaimedTree:
    """Find the first leaf in which the tree under `root` differs from the one over `right`.

    What is shown of a leaf tells the nodes on its way and their siblings. A subtree whose node is the right
    one has nothing but right leaves.
    """

    def __init__(self, right: Sequence[bytes], root: bytes) -> None:
        self._right = levels_of(right)
        self._root = bytes(root)
        self._known = {(len(self._right) - 1, 0): self._root}

    def learn(self, index: int, leaf: bytes, proof: Sequence[bytes]) -> None:
        """A leaf with its proof; nothing, where that leads to another root."""
        if climb(leaf, proof, index, len(self._right[0])) != self._root:
            return
        node, rest = leaf, list(proof)
        for level in range(len(self._right)):
            self._known[level, index] = node
            sibling = index ^ 1
            if level + 1 < len(self._right) and sibling < len(self._right[level]):
                other = rest.pop(0)
                self._known[level, sibling] = other
                node = keccak(other + node if index % 2 else node + other)
            index //= 2

    def first_wrong(self) -> tuple[int | None, tuple[int, ...]]:
        """The first wrong leaf; None while it cannot be told, and then the leaves that should be shown next.

        First every 2^h-th leaf of the wrong part, so that about twice the root of all are asked for, in two
        rounds at most.
        """
        level, index = len(self._right) - 1, 0
        while level:
            below = [each for each in (2 * index, 2 * index + 1) if each < len(self._right[level - 1])]
            if any((level - 1, each) not in self._known for each in below):
                if len(below) > 1:
                    return None, self._next(level, index)
                self._known[level - 1, below[0]] = self._known[level, index]
            level, index = level - 1, next(each for each in below if not self._is_right(level - 1, each))
        return index, ()

    def leaf(self, index: int) -> bytes:
        return self._node(0, index)

    def proof(self, index: int) -> tuple[Digest, ...]:
        """Of a leaf that was shown, or before which all are right."""
        siblings = [(level, index >> level ^ 1) for level in range(len(self._right) - 1)]
        return tuple(Digest(self._node(*each)) for each in siblings if each[1] < len(self._right[each[0]]))

    def _node(self, level: int, index: int) -> bytes:
        return self._known.get((level, index), self._right[level][index])

    def _is_right(self, level: int, index: int) -> bool:
        return self._known[level, index] == self._right[level][index]

    def _next(self, level: int, index: int) -> tuple[int, ...]:
        """Leaves under a wrong node: some at first, all once a part is small."""
        top = len(self._right) - 1
        step = 1 << (level + 1) // 2 if level == top and level > _SMALL else 1
        first, end = index << level, min((index + 1) << level, len(self._right[0]))
        return tuple(range(first, end, step))


_SMALL = 4
"""Levels below which all leaves are asked for at once."""
