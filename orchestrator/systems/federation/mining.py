"""Find the nonce that the policy Work asks of whoever claims."""

from collections.abc import Iterator
from secrets import randbits

from eth_utils.address import to_canonical_address

from orchestrator.bindings.federation import Federation
from orchestrator.errors import ChainError
from orchestrator.merkle import keccak
from orchestrator.types import Address, Digest

TRIES = 1 << 16
"""In one go: a fraction of a second."""


class NoNonce(ChainError):
    """None was found in the time that there was for it."""


def nonces(head: bytes, target: int, start: int = 0) -> Iterator[Digest | None]:
    """One that hashes with `head` below `target`; None each time that TRIES were in vain."""
    while True:
        for number in range(start, start + TRIES):
            nonce = number.to_bytes(32, "big")
            if int.from_bytes(keccak(head + nonce), "big") < target:
                yield Digest(nonce)
                return
        start += TRIES
        yield None


def head(federation: Federation, miner: Address, model_root: Digest) -> bytes:
    """What stands before the nonce: record, round, sender and result."""
    record, number = federation.heads().record, federation.state().round
    who = to_canonical_address(miner).rjust(32, b"\0")
    return record + number.to_bytes(32, "big") + who + model_root


def mine(federation: Federation, miner: Address, model_root: Digest, goes: int = 8) -> Digest | None:
    """A nonce for `model_root`; None if `goes` times TRIES, from a random one on, were not enough."""
    found = nonces(head(federation, miner, model_root), federation.target(), randbits(64) << 64)
    for _ in range(goes):
        nonce = next(found)
        if nonce is not None:
            return nonce
    return None
