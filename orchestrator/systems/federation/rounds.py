"""What the chain says of a federation, and what storage has of it. Nothing that was fetched is believed."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

import numpy as np
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import (
    Ballot,
    Claim,
    Claimed,
    Federation,
    Finalized,
    Joined,
    Left,
    Link,
    Mode,
    Phase,
    Policy,
    Revealed,
    Rule,
)
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.finding import history
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Rule as Reference
from orchestrator.learning.aggregation import Settings, Update, quantize
from orchestrator.learning.aggregation.chunks import CHUNK, Integers, chunk_count, decode, model_root, padded
from orchestrator.learning.aggregation.direct import Vector, vector
from orchestrator.systems.federation.finding import cid_of
from orchestrator.systems.federation.masking import is_masked, sheet_of
from orchestrator.systems.federation.supplied import update_supplied
from orchestrator.types import Address, Digest

NO_SEAT = 2**256 - 1
MOST_VOIDS = 10
"""Rounds in a row that may be void: then a federation closes."""

NOTHING = Digest(bytes(32))
_CLAIM = "(address,uint256,bytes32,bytes32,uint256,uint256,uint256,uint256,bytes32,uint256)"


@dataclass(frozen=True)
class Opened:
    """An update that was revealed and fetched, at its seat."""

    seat: int
    revealed: Revealed
    update: Update

    @property
    def weight(self) -> int:
        return self.revealed.weight


@dataclass(frozen=True)
class Finished:
    """A finalized round: its claim, and the record that it left."""

    claim: Claim
    finalized: Finalized


def settings_of(federation: Federation) -> Settings:
    """The rule of the terms, as the reference computes it."""
    terms = federation.terms
    rule = Reference(Rule(terms.rule).name.lower().replace("_", "-"))
    return Settings(rule, max(terms.keep, 1), terms.faulty, terms.trim, terms.bound)


def needs_trace(federation: Federation) -> bool:
    return settings_of(federation).rule.needs_gram or federation.terms.pay.name == "ALIGNMENT"


def has_committee(federation: Federation) -> bool:
    return federation.terms.policy in (Policy.QUALITY, Policy.LEARNING)


def has_votes(federation: Federation) -> bool:
    return federation.terms.policy in (Policy.WORK, Policy.STAKE, Policy.DELEGATES)


def needed(federation: Federation) -> int:
    """How many updates have to be in, so that a round can be claimed."""
    return 1 if federation.terms.policy is Policy.LEARNING else federation.terms.quorum


def judged_at(federation: Federation, times: int = 1) -> int:
    """When the time for judging has passed so many times in the present round, at the latest."""
    terms = federation.terms
    return federation.state().since + terms.committing + terms.revealing + terms.judging * times


def ballot_of(federation: Federation) -> Ballot | None:
    """The committee of the present round, drawn or as its first scores will draw it.

    None where the block is not fixed that it is drawn from. Where contracts number blocks in another way than
    nodes do (Arbitrum), what is not drawn is wrong: the contract refuses those who are not in the committee.
    """
    ballot = federation.ballot() if has_committee(federation) else None
    if ballot is None or ballot.round != federation.state().round:
        return None
    if ballot.committee:
        return ballot
    seed = federation.chain.block_hash(ballot.drawn_from)
    return replace(ballot, committee=federation.committee_from(seed))


def phase_of(federation: Federation) -> Phase:
    return Phase(federation.clock().phase)


def claim_hash(claim: Claim) -> Digest:
    return Digest(keccak(abi_encode([_CLAIM], [astuple(claim)])))


def record_of(link: Link) -> Digest:
    """What the contract keeps of a finalized round."""
    kinds = ["bytes32", "uint256", "bytes32", "bytes32"]
    return Digest(keccak(abi_encode(kinds, [link.previous, link.round, link.model_root, link.claim_hash])))


def seats_of(federation: Federation, at: Finalized | None = None) -> dict[Address, int]:
    """Who has which seat; or had it when a round ended, whoever leaves in the same block."""
    found: dict[Address, int] = {}
    for each in history(federation, [Joined, Left]):
        if at and each.place > at.place:
            break
        if isinstance(each, Joined):
            found[each.party] = each.seat
        elif isinstance(each, Left):
            found.pop(each.party, None)
    return found


def claims(federation: Federation, numbers: Sequence[int] = ()) -> list[Claimed]:
    """All, or those of the rounds `numbers`; the oldest first."""
    return list(federation.events(Claimed, **_only(numbers)))


def _only(numbers: Sequence[int]) -> dict[str, Any]:
    return {"round": list(numbers)} if numbers else {}


def pending_claim(federation: Federation) -> Claim | None:
    """The claim that can be refuted now."""
    pending = federation.heads().pending
    if pending == NOTHING:
        return None
    posted = claims(federation, [federation.state().round])
    return next(each.claim for each in reversed(posted) if claim_hash(each.claim) == pending)


def finished(federation: Federation, numbers: Sequence[int] = ()) -> list[Finished]:
    """All finalized rounds, or those of `numbers`, by age. The claim that stood is a round's last."""
    posted = {each.round: each.claim for each in claims(federation, numbers)}
    ends = federation.events(Finalized, **_only(numbers))
    return [Finished(posted[each.round], each) for each in ends]


def last_finished(federation: Federation) -> list[Finished]:
    """The last two finalized rounds, or those that there are: among as many as may be void between them."""
    state = federation.state()
    if not state.done:
        return []
    return finished(federation, range(max(1, state.round - 2 * MOST_VOIDS), state.round + 1))[-2:]


def last_link(federation: Federation) -> Link:
    """The last of `links`, by the last two rounds alone."""
    ends = last_finished(federation)
    first = Link(NOTHING, 0, federation.terms.genesis, NOTHING)
    if not ends:
        return first
    before = ends[-2].finalized.record if len(ends) > 1 else record_of(first)
    return _link(before, ends[-1])


def _link(before: Digest, end: Finished) -> Link:
    return Link(before, end.finalized.round, end.claim.model_root, claim_hash(end.claim))


def links(federation: Federation) -> list[Link]:
    """The chain of records: the first is the model that the federation began with."""
    found = [Link(NOTHING, 0, federation.terms.genesis, NOTHING)]
    for each in finished(federation):
        found.append(_link(record_of(found[-1]), each))
    return found


def model_length(federation: Federation) -> int:
    """Bytes of a model's file."""
    return chunk_count(federation.terms.size) * CHUNK * 4


def update_length(federation: Federation) -> int:
    """Bytes of an update's file."""
    return chunk_count(federation.terms.size) * CHUNK * federation.terms.width


def read_model(session: Session, federation: Federation, root: Digest, cid: Digest) -> Integers:
    """The model (parameters and padding,) with this root. Raises IntegrityError, StorageError, DataError."""
    length = model_length(federation)
    model = decode(session.storage.read(cid_of(cid, length), limit=length), 4, federation.terms.size)
    if model_root(model) != root:
        raise IntegrityError("the file of the model is not the one that was claimed", _REFETCH)
    return model


def first_model(session: Session, federation: Federation) -> Integers:
    """What it began with. Raises as `read_model`."""
    return read_model(session, federation, federation.terms.genesis, federation.terms.genesis_cid)


def current_model(session: Session, federation: Federation) -> Integers:
    """What the present round trains on; worked out from the updates, where nobody provides its file.

    Raises StorageError, IntegrityError, DataError where neither is available.
    """
    ends = last_finished(federation)
    if not ends:
        return first_model(session, federation)
    if federation.terms.mode is not Mode.DIRECT:  # where nobody publishes it
        with suppress(DataError, StorageError):
            return read_model(session, federation, ends[-1].claim.model_root, ends[-1].claim.cid)
    from orchestrator.systems.federation.aggregating import worked_out  # which stands on this

    return worked_out(session, federation)


def revealed_in(federation: Federation, number: int) -> list[Revealed]:
    return list(federation.events(Revealed, round=number))


def read_update(session: Session, federation: Federation, revealed: Revealed) -> Update:
    """A revealed update, from storage or as it was supplied on-chain.

    Raises IntegrityError for other bytes, StorageError without any, DataError.
    """
    terms, cid = federation.terms, revealed.cid
    length = update_length(federation)
    if terms.mode is Mode.DIRECT:
        cid, length = revealed.root, terms.size
    try:
        if is_masked(federation):
            cid = sheet_of(session, federation, revealed).vector
        return _update(federation, revealed, session.storage.read(cid_of(cid, length), limit=length))
    except (DataError, StorageError):
        data = update_supplied(federation, revealed)
        if data is None:
            raise
        return _update(federation, revealed, data)


def update_of(federation: Federation, data: bytes, shift: int) -> Update:
    """The update in a file's bytes. Raises DataError."""
    kind = Vector if federation.terms.mode is Mode.DIRECT else Update
    return kind.read(data, federation.terms.size, federation.terms.width, shift)


def _update(federation: Federation, revealed: Revealed, data: bytes) -> Update:
    update = update_of(federation, data, revealed.shift)
    if update.root != revealed.root:
        raise IntegrityError(f"the update of {revealed.party} is not what it revealed", _REFETCH)
    return update


def of_seats(revealed: Iterable[Revealed], seats: Mapping[Address, int], mask: int) -> list[Revealed]:
    """Those of the seats in `mask`."""
    return [each for each in revealed if each.party in seats and mask >> seats[each.party] & 1]


def updates_in(federation: Federation, each: Finished) -> list[Revealed]:
    """The updates that a finished round has."""
    seats = seats_of(federation, each.finalized)
    found = of_seats(revealed_in(federation, each.finalized.round), seats, each.claim.accepted)
    return sorted(found, key=lambda one: seats[one.party])


def quantized(federation: Federation, moved: Integers) -> Update:
    """As which update a party sends by how much it `moved` the model (parameters,), in units."""
    terms = federation.terms
    return vector(moved, terms.shift) if terms.mode is Mode.DIRECT else quantize(moved, terms.width)


def opened(
    session: Session, federation: Federation, number: int, mask: int, seats: dict[Address, int]
) -> list[Opened]:
    """The updates of the seats in `mask`, by seat. Raises as `read_update` for the first that is missing."""
    found = [
        Opened(seats[each.party], each, read_update(session, federation, each))
        for each in of_seats(revealed_in(federation, number), seats, mask)
    ]
    return sorted(found, key=lambda each: each.seat)


def opened_in(session: Session, federation: Federation, each: Finished) -> list[Opened]:
    """The same of a finished round: the updates that are in it."""
    seats, ended = seats_of(federation, each.finalized), each.finalized.round
    return opened(session, federation, ended, each.claim.accepted, seats)


def stacked(updates: list[Opened]) -> Integers:
    """The values, a row an update."""
    return np.stack([padded(each.update.values) for each in updates])


_REFETCH = "Fetch it from somebody else, or demand it on-chain."
assert len(fields(Claim)) == _CLAIM.count(",") + 1  # noqa: S101 - the type follows the contract's
