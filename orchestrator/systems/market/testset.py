"""A secret test set: cut into portions, sealed for storage, committed to by a Merkle root.

The sealed file is pinned, and its CID is in the descriptor, so it is bound to the market's address before
anything is known of it. A portion is sealed with its salt: revealing a portion reveals the key to it.

File: one line of canonical JSON (the nonce that the provider's salts are derived from, the portions'
lengths), then the sealed portions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from orchestrator.errors import DataError, IntegrityError
from orchestrator.kernel.secrets import masked, salts_from
from orchestrator.merkle import PositionTree, climb, keccak
from orchestrator.provenance.canonical import NotCanonical, decode, encode
from orchestrator.systems.market.reference.samples import Domain, encode_batch, portion_leaf
from orchestrator.types import Address

Sample = tuple[bytes, int]
FORMAT = "diln-market-test-set/1"
TAG = b"DILN market portion seal"
LONGEST_PORTION = 24_575
MOST_PORTIONS = 254
LARGEST = 16 << 20
_BAD = "Ask the provider for the file that the market's descriptor names."


@dataclass(frozen=True)
class SecretTest:
    """All portions and their salts: what the provider knows."""

    batches: tuple[bytes, ...]
    salts: tuple[bytes, ...]

    @classmethod
    def of(cls, batches: tuple[bytes, ...], master: bytes) -> Self:
        """These portions, with the salts that follow from the provider's master."""
        return cls(batches, salts_from(master, len(batches)))

    def tree(self, domain: Domain, provider: Address) -> PositionTree:
        """The tree whose root commits to them at `domain`."""
        pairs = enumerate(zip(self.batches, self.salts, strict=True))
        return PositionTree([portion_leaf(domain, provider, i, batch, salt) for i, (batch, salt) in pairs])

    def sealed(self, nonce: bytes) -> "SealedTest":
        pairs = zip(self.batches, self.salts, strict=True)
        return SealedTest(nonce, tuple(masked(batch, salt, TAG) for batch, salt in pairs))


@dataclass(frozen=True)
class SealedTest:
    """All portions as they are pinned. `nonce` and the provider's wallet give the salts."""

    nonce: bytes
    portions: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        lengths = [len(portion) for portion in self.portions]
        head = encode({"format": FORMAT, "nonce": self.nonce.hex(), "lengths": lengths})
        return head + b"\n" + b"".join(self.portions)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Raises DataError for what `to_bytes` did not write."""
        line, _, body = content.partition(b"\n")
        try:
            head: dict[str, Any] = decode(line)
            nonce, lengths = bytes.fromhex(head["nonce"]), [int(each) for each in head["lengths"]]
            known = head["format"] == FORMAT
        except (NotCanonical, KeyError, TypeError, ValueError) as error:
            raise DataError(f"the market's sealed test set is malformed: {error}", _BAD) from error
        bounded = 0 < len(lengths) <= MOST_PORTIONS and max(lengths) <= LONGEST_PORTION
        if not known or not bounded or sum(lengths) != len(body) or min(lengths) < 0:
            raise DataError("the market's sealed test set is malformed: its parts do not fit", _BAD)
        portions, at = [], 0
        for length in lengths:
            portions.append(body[at : at + length])
            at += length
        return cls(nonce, tuple(portions))

    def open(self, index: int, salt: bytes) -> bytes:
        """The samples of a portion. Raises IntegrityError if there is none of that number."""
        if not index < len(self.portions):
            raise IntegrityError(f"the sealed test set has no portion {index}", _BAD)
        return masked(self.portions[index], salt, TAG)

    def open_all(self, master: bytes) -> SecretTest:
        salts = salts_from(master, len(self.portions))
        return SecretTest(tuple(self.open(i, salt) for i, salt in enumerate(salts)), salts)


def cut(samples: Sequence[Sample], portions: int, size: int, seed: bytes) -> tuple[bytes, ...]:
    """Portions of `size` samples each, drawn in an order that `seed` decides, so that no portion is special.

    Raises DataError where there are too few samples, or a portion is longer than a contract holds.
    """
    if not 2 <= portions <= MOST_PORTIONS:
        raise DataError(f"a test set has 2 to {MOST_PORTIONS} portions", "Choose --portions.")
    if size < 1 or len(samples) < portions * size:
        raise DataError(
            f"{portions} portions of {max(size, 1)} need {portions * max(size, 1)} test samples; "
            f"{len(samples)} can be encoded",
            "Give more test samples, or fewer --portions.",
        )
    order = sorted(range(len(samples)), key=lambda i: keccak(seed + i.to_bytes(4, "big")))
    shuffled = [samples[i] for i in order[: portions * size]]
    batches = []
    for start in range(0, portions * size, size):
        part = shuffled[start : start + size]
        batches.append(encode_batch([x for x, _ in part], [y for _, y in part]))
    longest = max(map(len, batches))
    if longest > LONGEST_PORTION:
        raise DataError(
            f"a portion of the test set has {longest} bytes; a contract holds {LONGEST_PORTION}",
            "Cut it into more --portions, or give each fewer --samples.",
        )
    return tuple(batches)


def proves(
    domain: Domain,
    provider: Address,
    root: bytes,
    index: int,
    count: int,
    batch: bytes,
    salt: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Whether a portion is the one that `root` commits to as portion `index` of `count`."""
    leaf = portion_leaf(domain, provider, index, batch, salt)
    return climb(leaf, proof, index, count) == root
