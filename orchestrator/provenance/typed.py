"""The EIP-712 messages that participants sign, exactly as the registry hashes them."""

from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak

from orchestrator.provenance.records import Publication, Status
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from eth_account.messages import SignableMessage

DOMAIN_NAME = "DILN ModelRegistry"
DOMAIN_VERSION = "1"

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
    values = [_json(value) for value in publication.as_tuple()]
    return _message("Publication", _PUBLICATION_TYPE, values, chain_id, registry)


def promotion_message(
    project_id: Digest, artifact_hash: Digest, status: Status, revision: int, chain_id: int, registry: Address
) -> dict[str, Any]:
    """The message of `promote`; `revision` is the version's present one."""
    values = [_json(project_id), _json(artifact_hash), int(status), revision]
    return _message("Promotion", _PROMOTION_TYPE, values, chain_id, registry)


def message_digest(message: dict[str, Any]) -> Digest:
    """The 32 bytes that are signed."""
    encoded = signable(message)
    return Digest(keccak(b"\x19" + encoded.version + encoded.header + encoded.body))


def signable(message: dict[str, Any]) -> "SignableMessage":
    from eth_account.messages import encode_typed_data

    return encode_typed_data(full_message=message)


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
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value if isinstance(value, bool) else int(value)
