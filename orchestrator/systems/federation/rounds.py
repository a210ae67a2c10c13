"""What the chain says of a federation, and what storage has of it. Nothing that was fetched is believed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

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
    Skipped,
)
from orchestrator.errors import DataError, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Rule as Reference
from orchestrator.learning.aggregation import Settings, Update, quantize
from orchestrator.learning.aggregation.chunks import (
    CHUNK,
    Integers,
    chunk_count,
    decode,
    model_root,
    padded,
)
from orchestrator.learning.aggregation.direct import Vector, vector
from orchestrator.systems.federation.finding import cid_of
from orchestrator.systems.federation.masking import is_masked, sheet_of
from orchestrator.systems.federation.supplied import update_supplied
from orchestrator.types import Address, Digest

NO_SEAT = 2**256 - 1
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


def judges_of(federation: Federation) -> int:
    """The mask of the seats that the committee is drawn from: under Learning, those without a model."""
    state = federation.state()
    if federation.terms.policy is Policy.LEARNING:
        return state.seats & ~state.committed
    return state.revealed


def ballot_of(federation: Federation) -> Ballot | None:
    """The committee of the present round; None where none is drawn or being drawn."""
    ballot = federation.ballot() if has_committee(federation) else None
    return ballot if ballot and ballot.round == federation.state().round else None


def phase_of(federation: Federation) -> Phase:
    return Phase(federation.clock().phase)


def claim_hash(claim: Claim) -> Digest:
    return Digest(keccak(abi_encode([_CLAIM], [astuple(claim)])))


def record_of(link: Link) -> Digest:
    """What the contract keeps of a finalized round."""
    kinds = ["bytes32", "uint256", "bytes32", "bytes32"]
    return Digest(keccak(abi_encode(kinds, [link.previous, link.round, link.model_root, link.claim_hash])))


def seats_of(federation: Federation) -> dict[Address, int]:
    """Who has which seat."""
    found: dict[Address, int] = {}
    events: list[Joined | Left] = [*federation.events(Joined), *federation.events(Left)]
    for each in sorted(events, key=lambda event: event.place):
        if isinstance(each, Joined):
            found[each.party] = each.seat
        else:
            found.pop(each.party, None)
    return found


def claims(federation: Federation) -> list[Claimed]:
    return sorted(federation.events(Claimed), key=lambda each: each.place)


def pending_claim(federation: Federation) -> Claim | None:
    """The claim that can be refuted now."""
    pending = federation.heads().pending
    if pending == NOTHING:
        return None
    return next(each.claim for each in reversed(claims(federation)) if claim_hash(each.claim) == pending)


def finished(federation: Federation) -> list[Finished]:
    """All finalized rounds, the oldest first. The claim that stood is the round's last."""
    posted = {each.round: each.claim for each in claims(federation)}
    ends = sorted(federation.events(Finalized), key=lambda each: each.place)
    return [Finished(posted[each.round], each) for each in ends]


def links(federation: Federation) -> list[Link]:
    """The chain of records: the first is the model that the federation began with."""
    found = [Link(NOTHING, 0, federation.terms.genesis, NOTHING)]
    for each in finished(federation):
        found.append(
            Link(record_of(found[-1]), each.finalized.round, each.claim.model_root, claim_hash(each.claim))
        )
    return found


def skipped(federation: Federation) -> list[int]:
    return [each.round for each in federation.events(Skipped)]


def read_model(session: Session, federation: Federation, root: Digest, cid: Digest) -> Integers:
    """The model (parameters and padding,) with this root. Raises IntegrityError, StorageError, DataError."""
    size = federation.terms.size
    length = chunk_count(size) * CHUNK * 4
    model = decode(session.storage.read(cid_of(cid, length), limit=length), 4, size)
    if model_root(model) != root:
        raise IntegrityError("the file of the model is not the one that was claimed", _REFETCH)
    return model


def current_model(session: Session, federation: Federation) -> Integers:
    """What the present round trains on; worked out from the updates, where nobody gives its file.

    Raises StorageError, IntegrityError, DataError where neither can be had.
    """
    return model_after(session, federation, finished(federation))


def model_after(session: Session, federation: Federation, ends: Sequence[Finished]) -> Integers:
    """The model after the finished rounds `ends`, which are all up to the last of them. As above."""
    if not ends:
        return read_model(session, federation, federation.terms.genesis, federation.terms.genesis_cid)
    try:
        return read_model(session, federation, ends[-1].claim.model_root, ends[-1].claim.cid)
    except (DataError, IntegrityError, StorageError):
        from orchestrator.systems.federation.aggregating import worked_out  # which stands on this

        return worked_out(session, federation, ends)


def revealed_in(federation: Federation, number: int) -> list[Revealed]:
    return list(federation.events(Revealed, round=number))


def read_update(session: Session, federation: Federation, revealed: Revealed) -> Update:
    """A revealed update, from storage or as it was supplied on-chain.

    Raises IntegrityError for other bytes, StorageError without any, DataError.
    """
    terms, cid = federation.terms, revealed.cid
    length = chunk_count(terms.size) * CHUNK * terms.width
    if terms.mode is Mode.DIRECT:
        cid, length = revealed.root, terms.size
    try:
        if is_masked(federation):
            cid = sheet_of(session, federation, revealed).vector
        return _update(federation, revealed, session.storage.read(cid_of(cid, length), limit=length))
    except (DataError, IntegrityError, StorageError):
        data = update_supplied(federation, revealed)
        if data is None:
            raise
        return _update(federation, revealed, data)


def _update(federation: Federation, revealed: Revealed, data: bytes) -> Update:
    kind = Vector if federation.terms.mode is Mode.DIRECT else Update
    update = kind.read(data, federation.terms.size, federation.terms.width, revealed.shift)
    if update.root != revealed.root:
        raise IntegrityError(f"the update of {revealed.party} is not what it revealed", _REFETCH)
    return update


def of_seats(revealed: Iterable[Revealed], seats: Mapping[Address, int], mask: int) -> list[Revealed]:
    """Those of the seats in `mask`."""
    return [each for each in revealed if each.party in seats and mask >> seats[each.party] & 1]


def updates_in(federation: Federation, each: Finished) -> list[Revealed]:
    """The updates that a finished round has."""
    seats = seats_of(federation.at(each.finalized.block_number))
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


def unavailable(session: Session, federation: Federation, number: int) -> Iterator[tuple[Revealed, str]]:
    """Updates that nobody gives, and why."""
    for each in revealed_in(federation, number):
        try:
            read_update(session, federation, each)
        except (DataError, IntegrityError, StorageError) as error:
            yield each, error.message


def stacked(updates: list[Opened]) -> Integers:
    """The values, a row an update."""
    return np.stack([padded(each.update.values) for each in updates])


_REFETCH = "Fetch it from somebody else, or demand it on-chain."
assert len(fields(Claim)) == _CLAIM.count(",") + 1  # noqa: S101 - the type follows the contract's
