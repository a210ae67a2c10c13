"""What parties had to show on-chain, which the contract compared with what they revealed or claimed."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.bindings.federation import Claim, Claimed, Federation, Mode, Part, Revealed, Supplied
from orchestrator.learning.aggregation.chunks import CHUNK, chunk_count, leaf
from orchestrator.merkle import levels_of, proof_of, root_of, siblings
from orchestrator.types import Address, Digest

_ARGUMENT = 4 + 64
"""Where the only argument of a call begins, if it is bytes."""

GROUP = 16
"""Chunks that are demanded at once."""

LEAVES = 256
"""Leaves of a trace that are demanded at once. They are hashes, by which a wrong one is found."""


@dataclass(frozen=True)
class Shown:
    """A part as it was supplied."""

    data: bytes
    proof: tuple[Digest, ...]


def group_count(size: int) -> int:
    """Into how many parts a model or update of `size` coordinates is cut."""
    return -(-chunk_count(size) // GROUP)


def group(data: bytes, width: int, index: int) -> Shown:
    """Part `index` of a vector of `width` bytes a coordinate, with its proof."""
    stride = CHUNK * width
    leaves = chunks_of(data, width)
    nodes = [root_of(leaves[at : at + GROUP]) for at in range(0, len(leaves), GROUP)]
    first = index * GROUP * stride
    return Shown(data[first : first + GROUP * stride], proof_of(nodes, index))


def leaf_group(leaves: Sequence[bytes], index: int) -> Shown:
    """Part `index` of a trace's leaves, with its proof."""
    nodes = [root_of(leaves[at : at + LEAVES]) for at in range(0, len(leaves), LEAVES)]
    return Shown(b"".join(leaves[index * LEAVES : (index + 1) * LEAVES]), proof_of(nodes, index))


def leaves_of(shown: Shown) -> Iterator[tuple[bytes, tuple[Digest, ...]]]:
    """The leaves of a part of a trace, each with its proof."""
    nodes = [shown.data[at : at + 32] for at in range(0, len(shown.data), 32)]
    levels = levels_of(nodes)
    return ((node, (*siblings(levels, place), *shown.proof)) for place, node in enumerate(nodes))


def chunks_of(data: bytes, width: int, number: int = 0) -> list[bytes]:
    """The leaves of what begins with part `number` of a vector of `width` bytes a coordinate."""
    stride = CHUNK * width
    return [leaf(GROUP * number + at // stride, data[at : at + stride]) for at in range(0, len(data), stride)]


def supplied(
    federation: Federation, part: Part, party: Address, number: int, claim: Claim | None = None
) -> dict[int, Shown]:
    """By index, what was supplied in round `number` of `party`'s update, or of its `claim`."""
    posted = list(federation.events(Claimed, round=number))
    found = {}
    for each in federation.events(Supplied, round=number, party=party):
        last = next((one.claim for one in reversed(posted) if one.place < each.place), None)
        if each.part != part or (claim is not None and last != claim):
            continue
        found[each.index] = Shown(each.data, each.proof)
    return found


def update_supplied(federation: Federation, revealed: Revealed) -> bytes | None:
    """The bytes of an update that was demanded as a whole and supplied, or that went with a sum."""
    shown = supplied(federation, Part.UPDATE, revealed.party, revealed.round)
    if federation.terms.mode is Mode.DIRECT:
        return shown[0].data if 0 in shown else _summed(federation, revealed)
    return _whole(shown, group_count(federation.terms.size))


def _summed(federation: Federation, revealed: Revealed) -> bytes | None:
    """A vector out of the calldata of the round's sum; None where another contract had added them up."""
    stride = 20 + federation.terms.size
    for each in federation.events(Claimed, round=revealed.round):
        sent = bytes(federation.chain.transaction(each.tx_hash)["input"])
        at = sent.find(bytes.fromhex(revealed.party[2:]), _ARGUMENT)
        if at >= 0 and (at - _ARGUMENT) % stride == 0:
            data = sent[at + 20 : at + stride]
            if hashlib.sha256(data).digest() == revealed.root:
                return data
    return None


def _whole(shown: dict[int, Shown], count: int) -> bytes | None:
    if any(index not in shown for index in range(count)):
        return None
    return b"".join(shown[index].data for index in range(count))
