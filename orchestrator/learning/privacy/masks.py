"""Sums of what nobody shows: masks that cancel each other (Bonawitz et al., CCS 2017).

Each pair of parties has a secret by Diffie and Hellman on secp256k1; of it, one adds a mask in every round,
the other subtracts the same. What is published looks like chance, and its sum is that of the updates,
modulo 2**32.

A party that vanishes after the masks were agreed on would leave its partners' masks in the sum; so they
tell the secrets of that round which they share with it. But if it only was late, its published update would
now stand bare: so each party adds a personal mask as well, of which the others hold shares; any `threshold`
of them restore it. Of one party and round nobody ever tells both (`Peer` refuses), so that either the
update is in the sum or stays masked.

What this does not do: hide the sum, or a party from all others if they join hands, or stop a party from
adding nonsense (deposits and bounds on the sum's worth do).
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from coincurve import PrivateKey, PublicKey
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from orchestrator.errors import DataError, VerificationFailed

Words = NDArray[np.uint32]
Expand = Callable[[bytes, int], Words]
"""Makes a mask of so many words out of a seed of 32 bytes."""

PRIME = 2**256 - 189
"""Shares are numbers below it: the largest prime below 2**256."""

_WORDS = 8  # of 4 bytes in a hash


def keccak_mask(seed: bytes, words: int) -> Words:
    """Word after word of keccak(seed, number): slow here, but a contract can compute any part of it."""
    blocks = [keccak(seed + number.to_bytes(4, "big")) for number in range(-(-words // _WORDS))]
    return np.frombuffer(b"".join(blocks), ">u4")[:words].astype(np.uint32)


def shake_mask(seed: bytes, words: int) -> Words:
    """Fifty times faster, for sums that nobody refutes on a chain."""
    return np.frombuffer(hashlib.shake_128(seed).digest(4 * words), ">u4").astype(np.uint32)


@dataclass(frozen=True)
class Share:
    """One point of the polynomial whose value at 0 is the secret."""

    at: int
    value: int


def split(secret: bytes, count: int, threshold: int) -> list[Share]:
    """Shares of 32 secret bytes: any `threshold` restore them, fewer say nothing (Shamir, 1979)."""
    number = int.from_bytes(secret, "big")
    if not 1 <= threshold <= count or number >= PRIME:
        raise ValueError(f"{count} shares cannot have a threshold of {threshold}")
    terms = [number, *(secrets.randbelow(PRIME) for _ in range(threshold - 1))]
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


@dataclass
class Peer:
    """One party in the sums of a federation, the `seat`-th of `keys`.

    `keys` are the public keys of all in order of seats, compressed, 33 bytes each; `domain` names the
    federation, so that no secret of another is the same. All secrets derive from the private key: a party
    that lost its memory makes them again. Raises DataError for keys that are none.
    """

    private: PrivateKey = field(repr=False)
    keys: Sequence[bytes]
    domain: bytes
    threshold: int
    expand: Expand = keccak_mask
    _told: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        own = self.private.public_key.format()
        if list(self.keys).count(own) != 1 or len(set(self.keys)) != len(self.keys):
            raise DataError("each party has one key, and the own one is among them")
        # So that fewer than half, if they join hands, cannot restore a personal mask.
        if not len(self.keys) // 2 < self.threshold <= len(self.keys) - 1:
            raise DataError(
                f"of {len(self.keys)} parties a threshold is more than half, not {self.threshold}"
            )
        self.seat = list(self.keys).index(own)
        self._pairs = {seat: self._agree(key) for seat, key in enumerate(self.keys) if seat != self.seat}

    def _agree(self, key: bytes) -> bytes:
        try:
            public = PublicKey(key).format()
        except ValueError as error:
            raise DataError("a party's key is not a point of secp256k1") from error
        return keccak(b"DILN mask pair" + self.domain + self.private.ecdh(public))

    def pair_seed(self, round_: int, other: int) -> bytes:
        """What this party and `other` make their mask of in a round."""
        return keccak(self._pairs[other] + round_.to_bytes(4, "big"))

    def pair_commitment(self, round_: int, other: int) -> bytes:
        """What both sides publish, so that a false seed told later is recognized."""
        return keccak(self.pair_seed(round_, other))

    def personal_seed(self, round_: int) -> bytes:
        seed = keccak(b"DILN personal mask" + self.domain + self.private.secret + round_.to_bytes(4, "big"))
        return (int.from_bytes(seed, "big") % PRIME).to_bytes(32, "big")

    def shares(self, round_: int) -> dict[int, bytes]:
        """For each other seat its share of the personal seed, 65 bytes that only it can read."""
        others = sorted(self._pairs)
        parts = split(self.personal_seed(round_), len(others), self.threshold)
        found = {}
        for seat, part in zip(others, parts, strict=True):
            key = self._share_key(round_, seat, self.seat)
            body = bytes([part.at]) + part.value.to_bytes(32, "big")
            hidden = bytes(a ^ b for a, b in zip(body, hashlib.shake_256(key).digest(33), strict=True))
            found[seat] = hidden + hmac.digest(key, hidden, "sha256")
        return found

    def read_share(self, round_: int, sender: int, hidden: bytes) -> Share:
        """The share that `sender` made for this party. Raises VerificationFailed."""
        key = self._share_key(round_, sender, sender)
        body, tag = hidden[:33], hidden[33:]
        if len(hidden) != 65 or not hmac.compare_digest(hmac.digest(key, body, "sha256"), tag):
            raise VerificationFailed(f"the share of seat {sender} was not made for this party and round")
        plain = bytes(a ^ b for a, b in zip(body, hashlib.shake_256(key).digest(33), strict=True))
        return Share(plain[0], int.from_bytes(plain[1:], "big"))

    def _share_key(self, round_: int, other: int, sender: int) -> bytes:
        return keccak(b"DILN mask share" + self._pairs[other] + round_.to_bytes(4, "big") + bytes([sender]))

    def mask(self, round_: int, update: NDArray[np.int64], seats: Iterable[int]) -> Words:
        """`update` under the masks shared with `seats` and its own; the sum of all has to fit 32 bits."""
        total = update.astype(np.int64).astype(np.uint32)
        total += self.expand(self.personal_seed(round_), len(update))
        for other in seats:
            if other != self.seat:
                mask = self.expand(self.pair_seed(round_, other), len(update))
                total = total + mask if self.seat < other else total - mask
        return total

    def tell_pair(self, round_: int, gone: int) -> bytes:
        """The seed shared with a party that did not publish. Raises DataError if its share was told."""
        self._tell(round_, gone, "pair")
        return self.pair_seed(round_, gone)

    def tell_share(self, round_: int, sender: int, hidden: bytes) -> Share:
        """The share of a party that did publish. Raises DataError if the pair's seed was told."""
        share = self.read_share(round_, sender, hidden)
        self._tell(round_, sender, "share")
        return share

    def _tell(self, round_: int, seat: int, what: str) -> None:
        if self._told.setdefault((round_, seat), what) != what:
            raise DataError(
                f"of seat {seat} in round {round_} the {self._told[round_, seat]} was told already",
                "Both together would unmask its update.",
            )


def unmask(
    masked: Mapping[int, Words],
    personal: Mapping[int, bytes],
    gone: Mapping[int, Mapping[int, bytes]],
    expand: Expand = keccak_mask,
) -> NDArray[np.int64]:
    """The sum of the updates of the seats in `masked`, exactly, if it fits 32 bits with its sign.

    `personal` has the personal seed of each of them, `gone` for each seat that agreed on masks and did not
    publish the seeds it shares with those that did. Raises DataError if a seed is missing.
    """
    if set(personal) != set(masked) or any(set(told) != set(masked) for told in gone.values()):
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
