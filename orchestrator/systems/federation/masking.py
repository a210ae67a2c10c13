"""Masked updates: what a party makes of its own, what it tells afterwards, and the sum of what is told.

Formats are those of contracts/federation/policies/IMasked: an update's `cid` is that of its sheet, which
names the masked vector, the file of shares and the hash of a seed for each seat.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Disagreed, Federation, MaskKey, Privacy, Revealed, Unmasked
from orchestrator.chain import Account
from orchestrator.errors import ChainError, DataError
from orchestrator.kernel.secrets import derive
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update
from orchestrator.learning.aggregation.chunks import Integers, padded
from orchestrator.learning.privacy.masks import Peer, public_key, unmask
from orchestrator.systems.federation.finding import cid_of
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.systems.federation.rounds import Opened

DOMAIN = "DILN federation masks"
SHOWN = (
    "Their sum is public, and reveals something of all data together; all others, if they collude, "
    "know yours; and nobody sees who adds nonsense to it."
)
SEATS = 16
_HEAD, _WORD = 64, 32


@dataclass(frozen=True)
class Sheet:
    """What goes with a masked update; `words` by seat, hashes of seeds or what was told in their place."""

    vector: Digest
    shares: Digest
    words: tuple[bytes, ...]

    @classmethod
    def read(cls, data: bytes) -> "Sheet":
        """Raises DataError for what is not one."""
        rest = len(data) - _HEAD
        if rest % _WORD or not 0 < rest <= SEATS * _WORD:
            raise DataError(f"{len(data)} bytes are not the sheet of a masked update")
        words = tuple(data[at : at + _WORD] for at in range(_HEAD, len(data), _WORD))
        return cls(Digest(data[:_WORD]), Digest(data[_WORD:_HEAD]), words)

    def hashed(self, places: Iterable[int]) -> "Sheet":
        """As it was committed to, where seeds stand at `places`."""
        words = list(self.words)
        for place in places:
            words[place] = keccak(words[place])
        return Sheet(self.vector, self.shares, tuple(words))

    def to_bytes(self) -> bytes:
        return self.vector + self.shares + b"".join(self.words)


@dataclass(frozen=True)
class Masked:
    """An update under its masks, the file of shares, and what its sheet commits to."""

    update: Update
    shares: bytes
    hashes: tuple[bytes, ...]


def is_masked(federation: Federation) -> bool:
    return federation.terms.privacy is Privacy.MASKED


def most(count: int) -> int:
    """How large a coordinate of one of `count` updates may be, so that no sum leaves 32 bits."""
    return (2**31 - 1) // count


# -- keys


def mask_key(session: Session, federation: Federation, party: Account) -> PrivateKey:
    """The party's key for masks, which follows from its wallet. Raises WrongPassword."""
    nothing = bytes(_WORD)
    return PrivateKey(derive(party, DOMAIN, session.chain.chain_id, "mask key", nothing, federation.address))


def admission(session: Session, federation: Federation, party: Account, invitation: bytes) -> bytes:
    """What joining takes: where updates are masked, a key before the inviter's signature."""
    if not is_masked(federation):
        return invitation
    return public_key(mask_key(session, federation, party)) + invitation


def seats_in(mask: int) -> list[int]:
    return [seat for seat in range(SEATS) if mask >> seat & 1]


def peer_of(session: Session, federation: Federation, party: Account) -> Peer:
    """The party in the present round. Raises DataError where it does not share masks in it."""
    seat, among = federation.party_of(party.address).seat, federation.masks().among
    if not among >> seat & 1:
        raise DataError("this party does not take part in this round")
    keys = {each.seat: each.key for each in federation.events(MaskKey)}
    private = mask_key(session, federation, party)
    domain = session.chain.chain_id.to_bytes(_WORD, "big") + bytes.fromhex(federation.address[2:])
    return Peer(private, seat, {each: keys[each] for each in seats_in(among)}, domain)


def masked(session: Session, federation: Federation, party: Account, number: int, update: Update) -> Masked:
    """`update` under the masks of round `number`. Raises DataError for one too large to be added up."""
    peer = peer_of(session, federation, party)
    values, limit = padded(update.values), most(len(peer.seats))
    if values.size and np.abs(values).max() > limit:
        raise DataError(
            f"a coordinate of the update is beyond {limit:,}: the sum of {len(peer.seats)} would not fit",
            "Train with smaller steps, or scale the data.",
        )
    words = peer.mask(number, values).view(np.int32).astype(np.int64)
    return Masked(Update(words, 4, 0), peer.shares(number), tuple(peer.hashes(number)))


# -- sheets


def sheet_of(session: Session, federation: Federation, revealed: Revealed) -> Sheet:
    """The sheet of a revealed update, from storage or as it was told on-chain.

    Raises StorageError where it is nowhere, DataError.
    """
    if told := told_sheet(federation, revealed):
        return told
    return Sheet.read(session.storage.read(cid_of(revealed.cid), limit=_HEAD + SEATS * _WORD))


def told_sheet(federation: Federation, revealed: Revealed) -> Sheet | None:
    """The sheet with the seeds that were due, as the contract compared it with what was committed to."""
    told = told_in(federation, revealed.round).get(revealed.party)
    return Sheet.read(told.sheet) if told else None


def told_in(federation: Federation, number: int) -> dict[Address, Unmasked]:
    """The last of each party: who disagrees with another tells again, and more."""
    return {each.party: each for each in federation.events(Unmasked, round=number)}


def disagreeing(disagreed: int, seat: int) -> list[int]:
    """The seats that disagree with `seat`."""
    return seats_in(disagreed >> SEATS * seat & 2**SEATS - 1)


# -- the sum


def mean(federation: Federation, updates: "Sequence[Opened]") -> Integers:
    """By how much the model moves: the mean of what is under the masks, rounded down.

    Raises ChainError where seeds of these updates are missing.
    """
    number, parties = updates[0].revealed.round, [each.seat for each in updates]
    told = told_in(federation, number)
    apart = sum(each.disagreed for each in federation.events(Disagreed, round=number))  # once at most
    if any(each.revealed.party not in told for each in updates):
        raise ChainError("seeds of updates that are in were not told", "Without them there is no sum.")
    vectors = {each.seat: padded(each.update.raw).astype(np.uint32) for each in updates}
    personal: dict[int, bytes] = {}
    gone: dict[int, dict[int, bytes]] = {}
    for each in updates:
        event = told[each.revealed.party]
        for other, word in zip(seats_in(event.among), Sheet.read(event.sheet).words, strict=True):
            if other == each.seat:
                personal[each.seat] = word
            elif other not in parties or other in disagreeing(apart, each.seat):
                gone.setdefault(other, {})[each.seat] = word
    found: Integers = unmask(vectors, personal, gone) // len(parties)
    return found
