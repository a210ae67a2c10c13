"""Recompute a claim, and show the first thing that is wrong with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import ChunkPair, Claim, Federation, PartyChunk
from orchestrator.chain import Account
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import CHUNK, Integers, encode, leaves
from orchestrator.learning.aggregation.gram import packed, trace_leaf
from orchestrator.merkle import proof_of
from orchestrator.systems.federation.aggregating import Result, compute
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
from orchestrator.types import Digest

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


@dataclass(frozen=True)
class Fault:
    """What is wrong with a claim, in a sentence; `call` refutes it, where one transaction does."""

    sentence: str
    call: "Call | None" = None


def check(session: Session, federation: Federation) -> Fault | None:
    """The first fault of the pending claim; None if it is right, or there is none.

    A model that nobody can fetch is a fault without a call: it has to be demanded on-chain.
    Raises StorageError for an update that is not to be had.
    """
    claim = pending_claim(federation)
    if claim is None:
        return None
    seats = seats_of(federation)
    updates = opened(session, federation, federation.state().round, claim.accepted, seats)
    model = current_model(session, federation)
    right = compute(federation, model, updates, claim.merits)
    if (claim.selected, claim.factors, claim.merits) != (right.selected, right.factors, right.merits):
        return _selection(federation, claim, right)
    if claim.gram_root != right.gram_root:
        return Fault("the root of the trace is another one; demand its leaves to see where")
    if claim.model_root == right.root:
        return None
    try:
        claimed = read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, IntegrityError, StorageError) as error:
        return Fault(f"the claimed model cannot be had: {error.message}; demand it")
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

    The announcement, a block ahead, keeps the reward from whoever copies the evidence.
    """
    if fault.call is None:
        raise DataError(
            fault.sentence, "Ask its party for it; the contract's `demand` makes it answer on-chain."
        )
    data = keccak(hexstr=fault.call._encode_transaction_data())
    mark = Digest(keccak(bytes.fromhex(refuter.address[2:]).rjust(32, b"\0") + data))
    act(session, federation.announce(mark), refuter, "announce", mark.hex()[:16])
    before = federation.balance_of(refuter.address)
    act(session, fault.call, refuter, "refute", data.hex()[:16])
    return federation.balance_of(refuter.address) - before


def _selection(federation: Federation, claim: Claim, right: Result) -> Fault:
    told = "what is selected, or by which factors or merits, does not follow from the updates"
    if claim.gram_root != right.gram_root or not right.products:
        return Fault(told + "; nor does the trace")
    nodes = [trace_leaf(number, each) for number, each in enumerate(right.products)]
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
