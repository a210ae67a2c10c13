"""The EIP-712 messages that participants sign, exactly as the registry hashes them."""

from dataclasses import fields
from typing import Any

from eth_utils.crypto import keccak

from orchestrator.bindings.registry import Publication, Status
from orchestrator.types import Address, Digest

DOMAIN_NAME = "DILN ModelRegistry"
DOMAIN_VERSION = "1"

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1

_DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_PUBLICATION_TYPE = [
    {"name": "projectId", "type": "bytes32"},
    {"name": "artifactHash", "type": "bytes32"},
    {"name": "manifestDigest", "type": "bytes32"},
    {"name": "cidKind", "type": "uint8"},
    {"name": "cidDigest", "type": "bytes32"},
    {"name": "parents", "type": "bytes32[]"},
    {"name": "deployable", "type": "bool"},
]
_PROMOTION_TYPE = [
    {"name": "projectId", "type": "bytes32"},
    {"name": "artifactHash", "type": "bytes32"},
    {"name": "status", "type": "uint8"},
    {"name": "revision", "type": "uint32"},
]


def publication_message(publication: Publication, chain_id: int, registry: Address) -> dict[str, Any]:
    """The message of `publish`, in the form that wallets take (`eth_signTypedData_v4`)."""
    values = [_json(getattr(publication, each.name)) for each in fields(publication)]
    return _message("Publication", _PUBLICATION_TYPE, values, chain_id, registry)


def promotion_message(
    project_id: Digest, artifact_hash: Digest, status: Status, revision: int, chain_id: int, registry: Address
) -> dict[str, Any]:
    """The message of `promote`; `revision` is the version's present one."""
    values = [_json(project_id), _json(artifact_hash), int(status), revision]
    return _message("Promotion", _PROMOTION_TYPE, values, chain_id, registry)


def message_digest(message: dict[str, Any]) -> Digest:
    """The 32 bytes that are signed."""
    from eth_account.messages import encode_typed_data

    encoded = encode_typed_data(full_message=message)
    return Digest(keccak(b"\x19" + encoded.version + encoded.header + encoded.body))


def recover_signer(message: dict[str, Any], signature: bytes) -> Address | None:
    """Whose key signed; None if none did.

    Like the contract, accepts only the one form of a signature: 65 bytes, v 27 or 28, s in the lower half.
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


def _message(
    name: str, fields: list[dict[str, str]], values: list[Any], chain_id: int, registry: Address
) -> dict[str, Any]:
    return {
        "types": {"EIP712Domain": _DOMAIN_TYPE, name: fields},
        "primaryType": name,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": registry,
        },
        "message": {field["name"]: value for field, value in zip(fields, values, strict=True)},
    }


def _json(value: Any) -> Any:
    """Bytes as 0x-hex and enums as numbers, so that the message is plain JSON."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value if isinstance(value, bool) else int(value)
