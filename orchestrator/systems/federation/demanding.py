"""Ask on-chain for bytes that nobody provides, show what is asked for, and close what is over."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import (
    Claim,
    Claimed,
    DemandClosed,
    Demanded,
    Federation,
    Mode,
    Part,
    PartyChunk,
    Supplied,
)
from orchestrator.chain import Account
from orchestrator.errors import ContractReverted, DataError, StorageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.learning.aggregation.chunks import Integers, encode
from orchestrator.systems.federation import aggregating
from orchestrator.systems.federation.finding import once
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

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

AT_ONCE = 32
"""Transactions that are on their way at once: of a large model, a thousand parts can be demanded together.

One after the other, a block each, they would not be shown in the time for it."""

_Act = tuple["Call", tuple[object, ...]]
"""A call, and what names it among those that happen only once."""

_Wait = Callable[[], object]

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
    # The contract is asked for what may be open alone: a stranger may have asked for thousands of parts.
    ended: list[Supplied | DemandClosed] = [
        *federation.events(Supplied, round=state.round),
        *federation.events(DemandClosed, round=state.round),
    ]
    over = Counter((each.part, each.party, each.index) for each in ended)
    demanded = sorted(federation.events(Demanded, round=state.round), key=lambda one: one.place)
    times = Counter((each.part, each.party, each.index) for each in demanded)
    for each in demanded:
        if times[each.part, each.party, each.index] == over[each.part, each.party, each.index]:
            continue
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

    Of each one part at first, and all others once that was shown: a party that withholds is mostly silent.
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
    number, acts = federation.state().round, list[_Act]()
    for each in asks:
        for index in each.indices:
            about = _mark(each.part, each.party, index, claim if each.part is not Part.UPDATE else NO_CLAIM)
            acts.append((federation.demand(each.part, each.party, index, claim), ("demand", number, about)))
    for page in _pages(acts):
        if money.is_ether:
            for wait in _begun(session, asker, page, stake):
                wait()
            continue
        for call, what in page:  # each approves what it takes
            pay(session, federation, call, asker, stake, *what)
    return count


def _pages(acts: Sequence[_Act]) -> Iterator[Sequence[_Act]]:
    return (acts[at : at + AT_ONCE] for at in range(0, len(acts), AT_ONCE))


def _begun(session: Session, account: Account, page: Sequence[_Act], value: int = 0) -> list[_Wait]:
    return [session.begin(call, account, once=once(call, account, *what), value=value) for call, what in page]


def _all_of(session: Session, account: Account, acts: Sequence[_Act]) -> int:
    """Do them; returns how many. What another has done meanwhile is refused, and needs not be done.

    Raises ContractReverted where all are refused.
    """
    done, refused = 0, None
    for page in _pages(acts):
        for wait in _begun(session, account, page):
            try:
                wait()
                done += 1
            except ContractReverted as error:
                refused = error
    if refused and not done:
        raise refused
    return done


def show(session: Session, federation: Federation, account: Account) -> int:
    """Answer what is demanded of `account`; returns how many parts it showed.

    Raises StorageError, IntegrityError for bytes that are not here any longer.
    """
    shown, asked = 0, list(due(federation, account.address, int(session.chain.now())))
    for at in range(0, len(asked), AT_ONCE):  # evidence of many parts is large
        page = [_supply(session, federation, each) for each in asked[at : at + AT_ONCE]]
        shown += _all_of(session, account, page)
    return shown


def show_others(session: Session, federation: Federation, account: Account) -> int:
    """Answer with what is here of the updates that are demanded of others; returns how many parts it showed.

    The stakes are their party's, and so not `account`'s to spend: what it demanded itself is left out.
    """
    acts = list[_Act]()
    for each in of_others(federation, account.address, int(session.chain.now())):
        with suppress(DataError, StorageError):  # it is not here either
            acts.append(_supply(session, federation, each))
    return _all_of(session, account, acts)


def _supply(session: Session, federation: Federation, each: Open) -> _Act:
    call = federation.supply(each.part, each.index, each.claim, _evidence(session, federation, each))
    about = _mark(each.part, each.party, each.index, each.claim)
    return call, ("supply", federation.state().round, about, each.deadline)


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
    # Some that fall take others with them, which can be closed then, too.
    while over := [each for each in open_demands(federation) if _over(session, each)]:
        number = federation.state().round
        closed += _all_of(session, anyone, [_forfeit(federation, number, each) for each in over])
    return closed


def _forfeit(federation: Federation, number: int, each: Open) -> _Act:
    call = federation.forfeit(each.part, each.party, each.index, each.claim)
    about = _mark(each.part, each.party, each.index, each.claim)
    return call, ("forfeit", number, about, each.deadline)


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
