"""Recompute a claim, and show the first thing that is wrong with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import ChunkPair, Claim, Federation, Part, PartyChunk
from orchestrator.chain import Account
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import CHUNK, Integers, encode, leaves
from orchestrator.learning.aggregation.gram import packed, trace_leaf
from orchestrator.merkle import proof_of, root_of
from orchestrator.systems.federation.aggregating import Result, compute, current_model
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.rounds import (
    Opened,
    links,
    opened,
    pending_claim,
    read_model,
    seats_of,
)
from orchestrator.systems.federation.supplies import (
    GROUP,
    Sight,
    chunks_in,
    group_node,
    supplies,
    trace_node,
)
from orchestrator.types import Digest

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

AT_ONCE = 8
"""Parts of a tree that are demanded together, at most."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a claim, in a sentence; `call` refutes it, where one transaction does.

    Else the claimer has not shown where: the `places` of `wanted` have to be demanded.
    """

    sentence: str
    call: "Call | None" = None
    wanted: Part | None = None
    places: tuple[int, ...] = ()


def check(session: Session, federation: Federation) -> Fault | None:
    """The first fault of the pending claim; None if it is right, or there is none.

    Raises StorageError for an update that is not to be had.
    """
    claim = pending_claim(federation)
    if claim is None:
        return None
    seats = seats_of(federation)
    updates = opened(session, federation, federation.state().round, claim.accepted, seats)
    model = current_model(session, federation)
    right = compute(federation, model, updates, claim.merits)
    if claim.gram_root != right.gram_root:
        return _step(federation, claim, updates, right)
    if (claim.selected, claim.factors, claim.merits) != (right.selected, right.factors, right.merits):
        return _selection(federation, claim, right)
    if claim.model_root == right.root:
        return None
    picked = [each for each in updates if claim.selected >> each.seat & 1]
    try:
        claimed = read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, IntegrityError, StorageError) as error:
        return _hidden(federation, claim, picked, model, right, error.message)
    place = int((claimed != right.model).nonzero()[0][0])
    index = place // CHUNK
    shown = _shown(claimed, index)
    told = f"coordinate {place} is {claimed[place]}, and should be {right.model[place]}"
    return Fault(told, _chunk_call(federation, claim, picked, model, index, shown))


def refute(session: Session, federation: Federation, refuter: Account, fault: Fault) -> int:
    """Announce the evidence, then show it; returns the reward in the currency's smallest units.

    The announcement, a block ahead, keeps the reward from whoever copies the evidence.
    """
    if fault.call is None:
        raise DataError(
            fault.sentence, "`diln federation step` demands on-chain what tells where; refute it then."
        )
    data = keccak(hexstr=fault.call._encode_transaction_data())
    mark = Digest(keccak(bytes.fromhex(refuter.address[2:]).rjust(32, b"\0") + data))
    act(session, federation.announce(mark), refuter, "announce", mark.hex()[:16])
    before = federation.balance_of(refuter.address)
    act(session, fault.call, refuter, "refute", data.hex()[:16])
    return federation.balance_of(refuter.address) - before


def _step(federation: Federation, claim: Claim, updates: list[Opened], right: Result) -> Fault:
    """Where the trace goes wrong first, as far as its leaves are known."""
    nodes = [trace_leaf(number, each) for number, each in enumerate(right.products)]
    sight = Sight(claim.gram_root, nodes)
    for each in supplies(federation, federation.state().round, Part.TRACE, claim.claimer):
        sight.learn(0, each.index, trace_node(each), each.proof)
    level, place = sight.first_wrong()
    if level:
        told = "the trace does not follow from the updates"
        return Fault(told, wanted=Part.TRACE, places=_spread(level, place, len(nodes)))
    before = packed(right.products[place - 1]) if place else b""
    before_proof = sight.proof(place - 1) if place else ()
    evidence = [_chunk(each, place) for each in updates]
    leaf = Digest(sight.known[0, place])
    call = federation.refute_step(claim, evidence, place, before, before_proof, leaf, sight.proof(place))
    return Fault(f"the trace does not follow from the updates at chunk {place}", call)


def _selection(federation: Federation, claim: Claim, right: Result) -> Fault:
    told = "what is selected, or by which factors or merits, does not follow from the updates"
    nodes = [trace_leaf(number, each) for number, each in enumerate(right.products)]
    last = len(nodes) - 1
    call = federation.refute_selection(claim, packed(right.products[last]), proof_of(nodes, last))
    return Fault(told, call)


def _hidden(
    federation: Federation, claim: Claim, picked: list[Opened], before: Integers, right: Result, why: str
) -> Fault:
    """The first wrong chunk of a model whose file nobody gives, as far as its groups were supplied."""
    rights = leaves(right.model, 4)
    groups = [root_of(rights[at : at + GROUP]) for at in range(0, len(rights), GROUP)]
    sight, shown = Sight(claim.model_root, groups), {}
    for each in supplies(federation, federation.state().round, Part.MODEL, claim.claimer):
        if sight.learn(0, each.index, group_node(each, 4), each.proof):
            shown[each.index] = each
    level, place = sight.first_wrong()
    told = "the claimed model is not the right one"
    if level or place not in shown:
        wanted = _spread(level, place, len(groups))
        return Fault(f"{told}, and cannot be had: {why}", wanted=Part.MODEL, places=wanted)
    own = chunks_in(shown[place], 4)
    within = next(at for at, node in enumerate(own) if node != rights[GROUP * place + at])
    stride = CHUNK * 4
    data = shown[place].data[within * stride : (within + 1) * stride]
    proof = (*proof_of(own, within), *map(Digest, shown[place].proof))
    index = GROUP * place + within
    call = _chunk_call(federation, claim, picked, before, index, (data, proof))
    return Fault(f"{told}, at chunk {index}", call)


def _spread(level: int, place: int, count: int) -> tuple[int, ...]:
    """Some of the leaves below a node, evenly: what is shown of them leaves an eighth of it."""
    first, end = place << level, min(place + 1 << level, count)
    return tuple(range(first, end, max(1, -(-(end - first) // AT_ONCE))))


def _chunk_call(
    federation: Federation,
    claim: Claim,
    picked: list[Opened],
    before: Integers,
    index: int,
    claimed: tuple[bytes, tuple[Digest, ...]],
) -> "Call":
    evidence = [_chunk(each, index) for each in picked]
    pair = ChunkPair(index, *_shown(before, index), *claimed)
    return federation.refute_chunk(claim, links(federation)[-1], evidence, pair)


def _chunk(own: Opened, index: int) -> PartyChunk:
    update, revealed = own.update, own.revealed
    stride = CHUNK * update.width
    return PartyChunk(
        revealed.party,
        revealed.root,
        revealed.weight,
        revealed.shift,
        revealed.cid,
        update.data[index * stride : (index + 1) * stride],
        proof_of(leaves(update.raw, update.width), index),
    )


def _shown(model: Integers, index: int) -> tuple[bytes, tuple[Digest, ...]]:
    """A chunk of a model, and its proof."""
    stride = CHUNK * 4
    data = encode(model, 4)[index * stride : (index + 1) * stride]
    return data, proof_of(leaves(model, 4), index)
