"""Ask on-chain for bytes that nobody gives, show what is asked for, and close what is over."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Claim, Claimed, Demanded, Federation, Mode, Part, PartyChunk
from orchestrator.chain import Account
from orchestrator.errors import DataError, StorageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.learning.aggregation.chunks import Integers, encode
from orchestrator.systems.federation import aggregating
from orchestrator.systems.federation.finding import act
from orchestrator.systems.federation.joining import amount, money_of, pay
from orchestrator.systems.federation.party import kept
from orchestrator.systems.federation.rounds import (
    NO_SEAT,
    NOTHING,
    claim_hash,
    claims,
    pending_claim,
    read_model,
    read_update,
    revealed_in,
)
from orchestrator.systems.federation.supplied import Shown, group, group_count, leaf_group, supplied
from orchestrator.types import ZERO_ADDRESS, Address, Wei

NO_CLAIM = Claim(ZERO_ADDRESS, 0, NOTHING, NOTHING, 0, 0, 0, 0, NOTHING, 0)
"""What goes with a demand of an update where no claim is pending."""


@dataclass(frozen=True)
class Ask:
    """Parts of what `party` revealed or claimed."""

    part: Part
    party: Address
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Open:
    """A demand that nobody has answered, with the claim that it is of."""

    part: Part
    party: Address
    index: int
    claim: Claim
    asker: Address
    deadline: int
    matters: bool
    """Whether silence costs something: the update is in the round, the claim is the pending one."""


def open_demands(federation: Federation) -> list[Open]:
    """All open demands of the round, the oldest first."""
    state, pending = federation.state(), pending_claim(federation)
    posted = claims(federation, [state.round])
    found: dict[object, Open] = {}
    for each in federation.events(Demanded, round=state.round):
        own = each.part is not Part.UPDATE
        claim = (_before(posted, each) if own else pending) or NO_CLAIM
        key = each.part, each.party, each.index, claim_hash(claim) if own else NOTHING
        deadline = federation.demand_of(each.part, each.party, each.index, claim).deadline
        if deadline == 0:
            continue
        if own:
            matters = claim == pending
        else:
            seat = federation.party_of(each.party).seat
            matters = seat != NO_SEAT and bool(state.revealed >> seat & 1)
        found[key] = Open(each.part, each.party, each.index, claim, each.asker, deadline, matters)
    return list(found.values())


def _before(posted: Sequence[Claimed], demanded: Demanded) -> Claim | None:
    """The claim that a part was demanded of."""
    return next((each.claim for each in reversed(posted) if each.place < demanded.place), None)


def missing(session: Session, federation: Federation, mask: int) -> list[Ask]:
    """What has to be demanded of the updates of the seats in `mask`, so that they can be aggregated.

    Of each one part at first, and all others once that was shown: who withholds is mostly silent.
    """
    found: list[Ask] = []
    open_ = {each.party for each in open_demands(federation) if each.part is Part.UPDATE}
    count = group_count(federation.terms.size)
    for each in revealed_in(federation, federation.state().round):
        seat = federation.party_of(each.party).seat
        if seat == NO_SEAT or not mask >> seat & 1:
            continue
        try:
            read_update(session, federation, each)
        except (DataError, StorageError):
            if each.party not in open_:
                whole = range(_count(federation))
                left = undemanded(federation, Part.UPDATE, each.party, whole, NO_CLAIM)
                found += [_tried(one, count) for one in left]
    return found


def _tried(asked: Ask, count: int) -> Ask:
    """One part of it, where none was asked for yet; which one, nobody knows beforehand."""
    return replace(asked, indices=(secrets.choice(asked.indices),)) if len(asked.indices) == count else asked


def undemanded(
    federation: Federation, part: Part, party: Address, indices: Iterable[int], claim: Claim
) -> list[Ask]:
    """Those of `indices` that nobody demanded yet; no Ask, if there are none."""
    left = tuple(
        index for index in indices if federation.demand_of(part, party, index, claim).asker == ZERO_ADDRESS
    )
    return [Ask(part, party, left)] if left else []


def _count(federation: Federation) -> int:
    """Of parts of an update or a model; a vector is shown as a whole."""
    return 1 if federation.terms.mode is Mode.DIRECT else group_count(federation.terms.size)


def within(federation: Federation, asker: Address, asks: Sequence[Ask], worth: int) -> list[Ask]:
    """As many of `asks` as may be staked on, where at most `worth` units may be lost in a round.

    Whoever shows a part keeps its stake. Of claims some parts, spread evenly, tell of the others; an update
    is asked for whole or not at all.
    """
    number = federation.state().round
    spent = sum(each.asker == asker for each in federation.events(Demanded, round=number))
    left, found = max(worth // federation.terms.stake - spent, 0), []
    for each in asks:
        count = min(left, len(each.indices))
        if each.part is Part.UPDATE and count < len(each.indices):
            continue
        if count:
            step = len(each.indices) / count
            found.append(replace(each, indices=tuple(each.indices[int(at * step)] for at in range(count))))
        left -= count
    return found


def ask(
    session: Session,
    federation: Federation,
    asker: Account,
    asks: Sequence[Ask],
    consent: Consent | None = None,
) -> int:
    """Demand all of `asks`, each with a stake; returns how many.

    Raises ContractReverted outside the time for it, InsufficientFunds.
    """
    count, money = sum(len(each.indices) for each in asks), money_of(federation)
    stake = amount(federation, federation.terms.stake)
    if consent and count:
        said = f"{money.show(stake * count)} are staked; they return unless what is asked for is shown."
        consent(Wei(stake * count), [said])
    claim = pending_claim(federation) or NO_CLAIM
    number = federation.state().round
    for each in asks:
        for index in each.indices:
            about = _mark(each.part, each.party, index, claim if each.part is not Part.UPDATE else NO_CLAIM)
            call = federation.demand(each.part, each.party, index, claim)
            pay(session, federation, call, asker, stake, "demand", number, about)
    return count


def show(session: Session, federation: Federation, account: Account) -> int:
    """Answer what is demanded of `account`; returns how many parts it showed.

    Raises StorageError, IntegrityError for bytes that are not here any longer.
    """
    shown = 0
    for each in due(federation, account.address, int(session.chain.now())):
        _supply(session, federation, account, each)
        shown += 1
    return shown


def show_others(session: Session, federation: Federation, account: Account) -> int:
    """Answer with what is here of the updates that are demanded of others; returns how many parts it showed.

    The stakes are their party's, and so not `account`'s to spend: what it demanded itself is left out.
    """
    shown = 0
    for each in of_others(federation, account.address, int(session.chain.now())):
        with suppress(DataError, StorageError):  # it is not here either
            _supply(session, federation, account, each)
            shown += 1
    return shown


def _supply(session: Session, federation: Federation, account: Account, each: Open) -> None:
    evidence = _evidence(session, federation, each)
    call = federation.supply(each.part, each.index, each.claim, evidence)
    about = _mark(each.part, each.party, each.index, each.claim)
    act(session, call, account, "supply", federation.state().round, about, each.deadline)


def of_others(federation: Federation, who: Address, now: int) -> list[Open]:
    """The updates that others than `who` have to show, and others demanded."""
    return [
        each
        for each in open_demands(federation)
        if who not in (each.party, each.asker)
        and each.part is Part.UPDATE
        and each.matters
        and now < each.deadline
    ]


def due(federation: Federation, party: Address, now: int) -> Iterator[Open]:
    """What `party` has to show."""
    return (
        each
        for each in open_demands(federation)
        if each.party == party and each.matters and now < each.deadline
    )


def close(session: Session, federation: Federation, anyone: Account) -> int:
    """Close demands whose time is over, or that no longer matter; returns how many."""
    closed = 0
    while over := next((each for each in open_demands(federation) if _over(session, each)), None):
        call = federation.forfeit(over.part, over.party, over.index, over.claim)
        about = _mark(over.part, over.party, over.index, over.claim)
        act(session, call, anyone, "forfeit", federation.state().round, about, over.deadline)
        closed += 1
    return closed


def _mark(part: Part, party: Address, index: int, claim: Claim) -> str:
    """What tells one demand of a round from the others, in a file's name."""
    return keccak(repr((int(part), party, index, claim_hash(claim))).encode()).hex()[:16]


def _over(session: Session, each: Open) -> bool:
    return not each.matters or int(session.chain.now()) >= each.deadline


def _evidence(session: Session, federation: Federation, each: Open) -> PartyChunk:
    """What answers a demand."""
    terms, number = federation.terms, federation.state().round
    if each.part is Part.UPDATE:
        revealed = next(one for one in revealed_in(federation, number) if one.party == each.party)
        held = kept(session, federation, each.party, number)
        own = held.update if held and held.update.root == revealed.root else None
        update = own or read_update(session, federation, revealed)
        direct = terms.mode is Mode.DIRECT
        shown = Shown(update.data, ()) if direct else group(update.data, terms.width, each.index)
        head = revealed.root, revealed.weight, revealed.shift, revealed.cid
        return PartyChunk(each.party, *head, shown.data, shown.proof)
    if each.part is Part.MODEL:
        model = _claimed_model(session, federation, each.claim)
        shown = group(encode(model, 4), 4, each.index)
    else:
        shown = leaf_group(aggregating.expected(session, federation, each.claim).leaves, each.index)
    return PartyChunk(each.party, NOTHING, 0, 0, NOTHING, shown.data, shown.proof)


def _claimed_model(session: Session, federation: Federation, claim: Claim) -> Integers:
    """From storage, or computed again: the bond is at stake."""
    try:
        return read_model(session, federation, claim.model_root, claim.cid)
    except (DataError, StorageError):
        right = aggregating.expected(session, federation, claim)
        if right.root != claim.model_root:
            raise
        return right.model


def trace_supplied(federation: Federation, claim: Claim) -> dict[int, Shown]:
    """The leaves of the pending claim's trace that were supplied."""
    return supplied(federation, Part.TRACE, claim.claimer, federation.state().round, claim)
