"""Sums of what nobody shows: masks that cancel each other (Bonawitz et al., CCS 2017).

Each pair of parties has a secret by Diffie and Hellman on secp256k1; of it and the round they make a seed,
and of the seed a mask, which one adds and the other subtracts. What is published looks like chance, and its
sum is that of the updates, modulo 2**32.

A party that vanishes after the masks were agreed on would leave its partners' masks in the sum; so they
tell the seeds of that round which they share with it. But if it only was late, its published update would
now stand bare: so each party adds a personal mask as well, whose seed is told of those that are in. Of each
seed the others hold shares; any `threshold` of them restore it, should a party that is in stay silent. Of
one party and round nobody ever tells both (`Peer` refuses), so that either the update is in the sum or
stays masked. Two that committed to other hashes of the seed that they share are to each other as if gone:
one of them lies, and knows the seed anyway.

What this does not do: hide the sum, or a party from all others if they collude, or stop a party from
adding nonsense.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from coincurve import PrivateKey, PublicKey
from numpy.typing import NDArray

from orchestrator.errors import DataError, VerificationFailed
from orchestrator.merkle import keccak

Words = NDArray[np.uint32]
Expand = Callable[[bytes, int], Words]
"""Makes a mask of so many words out of a seed of 32 bytes."""

PRIME = 2**256 - 189
"""Shares are numbers below it: the largest prime below 2**256."""

SHARE_BYTES = 65
_WORDS = 8  # of 4 bytes in a hash


def keccak_mask(seed: bytes, words: int) -> Words:
    """Word after word of keccak(seed, number): slow here, but a contract can compute any part of it."""
    blocks = [keccak(seed + number.to_bytes(4, "big")) for number in range(-(-words // _WORDS))]
    return np.frombuffer(b"".join(blocks), ">u4")[:words].astype(np.uint32)


def shake_mask(seed: bytes, words: int) -> Words:
    """Fifteen times faster, for sums that nobody refutes on a chain."""
    return np.frombuffer(hashlib.shake_128(seed).digest(4 * words), ">u4").astype(np.uint32)


def threshold(count: int) -> int:
    """How many of the others' shares restore a seed, of `count` parties: more than half of all.

    So fewer than half, if they collude, restore nothing.
    """
    return count // 2 + 1


@dataclass(frozen=True)
class Share:
    """One point of the polynomial whose value at 0 is the secret."""

    at: int
    value: int


def split(secret: bytes, count: int, needed: int, salt: bytes) -> list[Share]:
    """Shares of 32 secret bytes: any `needed` restore them, fewer say nothing (Shamir, 1979).

    The same `salt` of 32 secret bytes gives the same shares; it must be of this secret only.
    """
    number = int.from_bytes(secret, "big")
    if not 1 <= needed <= count or number >= PRIME:
        raise ValueError(f"{count} shares cannot have a threshold of {needed}")
    terms = [number, *(_below_prime(keccak(salt + bytes([power]))) for power in range(1, needed))]
    return [
        Share(at, sum(term * pow(at, power, PRIME) for power, term in enumerate(terms)) % PRIME)
        for at in range(1, count + 1)
    ]


def join(shares: Iterable[Share]) -> bytes:
    """The secret of shares; something else unless they are at least the threshold and all are right."""
    points = {share.at: share.value for share in shares}
    total = 0
    for at, value in points.items():
        over, under = 1, 1
        for other in points:
            if other != at:
                over, under = over * -other % PRIME, under * (at - other) % PRIME
        total += value * over * pow(under, -1, PRIME)
    return (total % PRIME).to_bytes(32, "big")


def open_share(key: bytes, hidden: bytes) -> Share:
    """The share in 65 bytes, by the key that its holder has. Raises VerificationFailed for another key."""
    body, tag = hidden[:33], hidden[33:]
    if len(hidden) != SHARE_BYTES or not hmac.compare_digest(hmac.digest(key, body, "sha256"), tag):
        raise VerificationFailed("a share was not made for this key")
    plain = _veiled(key, body)
    return Share(plain[0], int.from_bytes(plain[1:], "big"))


def _veiled(key: bytes, body: bytes) -> bytes:
    """A share's 33 bytes under `key`; the same again, and they are in the open."""
    return bytes(a ^ b for a, b in zip(body, hashlib.shake_256(key).digest(33), strict=True))


def public_key(private: PrivateKey) -> bytes:
    """The key that others agree on masks with: 64 bytes, x and y."""
    return private.public_key.format(compressed=False)[1:]


@dataclass
class Peer:
    """The party at `seat` in the sums of a federation.

    `keys` are those of all who share masks, by seat (see `public_key`); `domain` names the federation, so
    that no secret of another is the same. All seeds derive from the private key: a party that lost its
    memory makes them again. Raises DataError for keys that are none, and for fewer than three parties.
    """

    private: PrivateKey = field(repr=False)
    seat: int
    keys: Mapping[int, bytes]
    domain: bytes
    expand: Expand = keccak_mask
    _fixed: dict[int, frozenset[int]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.keys.get(self.seat) != public_key(self.private):
            raise DataError("this party's key for masks is a different one", "Use the wallet that joined.")
        if len(self.keys) < 3:  # of two, each knows the other's
            raise DataError("fewer than three parties cannot hide anything from each other")
        self.seats = sorted(self.keys)
        self._pairs = {seat: self._agree(seat, key) for seat, key in self.keys.items() if seat != self.seat}

    def _agree(self, other: int, key: bytes) -> bytes:
        """Seats are part of it, so that who joins with another's key has none of its secrets."""
        try:
            public = PublicKey(b"\4" + key).format()
        except ValueError as error:
            raise DataError("a party's key is not a point of secp256k1") from error
        who = bytes(sorted((self.seat, other)))
        return keccak(b"DILN mask pair" + self.domain + who + self.private.ecdh(public))

    def seed(self, round_: int, other: int) -> bytes:
        """What this party and `other` make their mask of in a round; of `seat`, the personal one."""
        if other == self.seat:
            made = keccak(b"DILN personal mask" + self.domain + self.private.secret + _number(round_))
        else:
            made = keccak(self._pairs[other] + _number(round_))
        return _below_prime(made).to_bytes(32, "big")

    def hashes(self, round_: int) -> list[bytes]:
        """Of the seeds with each seat, in order: what a party commits to."""
        return [keccak(seed) for seed in self._seeds(round_).values()]

    def _seeds(self, round_: int) -> dict[int, bytes]:
        return {other: self.seed(round_, other) for other in self.seats}

    def mask(self, round_: int, update: NDArray[np.int64]) -> Words:
        """`update` (words,) under all masks; the sum of all has to fit 32 bits."""
        total = update.astype(np.int64).astype(np.uint32)
        for other in self.seats:
            mask = self.expand(self.seed(round_, other), len(update))
            total = total + mask if self.seat <= other else total - mask
        return total

    def shares(self, round_: int) -> bytes:
        """Of each seed a share for each of the others, 65 bytes that only it can read.

        By holder, then by the seat with which the seed is shared; `place_of_share` says where.
        """
        holders = [seat for seat in self.seats if seat != self.seat]
        parts = [
            split(
                self.seed(round_, other), len(holders), threshold(len(self.keys)), self._salt(round_, other)
            )
            for other in self.seats
        ]
        found = b""
        for row, holder in enumerate(holders):
            for other, dealt in zip(self.seats, parts, strict=True):
                key = self._share_key(round_, self.seat, holder, other)
                body = bytes([dealt[row].at]) + dealt[row].value.to_bytes(32, "big")
                hidden = _veiled(key, body)
                found += hidden + hmac.digest(key, hidden, "sha256")
        return found

    def _salt(self, round_: int, other: int) -> bytes:
        """Of this party alone: `other` splits the same seed for others, by another polynomial."""
        secret = self.domain + self.private.secret + _number(round_) + bytes([other])
        return keccak(b"DILN mask shares" + secret)

    def _share_key(self, round_: int, sender: int, holder: int, other: int) -> bytes:
        between = self._pairs[holder if sender == self.seat else sender]
        return keccak(b"DILN mask share" + between + _number(round_) + bytes([sender, other]))

    def tell(self, round_: int, parties: Iterable[int], disagree: Iterable[int] = ()) -> list[bytes]:
        """The seeds that are due where `parties` are in, and hashes of all others, by seat.

        `disagree` are those of them that committed to another hash of the seed that they share with this
        one. Raises DataError where this party is not in, or others were told to be in before.
        """
        there = self.fix(round_, parties)
        if self.seat not in there:
            raise DataError("nothing is told of a party that is not in")
        due, seeds = due_of(self.seats, self.seat, there, disagree), self._seeds(round_)
        return [seed if other in due else keccak(seed) for other, seed in seeds.items()]

    def tell_shares(
        self, round_: int, parties: Iterable[int], silent: int, disagree: Iterable[int] = ()
    ) -> dict[int, bytes]:
        """The keys to what this party holds of the seeds that are due of `silent`, by the seat of each seed.

        `disagree` are those that disagree with `silent`. Raises DataError where `silent` is not in, or others
        were told to be in before.
        """
        there = self.fix(round_, parties)
        if silent not in there or silent == self.seat:
            raise DataError("seeds are restored only of another party that is in")
        due = due_of(self.seats, silent, there, disagree)
        return {other: self._share_key(round_, silent, self.seat, other) for other in due}

    def fix(self, round_: int, parties: Iterable[int]) -> frozenset[int]:
        """Who is in, once for a round: told of one set and then of another, a party could be unmasked."""
        there = frozenset(parties)
        if self._fixed.setdefault(round_, there) != there:
            raise DataError(
                f"in round {round_} seeds were told with other parties in",
                "Both together would unmask an update.",
            )
        return there


def due_of(seats: Iterable[int], seat: int, parties: Iterable[int], disagree: Iterable[int]) -> list[int]:
    """Of `seats`, those whose seeds with `seat` are told where `parties` are in, some of whom `disagree`.

    Its own, those of parties that are gone, and those of parties that committed to another hash of the seed
    that both share.
    """
    hidden = set(parties) - {seat, *disagree}
    return [other for other in seats if other not in hidden]


def place_of_share(seats: Iterable[int], sender: int, holder: int, other: int) -> int:
    """Where, in the shares of `sender`, `holder` has its own of the seed with `other`."""
    every = sorted(seats)
    holders = [seat for seat in every if seat != sender]
    return SHARE_BYTES * (holders.index(holder) * len(every) + every.index(other))


def unmask(
    masked: Mapping[int, Words],
    personal: Mapping[int, bytes],
    gone: Mapping[int, Mapping[int, bytes]],
    expand: Expand = keccak_mask,
) -> NDArray[np.int64]:
    """The sum of the updates of the seats in `masked`, exactly, if it fits 32 bits with its sign.

    `personal` has the personal seed of each of them, `gone` for each seat that agreed on masks and did not
    publish the seeds it shares with those that did; and for one that did, those of parties that disagree with
    it. Raises DataError if a seed is missing.
    """
    apart = {seat: told for seat, told in gone.items() if seat in masked}
    whole = all(seat in apart.get(other, ()) for seat, told in apart.items() for other in told)
    whole = whole and all(set(told) == set(masked) for seat, told in gone.items() if seat not in apart)
    if set(personal) != set(masked) or not whole:
        raise DataError("a seed of somebody who took part is missing", "Ask for it, or do the round again.")
    words = len(next(iter(masked.values())))
    total = np.zeros(words, np.uint32)
    for seat, update in masked.items():
        total += update
        total -= expand(personal[seat], words)
    for missing, told in gone.items():
        for seat, seed in told.items():
            mask = expand(seed, words)
            total = total - mask if seat < missing else total + mask
    return total.view(np.int32).astype(np.int64)


def _below_prime(word: bytes) -> int:
    return int.from_bytes(word, "big") % PRIME


def _number(round_: int) -> bytes:
    return round_.to_bytes(4, "big")
