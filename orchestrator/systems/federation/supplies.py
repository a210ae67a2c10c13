"""What was shown on-chain because somebody demanded it: bytes of calldata, believed as far as they hash.

The proof that goes with a part names the other branches of its tree, too. So a few parts of a tree tell where
it differs from the right one (`Sight`).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation, Part, Revealed, Supplied
from orchestrator.learning.aggregation.chunks import CHUNK, TAG, chunk_count
from orchestrator.learning.aggregation.gram import TAG as GRAM
from orchestrator.merkle import climb, levels_of, root_of
from orchestrator.types import Address, Digest

_CLAIM = "(address,uint256,bytes32,bytes32,uint256,uint256,uint256,uint256,bytes32,uint256)"
_ARGUMENTS = ["uint8", "uint256", _CLAIM, "(address,bytes32,uint16,uint8,bytes32,bytes,bytes32[])"]
_SELECTOR = keccak(text=f"supply({','.join(_ARGUMENTS)})")[:4]

GROUP = 16
"""Chunks that are demanded at once."""


@dataclass(frozen=True)
class Supply:
    """One part, as it stands in calldata: `data` and its `proof` in the tree."""

    index: int
    data: bytes
    proof: tuple[bytes, ...]


def groups_of(size: int) -> int:
    """How many groups the chunks of `size` coordinates make."""
    return -(-chunk_count(size) // GROUP)


def supplies(federation: Federation, number: int, part: Part, party: Address) -> list[Supply]:
    """What was supplied in round `number` of `party`'s `part`, where the transaction itself says it."""
    found = []
    for each in federation.events(Supplied, round=number, party=party):
        if each.part is not part:
            continue
        call = federation.chain.transaction(each.tx_hash)
        if call["to"] != federation.address:
            continue  # another contract called, and its calldata is in no transaction
        content = bytes(call["input"])
        with suppress(DecodingError):  # a node may say that it was anything
            _, index, _, chunk = decode(_ARGUMENTS, content[4:])
            if content[:4] == _SELECTOR and index == each.index:
                found.append(Supply(index, chunk[5], chunk[6]))
    return found


def update_shown(federation: Federation, revealed: Revealed) -> bytes:
    """All of an update, where each of its groups was supplied; else empty."""
    width, count = federation.terms.width, groups_of(federation.terms.size)
    shown = {
        each.index: each.data
        for each in supplies(federation, revealed.round, Part.UPDATE, revealed.party)
        if climb(group_node(each, width), each.proof, each.index, count) == revealed.root
    }
    return b"".join(shown[place] for place in range(count)) if len(shown) == count else b""


def chunks_in(supply: Supply, width: int) -> list[bytes]:
    """The leaves of a group, by the bytes supplied."""
    stride, first = CHUNK * width, GROUP * supply.index
    places = range(0, len(supply.data), stride)
    return [_leaf(TAG, first + at // stride, supply.data[at : at + stride]) for at in places]


def group_node(supply: Supply, width: int) -> bytes:
    """The root of a group; that of no tree where nothing was supplied."""
    return root_of(chunks_in(supply, width)) if supply.data else b""


def trace_node(supply: Supply) -> bytes:
    """The leaf of a trace, by the bytes supplied."""
    return _leaf(GRAM, supply.index, supply.data)


def _leaf(tag: bytes, number: int, data: bytes) -> bytes:
    return keccak(tag + number.to_bytes(4, "big") + data)


@dataclass
class Sight:
    """A tree with `root` of which some nodes are known, beside the right one over `leaves`.

    Both have the same shape. `known` is by level (0: leaves) and place.
    """

    root: bytes
    leaves: Sequence[bytes]
    known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.right = levels_of(self.leaves)
        self.known[len(self.right) - 1, 0] = self.root

    def learn(self, level: int, place: int, node: bytes, proof: Sequence[bytes]) -> bool:
        """Take in what a proof tells of the nodes on its way and beside it; False if it leads elsewhere."""
        if climb(node, proof, place, len(self.right[level])) != self.root:
            return False
        rest = iter(proof)
        for above in range(level, len(self.right) - 1):
            self.known[above, place] = node
            if place ^ 1 < len(self.right[above]):
                beside = self.known[above, place ^ 1] = next(rest)
                node = keccak(beside + node if place % 2 else node + beside)
            place //= 2
        return True

    def first_wrong(self, level: int = 0) -> tuple[int, int]:
        """The first node at `level` that differs, or the node above it below which nothing is known."""
        above, place = len(self.right) - 1, 0
        while above > level:
            children = [each for each in (2 * place, 2 * place + 1) if each < len(self.right[above - 1])]
            if len(children) == 1:
                self.known[above - 1, children[0]] = self.known[above, place]
            if not all((above - 1, each) in self.known for each in children):
                return above, place
            above -= 1
            wrong = (each for each in children if self.known[above, each] != self.right[above][each])
            place = next(wrong, children[0])
        return above, place

    def proof(self, place: int, level: int = 0) -> tuple[Digest, ...]:
        """The siblings of a node up to the root; those not known are in branches that are right."""
        found = []
        for above in range(level, len(self.right) - 1):
            beside = place ^ 1
            if beside < len(self.right[above]):
                found.append(Digest(self.known.get((above, beside), self.right[above][beside])))
            place //= 2
        return tuple(found)
