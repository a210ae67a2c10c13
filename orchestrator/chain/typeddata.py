"""What wallets sign (EIP-712): how a message is put together, hashed, and held against a signature."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from orchestrator.chain.external import Wallet
from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

Message = dict[str, object]
"""In the form that wallets take (`eth_signTypedData_v4`)."""

Fields = Sequence[tuple[str, str]]
"""Name and type of each field, in order."""

VERSION = "1"
_DOMAIN: Fields = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1


def typed_message(
    domain: str, chain_id: int, contract: Address, kind: str, fields: Fields, values: Mapping[str, object]
) -> Message:
    """A message of type `kind`, which counts for `contract` alone, under the name that its code has."""
    return {
        "types": {"EIP712Domain": _named(_DOMAIN), kind: _named(fields)},
        "primaryType": kind,
        "domain": {
            "name": domain,
            "version": VERSION,
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        "message": dict(values),
    }


def message_digest(message: Message) -> Digest:
    """The 32 bytes that are signed."""
    from eth_account.messages import encode_typed_data

    encoded = encode_typed_data(full_message=message)
    return Digest(keccak(b"\x19" + encoded.version + encoded.header + encoded.body))


def recover_signer(message: Message, signature: bytes) -> Address | None:
    """Whose key signed; None if none did.

    Like the contracts, accepts only the one form of a signature: 65 bytes, v 27 or 28, s in the lower half.
    """
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return None
    try:
        plain = Signature(signature[:64] + bytes([signature[64] - 27]))
        return plain.recover_public_key_from_msg_hash(message_digest(message)).to_checksum_address()
    except (BadSignature, ValidationError):
        return None


def wallet_accepts(chain: "Chain", wallet: Address, digest: Digest, signature: bytes) -> bool:
    """Whether the contract at `wallet` takes the signature for its own (ERC-1271)."""
    try:
        return Wallet(chain, wallet).is_valid_signature(digest, signature)
    except NodeUnavailable:
        raise
    except ChainError:  # it refused, ran out of gas, or did not answer with 32 bytes
        return False


def is_signed_by(chain: "Chain", who: Address, message: Message, signature: bytes) -> bool:
    """Whether `who` signed: with its key, or by its own word if it is a contract. Raises NodeUnavailable."""
    if not chain.code(who):
        return recover_signer(message, signature) == who
    return wallet_accepts(chain, who, message_digest(message), signature)


def _named(fields: Fields) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
