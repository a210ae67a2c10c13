"""Samples in a row, as markets take them (contracts/market/Samples.sol), and what commits to them.

A batch is, for each sample: its label (1 byte), the length of its features (2, big-endian), its features. A
test set is a list of portions, each a batch; a provider commits to it by the root of a Merkle tree over
salted leaves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.errors import DataError
from orchestrator.types import Address

SALT = 32  # bytes


@dataclass(frozen=True)
class Domain:
    """Where a commitment counts, and nowhere else: which chain, which contract."""

    chain_id: int
    contract: Address


def encode_batch(xs: Sequence[bytes], ys: Sequence[int]) -> bytes:
    """Samples as a batch; raises DataError where a label or a length does not fit."""
    parts = []
    for x, y in zip(xs, ys, strict=True):
        if not 0 <= y < 256 or len(x) >= 1 << 16:
            raise DataError(f"a sample of label {y} and {len(x)} bytes does not fit a batch")
        parts.append(bytes([y]) + len(x).to_bytes(2, "big") + x)
    return b"".join(parts)


def decode_batch(batch: bytes) -> Iterator[tuple[bytes, int]]:
    """Each sample of a batch, features and label; raises DataError where it is truncated."""
    at = 0
    while at < len(batch):
        end = at + 3 + int.from_bytes(batch[at + 1 : at + 3], "big")
        if at + 3 > len(batch) or end > len(batch):
            raise DataError("a sample ends after its data do")
        yield batch[at + 3 : end], batch[at]
        at = end


def count_batch(batch: bytes) -> int:
    """How many samples a batch has; raises DataError where it is truncated."""
    return sum(1 for _ in decode_batch(batch))


def portion_leaf(domain: Domain, provider: Address, index: int, batch: bytes, salt: bytes) -> bytes:
    """The commitment to portion `index`: what the market's `leafOf` returns."""
    payload = _hash(("uint256", "bytes32"), (index, _keccak(batch)))
    return _commitment(b"DILN market portion", domain, provider, payload, salt)


def contribution_commitment(domain: Domain, contributor: Address, batch: bytes, salt: bytes) -> bytes:
    """The commitment to a sealed contribution: what the market's `commitmentOf` returns."""
    return _commitment(b"DILN market contribution", domain, contributor, _keccak(batch), salt)


def _commitment(purpose: bytes, domain: Domain, who: Address, payload: bytes, salt: bytes) -> bytes:
    """As contracts/kernel/Commitments.sol computes it."""
    types = ("bytes32", "uint256", "address", "address", "bytes32", "bytes32")
    values = (_keccak(purpose), domain.chain_id, domain.contract, who, payload, _salted(salt))
    return _hash(types, values)


def _salted(salt: bytes) -> bytes:
    if len(salt) != SALT:
        raise DataError(f"a salt has {SALT} bytes, not {len(salt)}")
    return salt


def _hash(types: Sequence[str], values: Sequence[object]) -> bytes:
    from eth_abi.abi import encode

    return _keccak(encode(types, values))


def _keccak(data: bytes) -> bytes:
    from eth_utils.crypto import keccak

    return keccak(data)
