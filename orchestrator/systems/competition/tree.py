"""Leaves, roots and proofs of data and predictions: the reference of contracts/competition/DataTree.sol."""

from dataclasses import dataclass
from functools import cached_property

from eth_abi.abi import encode

from orchestrator.bindings.competition import Group
from orchestrator.merkle import climb, keccak, proof_of, root_of
from orchestrator.models.integer import sample_size
from orchestrator.systems.competition.records import Terms
from orchestrator.types import Digest

SAMPLE = keccak(b"DILN competition sample")
GROUP = keccak(b"DILN competition group")
PREDICTIONS = keccak(b"DILN competition predictions")
WORD = 32


@dataclass(frozen=True)
class Data:
    """All groups, encoded, with their salts: what only the organizer has until it opens them."""

    groups: tuple[bytes, ...]
    salts: tuple[bytes, ...]
    features: int
    classes: int
    group_size: int

    @cached_property
    def leaves(self) -> list[bytes]:
        numbered = enumerate(zip(self.salts, self.groups, strict=True))
        return [
            group_leaf(i, salt, data, self.features, self.classes, self.group_size)
            for i, (salt, data) in numbered
        ]

    @property
    def root(self) -> Digest:
        return Digest(root_of(self.leaves))

    def opened(self, number: int) -> Group:
        """The arguments that open group `number`."""
        return Group(Digest(self.salts[number]), self.groups[number], proof_of(self.leaves, number))


def sample_leaves(number: int, salt: bytes, data: bytes, stride: int) -> list[bytes]:
    """The leaves of a group's samples."""
    prefix = SAMPLE + salt + number.to_bytes(2, "big")
    samples = [data[i : i + stride] for i in range(0, len(data), stride)]
    return [keccak(prefix + i.to_bytes(2, "big") + sample) for i, sample in enumerate(samples)]


def group_leaf(number: int, salt: bytes, data: bytes, features: int, classes: int, size: int) -> bytes:
    """The leaf of group `number`, which holds `size` samples."""
    top = root_of(sample_leaves(number, salt, data, sample_size(features, classes)))
    types = ["bytes32", "uint256", "uint256", "uint256", "uint256", "bytes32"]
    return keccak(encode(types, [GROUP, number, size, features, classes, top]))


def is_group(terms: Terms, number: int, group: Group) -> bool:
    """Whether `group` is group `number` under the terms' root, of the right length."""
    if len(group.data) != terms.group_bytes or len(group.salt) != WORD:
        return False
    leaf = group_leaf(number, group.salt, group.data, terms.features, terms.classes, terms.group_size)
    return climb(leaf, group.proof, number, terms.groups) == terms.root


def words_of(predictions: bytes) -> list[Digest]:
    """The 32-byte words of posted predictions, the last one filled up with zeros."""
    return [Digest(predictions[i : i + WORD].ljust(WORD, b"\0")) for i in range(0, len(predictions), WORD)]


def word_leaves(predictions: bytes) -> list[bytes]:
    types = ["bytes32", "uint256", "bytes32"]
    return [keccak(encode(types, [PREDICTIONS, i, word])) for i, word in enumerate(words_of(predictions))]
