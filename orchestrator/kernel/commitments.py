"""Commit first, reveal later: what contracts/kernel/Commitments.sol computes."""

from orchestrator.errors import DataError
from orchestrator.types import Address, Digest

SALT_BYTES = 32


def commitment_of(
    purpose: str, chain_id: int, contract: Address, who: Address, payload: bytes, salt: bytes
) -> Digest:
    """What `who` commits to for `purpose` (the domain's name), in no other contract and on no other chain.

    Payload (a digest) and salt have 32 bytes; raises DataError for another salt.
    """
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    if len(salt) != SALT_BYTES:
        raise DataError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    kinds = ("bytes32", "uint256", "address", "address", "bytes32", "bytes32")
    values = (keccak(text=purpose), chain_id, contract, who, payload, salt)
    return Digest(keccak(encode(kinds, values)))
