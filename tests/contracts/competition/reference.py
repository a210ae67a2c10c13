"""What an organizer and its opponents compute off-chain: leaves, proofs, predictions' roots, the split."""

from dataclasses import dataclass

from eth_abi import encode
from eth_utils import keccak

SAMPLE = keccak(text="DILN competition sample")
GROUP = keccak(text="DILN competition group")
PREDICTIONS = keccak(text="DILN competition predictions")


def pair(left: bytes, right: bytes) -> bytes:
    return keccak(left + right)


def levels(nodes: list[bytes]) -> list[list[bytes]]:
    """All levels of the tree over `nodes`; a node without a partner rises."""
    found = [nodes]
    while len(found[-1]) > 1:
        below = found[-1]
        above = [pair(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        found.append(above + below[len(above) * 2 :])
    return found


def root_of(nodes: list[bytes]) -> bytes:
    return levels(nodes)[-1][0]


def proof_of(nodes: list[bytes], index: int) -> list[bytes]:
    proof = []
    for level in levels(nodes)[:-1]:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        index //= 2
    return proof


@dataclass
class Data:
    """Encoded groups and their salts, as committed."""

    groups: list[bytes]
    salts: list[bytes]
    features: int
    classes: int
    group_size: int

    @property
    def stride(self) -> int:
        return self.features + (1 if self.classes else 4)

    def samples(self, group: int) -> list[bytes]:
        data = self.groups[group]
        return [data[i : i + self.stride] for i in range(0, len(data), self.stride)]

    def sample_leaves(self, group: int) -> list[bytes]:
        prefix = SAMPLE + self.salts[group] + group.to_bytes(2, "big")
        return [keccak(prefix + i.to_bytes(2, "big") + s) for i, s in enumerate(self.samples(group))]

    def leaves(self) -> list[bytes]:
        types = ["bytes32", "uint256", "uint256", "uint256", "uint256", "bytes32"]
        return [
            keccak(
                encode(
                    types,
                    [GROUP, i, self.group_size, self.features, self.classes, root_of(self.sample_leaves(i))],
                )
            )
            for i in range(len(self.groups))
        ]

    @property
    def root(self) -> bytes:
        return root_of(self.leaves())

    def opening(self, group: int) -> tuple[bytes, bytes, list[bytes]]:
        """The arguments that open `group`."""
        return self.salts[group], self.groups[group], proof_of(self.leaves(), group)


def draw(seed: bytes, groups: int, needed: int) -> int:
    """The split of Split.sol."""
    mask = 0
    for group in range(groups):
        random = int.from_bytes(keccak(encode(["bytes32", "uint256"], [seed, group])), "big")
        if random % (groups - group) < needed:
            mask |= 1 << group
            needed -= 1
    return mask


def prediction_words(predictions: bytes) -> list[bytes]:
    return [predictions[i : i + 32].ljust(32, b"\0") for i in range(0, len(predictions), 32)]


def word_leaves(predictions: bytes) -> list[bytes]:
    types = ["bytes32", "uint256", "bytes32"]
    return [keccak(encode(types, [PREDICTIONS, i, w])) for i, w in enumerate(prediction_words(predictions))]
