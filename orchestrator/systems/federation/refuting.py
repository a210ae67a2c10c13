"""Recompute a claim, and show the first thing that is wrong with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import ChunkPair, Claim, Federation, MaskedChunk, Part, PartyChunk
from orchestrator.chain import Account
from orchestrator.errors import DataError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import CHUNK, MODEL_WIDTH, Integers, encode, leaves
from orchestrator.learning.aggregation.gram import packed
from orchestrator.merkle import proof_of, root_of
from orchestrator.systems.federation.aggregating import Result, compute
from orchestrator.systems.federation.claimedtree import ClaimedTree
from orchestrator.systems.federation.demanding import Ask, missing, trace_supplied, undemanded
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.masking import is_masked, told_sheet
from orchestrator.systems.federation.rounds import (
    Opened,
    current_model,
    last_link,
    opened,
    pending_claim,
    read_model,
    seats_of,
)
from orchestrator.systems.federation.supplied import GROUP, LEAVES, chunks_of, leaves_of, supplied
from orchestrator.types import Digest

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

    Raises StorageError for an update that is not available, as long as it may still be shown.
    """
    claim = pending_claim(federation)
    if claim is None:
        return None
    seats = seats_of(federation)
    try:
        updates = opened(session, federation, federation.state().round, claim.accepted, seats)
    except (DataError, StorageError) as error:
        if asks := missing(session, federation, claim.accepted):
            return Fault(f"an update that is in cannot be fetched: {error.message}", asks=tuple(asks))
        raise
    model = current_model(session, federation)
    right = compute(federation, model, updates, claim.merits)
    if claim.gram_root != right.gram_root:
        return _trace(federation, claim, right, updates)
    if (claim.selected, claim.factors, claim.merits) != (right.selected, right.factors, right.merits):
        return _selection(federation, claim, right)
    if claim.model_root == right.root:
        return None
    picked = [each for each in updates if claim.selected >> each.seat & 1]
    try:
        claimed = read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, StorageError) as error:
        return _hidden(federation, claim, picked, model, right, error.message)
    place = int((claimed != right.model).nonzero()[0][0])
    index = place // CHUNK
    call = _refutation(federation, claim, picked, model, index, _shown(claimed, index))
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


def _hidden(
    federation: Federation, claim: Claim, picked: list[Opened], before: Integers, right: Result, why: str
) -> Fault:
    """The first wrong chunk of a model that nobody provides, or which parts have to be shown to find it."""
    nodes = leaves(right.model, MODEL_WIDTH)
    tree = ClaimedTree(
        [root_of(nodes[at : at + GROUP]) for at in range(0, len(nodes), GROUP)], claim.model_root
    )
    shown = supplied(federation, Part.MODEL, claim.claimer, federation.state().round, claim)
    for index, each in shown.items():
        tree.learn(index, root_of(chunks_of(each.data, MODEL_WIDTH, index)), each.proof)
    wrong, unknown = tree.first_wrong()
    told = "the claimed model is not the right one"
    if wrong is None or wrong not in shown:
        wanted = unknown if wrong is None else (wrong,)
        asks = undemanded(federation, Part.MODEL, claim.claimer, wanted, claim)
        return Fault(f"{told}, and cannot be fetched: {why}", asks=tuple(asks))
    part, stride = shown[wrong], CHUNK * MODEL_WIDTH
    own = chunks_of(part.data, MODEL_WIDTH, wrong)
    within = next(at for at, node in enumerate(own) if node != nodes[GROUP * wrong + at])
    chunk = part.data[within * stride : (within + 1) * stride], (*proof_of(own, within), *part.proof)
    index = GROUP * wrong + within
    return Fault(f"{told}, at chunk {index}", _refutation(federation, claim, picked, before, index, chunk))


def _trace(federation: Federation, claim: Claim, right: Result, updates: list[Opened]) -> Fault:
    """The first leaf of the trace that is wrong, or which have to be shown to find it."""
    told = "the trace does not follow from the updates"
    tree = ClaimedTree(right.leaves, claim.gram_root)
    for index, shown in trace_supplied(federation, claim).items():
        for place, (leaf, proof) in enumerate(leaves_of(shown)):
            tree.learn(LEAVES * index + place, leaf, proof)
    wrong, unknown = tree.first_wrong()
    if wrong is None:
        groups = dict.fromkeys(each // LEAVES for each in unknown)
        return Fault(told, asks=tuple(undemanded(federation, Part.TRACE, claim.claimer, groups, claim)))
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
    if not right.products:
        return Fault(told)
    proof = proof_of(right.leaves, len(right.products) - 1)
    call = federation.refute_selection(claim, packed(right.products[-1]), proof)
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


def _refutation(
    federation: Federation,
    claim: Claim,
    picked: list[Opened],
    before: Integers,
    index: int,
    claimed: tuple[bytes, tuple[Digest, ...]],
) -> "Call":
    evidence = [_chunk(each, index) for each in picked]
    pair = ChunkPair(index, *_shown(before, index), *claimed)
    if is_masked(federation):
        sheets = [told_sheet(federation, each.revealed) for each in picked]
        pairs = zip(evidence, sheets, strict=True)
        shown = [MaskedChunk(chunk, sheet.to_bytes()) for chunk, sheet in pairs if sheet]
        return federation.refute_masked(claim, last_link(federation), shown, pair)
    return federation.refute_chunk(claim, last_link(federation), evidence, pair)


def _shown(model: Integers, index: int) -> tuple[bytes, tuple[Digest, ...]]:
    """A chunk of a model, and its proof."""
    stride = CHUNK * 4
    data = encode(model, 4)[index * stride : (index + 1) * stride]
    return data, proof_of(leaves(model, 4), index)
