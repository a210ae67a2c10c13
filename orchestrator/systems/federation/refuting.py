"""Recompute a claim, and show the first thing that is wrong with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import ChunkPair, Claim, Federation, Part, PartyChunk
from orchestrator.chain import Account
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import CHUNK, MODEL_WIDTH, Integers, decode, encode, leaves
from orchestrator.learning.aggregation.gram import packed, trace_hash, trace_leaf
from orchestrator.merkle import proof_of
from orchestrator.systems.federation.aggregating import Result, compute
from orchestrator.systems.federation.claimedtree import ClaimedTree
from orchestrator.systems.federation.demanding import Ask, parts, trace_supplied
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.rounds import (
    Opened,
    current_model,
    links,
    opened,
    pending_claim,
    read_model,
    seats_of,
)
from orchestrator.systems.federation.supplied import model_supplied
from orchestrator.types import ZERO_ADDRESS, Digest

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


@dataclass(frozen=True)
class Fault:
    """What is wrong with a claim, in a sentence.

    `call` refutes it, where one transaction does; `asks` are what has to be demanded before.
    """

    sentence: str
    call: "Call | None" = None
    asks: tuple[Ask, ...] = ()


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
        return _trace(federation, claim, right, updates)
    if (claim.selected, claim.factors, claim.merits) != (right.selected, right.factors, right.merits):
        return _selection(federation, claim, right)
    if claim.model_root == right.root:
        return None
    try:
        claimed = _claimed(session, federation, claim)
    except (DataError, IntegrityError, StorageError) as error:
        asks = parts(federation, Part.MODEL, claim.claimer, claim)
        return Fault(f"the claimed model cannot be had: {error.message}", asks=tuple(asks))
    place = int((claimed != right.model).nonzero()[0][0])
    picked = [each for each in updates if claim.selected >> each.seat & 1]
    index = place // CHUNK
    call = federation.refute_chunk(
        claim,
        links(federation)[-1],
        [_chunk(each, index) for each in picked],
        _pair(model, claimed, index),
    )
    told = f"coordinate {place} is {claimed[place]}, and should be {right.model[place]}"
    return Fault(told, call)


def refute(session: Session, federation: Federation, refuter: Account, fault: Fault) -> int:
    """Announce the evidence, then show it; returns the reward in the currency's smallest units.

    The announcement, a block ahead, keeps the reward from whoever copies the evidence. Raises DataError where
    something has to be demanded before.
    """
    if fault.call is None:
        raise DataError(fault.sentence, "`diln federation demand` makes its party show it on-chain.")
    data = keccak(hexstr=fault.call._encode_transaction_data())
    mark = Digest(keccak(bytes.fromhex(refuter.address[2:]).rjust(32, b"\0") + data))
    act(session, federation.announce(mark), refuter, "announce", mark.hex()[:16])
    before = federation.balance_of(refuter.address)
    act(session, fault.call, refuter, "refute", data.hex()[:16])
    return federation.balance_of(refuter.address) - before


def _claimed(session: Session, federation: Federation, claim: Claim) -> Integers:
    """The claimed model, from storage or as it was supplied."""
    try:
        return read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, IntegrityError, StorageError):
        data = model_supplied(federation, claim, federation.state().round)
        if data is None:
            raise
        return decode(data, MODEL_WIDTH, federation.terms.size)


def _trace(federation: Federation, claim: Claim, right: Result, updates: list[Opened]) -> Fault:
    """The first leaf of the trace that is wrong, or which have to be shown to find it."""
    told = "the trace does not follow from the updates"
    nodes = [trace_leaf(number, each) for number, each in enumerate(right.products)]
    tree = ClaimedTree(nodes, claim.gram_root)
    for index, shown in trace_supplied(federation, claim).items():
        tree.learn(index, trace_hash(index, shown.data), shown.proof)
    wrong, unknown = tree.first_wrong()
    if wrong is None:
        left = tuple(
            index
            for index in unknown
            if federation.demand_of(Part.TRACE, claim.claimer, index, claim).asker == ZERO_ADDRESS
        )
        return Fault(told, asks=(Ask(Part.TRACE, claim.claimer, left),) if left else ())
    before = packed(right.products[wrong - 1]) if wrong else b""
    call = federation.refute_step(
        claim,
        [_chunk(each, wrong) for each in updates],
        wrong,
        before,
        tree.proof(wrong - 1) if wrong else (),
        Digest(tree.leaf(wrong)),
        tree.proof(wrong),
    )
    return Fault(f"{told}: step {wrong} is wrong", call)


def _selection(federation: Federation, claim: Claim, right: Result) -> Fault:
    told = "what is selected, or by which factors or merits, does not follow from the updates"
    nodes = [trace_leaf(number, each) for number, each in enumerate(right.products)]
    if not nodes:
        return Fault(told)
    last = len(nodes) - 1
    call = federation.refute_selection(claim, packed(right.products[last]), proof_of(nodes, last))
    return Fault(told, call)


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


def _pair(before: Integers, claimed: Integers, index: int) -> ChunkPair:
    return ChunkPair(index, *_shown(before, index), *_shown(claimed, index))


def _shown(model: Integers, index: int) -> tuple[bytes, tuple[Digest, ...]]:
    """A chunk of a model, and its proof."""
    stride = CHUNK * 4
    data = encode(model, 4)[index * stride : (index + 1) * stride]
    return data, proof_of(leaves(model, 4), index)
