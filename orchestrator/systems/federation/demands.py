"""Bytes that nobody can fetch: demanded on-chain at a stake, shown there, and the end of the silent.

Who does not show in time what it revealed or claimed loses its seat and the fine, or its bond. Whoever
demands what is shown then loses the stake to who showed it.
"""

import secrets
from collections.abc import Iterator

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import (
    Claim,
    Claimed,
    DemandClosed,
    Demanded,
    Federation,
    Part,
    PartyChunk,
    Phase,
    Revealed,
    Supplied,
)
from orchestrator.chain import Account
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.learning.aggregation.chunks import CHUNK, encode, leaves
from orchestrator.learning.aggregation.gram import packed, trace_leaf
from orchestrator.merkle import proof_of, root_of
from orchestrator.systems.federation import refuting
from orchestrator.systems.federation.aggregating import expected
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.joining import amount, money_of
from orchestrator.systems.federation.party import kept
from orchestrator.systems.federation.rounds import (
    NO_SEAT,
    NOTHING,
    claim_hash,
    claims,
    has_committee,
    pending_claim,
    phase_of,
    read_model,
    read_update,
    revealed_in,
    unavailable,
)
from orchestrator.systems.federation.supplies import GROUP, groups_of, supplies
from orchestrator.types import ZERO_ADDRESS, Address, Digest, Wei

Shown = tuple[bytes, tuple[Digest, ...]]
_NO_CLAIM = Claim(ZERO_ADDRESS, 0, NOTHING, NOTHING, 0, 0, 0, 0, NOTHING, 0)


def waiting(federation: Federation) -> list[Demanded]:
    """What is demanded in this round and neither shown nor given up, the oldest first."""
    state = federation.state()
    if not state.demanded:
        return []
    kinds: tuple[type[Demanded | Supplied | DemandClosed], ...] = (Demanded, Supplied, DemandClosed)
    told = [each for kind in kinds for each in federation.events(kind, round=state.round)]
    found: list[Demanded] = []
    for each in sorted(told, key=lambda event: event.place):
        if isinstance(each, Demanded):
            found.append(each)
            continue
        same = [
            one for one in found if (one.part, one.party, one.index) == (each.part, each.party, each.index)
        ]
        # Of a claim that fell there may be an older one.
        late = isinstance(each, DemandClosed) and not each.silent
        found.remove(same[0] if late else same[-1])
    return found


def answer(session: Session, federation: Federation, party: Account) -> Iterator[str]:
    """Show what is demanded of `party` and can still be shown. Raises StorageError where it is lost."""
    now = session.chain.now()
    for each in waiting(federation):
        if each.party != party.address or each.deadline <= now or not _matters(federation, each):
            continue
        claim, chunk = pending_claim(federation) or _NO_CLAIM, _held(session, federation, each)
        call = federation.supply(each.part, each.index, claim, chunk)
        act(session, call, party, "supply", *_named(each))
        yield f"showed part {each.index} of its {_what(each.part)}, which somebody demanded"


def close(session: Session, federation: Federation, anyone: Account) -> Iterator[str]:
    """End the demands whose time is over, or that no longer matter."""
    while over := [each for each in waiting(federation) if _is_over(session, federation, each)]:
        each = over[0]
        pending = pending_claim(federation) or _NO_CLAIM
        claim = pending if each.part is Part.UPDATE else _claim_of(federation, each)
        act(
            session,
            federation.forfeit(each.part, each.party, each.index, claim),
            anyone,
            "forfeit",
            *_named(each),
        )
        yield f"closed a demand: part {each.index} of a {_what(each.part)} of {each.party}"


def is_any_over(session: Session, federation: Federation) -> bool:
    return any(_is_over(session, federation, each) for each in waiting(federation))


def wanted(session: Session, federation: Federation) -> list[tuple[Part, Address, int]]:
    """What has to be demanded now to go on: parts of updates that nobody gives, and of a wrong claim.

    Of an update one part at first, and all others when that was shown: who withholds it is mostly silent.
    """
    phase, claim = phase_of(federation), pending_claim(federation)
    if phase not in (Phase.CLAIMING, Phase.CHALLENGING) or session.chain.now() >= _demands_end(federation):
        return []
    accepted = claim.accepted if claim else federation.judgement().accepted
    asked = {(each.part, each.party, each.index) for each in waiting(federation)}
    missing = [
        each
        for each, _ in unavailable(session, federation, federation.state().round)
        if _is_in(accepted, federation.party_of(each.party).seat)
    ]
    found = [(Part.UPDATE, each.party, index) for each in missing for index in _asked_of(federation, each)]
    if claim and not missing:
        fault = refuting.check(session, federation)
        if fault and fault.wanted is not None:
            found += [(fault.wanted, claim.claimer, place) for place in fault.places]
    return [each for each in found if each not in asked]


def ask(
    session: Session, federation: Federation, asker: Account, consent: Consent | None = None
) -> Iterator[str]:
    """Demand what is `wanted`, each at the stake."""
    parts = wanted(session, federation)
    stake, money = amount(federation, federation.terms.stake), money_of(federation)
    if parts and consent:
        said = f"{money.show(stake)} are staked on each of {len(parts)} demands: whoever shows it takes them."
        consent(Wei(stake * len(parts)), [said])
    claim = pending_claim(federation) or _NO_CLAIM
    for part, party, index in parts:
        call = federation.demand(part, party, index, claim)
        once = (federation.state().round, part.name, party, index, claim_hash(claim).hex()[:16])
        act(session, call, asker, "demand", *once, value=stake if money.is_ether else 0)
        yield f"demanded part {index} of the {_what(part)} of {party}, which nobody gives"


def _asked_of(federation: Federation, revealed: Revealed) -> list[int]:
    count = groups_of(federation.terms.size)
    shown = {each.index for each in supplies(federation, revealed.round, Part.UPDATE, revealed.party)}
    if not shown:
        open_ = [
            each for each in waiting(federation) if each.part is Part.UPDATE and each.party == revealed.party
        ]
        return [] if open_ else [secrets.randbelow(count)]
    return [index for index in range(count) if index not in shown]


def _demands_end(federation: Federation) -> int:
    """Until when the contract takes demands."""
    terms, state = federation.terms, federation.state()
    if state.claimed_after:
        return state.since + state.claimed_after + terms.challenge - 2 * terms.supply
    judging = terms.judging * (2 if has_committee(federation) else 1)
    return state.since + terms.committing + terms.revealing + judging + terms.turn


def _is_over(session: Session, federation: Federation, each: Demanded) -> bool:
    return each.deadline <= session.chain.now() or not _matters(federation, each)


def _matters(federation: Federation, each: Demanded) -> bool:
    if each.part is Part.UPDATE:
        return _is_in(federation.state().revealed, federation.party_of(each.party).seat)
    last = claims(federation)[-1]
    return pending_claim(federation) is not None and last.place < each.place


def _is_in(mask: int, seat: int) -> bool:
    return seat != NO_SEAT and bool(mask >> seat & 1)


def _claim_of(federation: Federation, each: Demanded) -> Claim:
    """The claim of which a part is demanded."""
    before: list[Claimed] = [one for one in claims(federation) if one.place < each.place]
    return before[-1].claim


def _held(session: Session, federation: Federation, each: Demanded) -> PartyChunk:
    """The part that is demanded, with its proof, and the head of the update (of no meaning for claims)."""
    if each.part is Part.UPDATE:
        own = next(one for one in revealed_in(federation, each.round) if one.party == each.party)
        held = kept(session, federation, each.party, each.round)
        update = held.update if held else read_update(session, federation, own)
        shown = _group(update.data, leaves(update.raw, update.width), update.width, each.index)
        return PartyChunk(own.party, own.root, own.weight, own.shift, own.cid, *shown)
    claim = _claim_of(federation, each)
    return PartyChunk(each.party, NOTHING, 0, 0, NOTHING, *_claimed(session, federation, claim, each))


def _claimed(session: Session, federation: Federation, claim: Claim, each: Demanded) -> Shown:
    if each.part is Part.TRACE:
        products = expected(session, federation, claim).products
        nodes = [trace_leaf(number, one) for number, one in enumerate(products)]
        return packed(products[each.index]), proof_of(nodes, each.index)
    try:
        model = read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, IntegrityError, StorageError):
        model = expected(session, federation, claim).model
    return _group(encode(model, 4), leaves(model, 4), 4, each.index)


def _group(data: bytes, nodes: list[bytes], width: int, index: int) -> Shown:
    stride = GROUP * CHUNK * width
    groups = [root_of(nodes[at : at + GROUP]) for at in range(0, len(nodes), GROUP)]
    return data[index * stride : (index + 1) * stride], proof_of(groups, index)


def _named(each: Demanded) -> tuple[object, ...]:
    """What tells a demand from others, in names of files."""
    return each.round, keccak(repr((each.part.name, each.party, each.index, *each.place)).encode()).hex()[:16]


def _what(part: Part) -> str:
    return {Part.UPDATE: "update", Part.MODEL: "claimed model", Part.TRACE: "trace"}[part]
