"""Threshold Paillier for the experiment only: sums under encryption that a number of parties open together.

A dealer makes the key, out of primes that are not safe ones, so nothing can be proven of shares; and the
scheme of DeepChain, of which this is a part, is patented (US 11,836,616). Masks are 50 to 1,000 times
cheaper.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import factorial, lcm

import numpy as np
from Crypto.Util.number import getPrime

from orchestrator.learning.aggregation.chunks import Integers

LANE = 32
"""Bits of a value in a ciphertext: 24 of its own, and room for 2**8 of them in a sum."""

OFFSET = 2**23


@dataclass(frozen=True)
class Key:
    """Public: `n` is the modulus. Shares belong to parties 1, 2 …, of whom `threshold` open a sum."""

    n: int
    threshold: int
    parties: int

    @property
    def lanes(self) -> int:
        return self.n.bit_length() // LANE - 1

    @property
    def square(self) -> int:
        return self.n * self.n

    def encrypt(self, values: Integers) -> list[int]:
        """Ciphertexts of `values`, each within ±2**23, packed."""
        return [self._encrypt(word) for word in self._pack(values)]

    def _pack(self, values: Integers) -> list[int]:
        words = []
        for at in range(0, len(values), self.lanes):
            part = values[at : at + self.lanes]
            words.append(sum((int(value) + OFFSET) << LANE * place for place, value in enumerate(part)))
        return words

    def unpack(self, words: Sequence[int], size: int, added: int) -> Integers:
        """The sums of `added` packed vectors of `size` values."""
        lanes = [word >> LANE * place & (1 << LANE) - 1 for word in words for place in range(self.lanes)]
        return np.array(lanes[:size], np.int64) - added * OFFSET

    def _encrypt(self, word: int) -> int:
        chance = secrets.randbelow(self.n - 1) + 1
        return (1 + word * self.n) * pow(chance, self.n, self.square) % self.square

    def add(self, vectors: Iterable[Sequence[int]]) -> list[int]:
        """Ciphertexts of the sum."""
        totals: list[int] = []
        for vector in vectors:
            totals = (
                [a * b % self.square for a, b in zip(totals, vector, strict=True)] if totals else list(vector)
            )
        return totals

    def share_of(self, ciphertext: int, share: int) -> int:
        """What a party adds to the opening of a ciphertext."""
        return pow(ciphertext, 2 * factorial(self.parties) * share, self.square)

    def combine(self, parts: dict[int, int]) -> int | None:
        """The packed word of `parts` (party → its part); None if they are too few or wrong (Shoup, 2000)."""
        delta, found = factorial(self.parties), 1
        for party, part in parts.items():
            over, under = delta, 1
            for other in parts:
                if other != party:
                    over, under = over * -other, under * (party - other)
            found = found * pow(part, 2 * over // under, self.square) % self.square
        whole, rest = divmod(found - 1, self.n)
        return None if rest else whole * pow(4 * delta * delta, -1, self.n) % self.n


def deal(bits: int, threshold: int, parties: int) -> tuple[Key, dict[int, int]]:
    """A key whose modulus has `bits`, and the shares."""
    p, q = getPrime(bits // 2), getPrime(bits // 2)
    n, order = p * q, lcm(p - 1, q - 1)
    secret = order * pow(order, -1, n)  # 0 modulo the order, 1 modulo n
    terms = [secret, *(secrets.randbelow(n * order) for _ in range(threshold - 1))]
    shares = {
        party: sum(term * party**power for power, term in enumerate(terms)) % (n * order)
        for party in range(1, parties + 1)
    }
    return Key(n, threshold, parties), shares
