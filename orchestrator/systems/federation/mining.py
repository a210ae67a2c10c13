"""Find the nonce that the policy Work asks of whoever claims."""

from collections.abc import Iterator

from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation
from orchestrator.types import Address, Digest

TRIES = 1 << 16
"""In one go: about half a second."""


def nonces(head: bytes, target: int, start: int = 0) -> Iterator[Digest | None]:
    """One that hashes with `head` below `target`; None each time that TRIES were in vain."""
    number = start
    while True:
        for number in range(number, number + TRIES):
            nonce = number.to_bytes(32, "big")
            if int.from_bytes(keccak(head + nonce), "big") < target:
                yield Digest(nonce)
                return
        number += 1
        yield None


def head(federation: Federation, miner: Address, model_root: Digest) -> bytes:
    """What stands before the nonce: record, round, sender and result."""
    record, number = federation.heads().record, federation.state().round
    who = to_canonical_address(miner).rjust(32, b"\0")
    return record + number.to_bytes(32, "big") + who + model_root


def mine(federation: Federation, miner: Address, model_root: Digest, goes: int = 64) -> Digest | None:
    """A nonce for `model_root`; None if `goes` times TRIES were not enough: then it begins where it ended.

    Where somebody else claims in the meantime, looking on is in vain: ask again after some goes.
    """
    found = nonces(head(federation, miner, model_root), federation.target())
    for _ in range(goes):
        nonce = next(found)
        if nonce is not None:
            return nonce
    return None
