"""The EIP-712 messages that participants sign, exactly as the registry hashes them."""

from dataclasses import fields

from orchestrator.bindings.registry import Publication, Status
from orchestrator.chain.typeddata import Fields, Message, typed_message
from orchestrator.types import Address, Digest

DOMAIN_NAME = "DILN ModelRegistry"

_PUBLICATION: Fields = [
    ("projectId", "bytes32"),
    ("artifactHash", "bytes32"),
    ("manifestDigest", "bytes32"),
    ("cidKind", "uint8"),
    ("cidDigest", "bytes32"),
    ("parents", "bytes32[]"),
    ("deployable", "bool"),
]
_PROMOTION: Fields = [
    ("projectId", "bytes32"),
    ("artifactHash", "bytes32"),
    ("status", "uint8"),
    ("revision", "uint32"),
]


def publication_message(publication: Publication, chain_id: int, registry: Address) -> Message:
    """The message of `publish`, in the form that wallets take (`eth_signTypedData_v4`)."""
    given = [_json(getattr(publication, each.name)) for each in fields(publication)]
    values = {name: value for (name, _), value in zip(_PUBLICATION, given, strict=True)}
    return typed_message(DOMAIN_NAME, chain_id, registry, "Publication", _PUBLICATION, values)


def promotion_message(
    project_id: Digest, artifact_hash: Digest, status: Status, revision: int, chain_id: int, registry: Address
) -> Message:
    """The message of `promote`; `revision` is the version's present one."""
    values = {
        "projectId": _json(project_id),
        "artifactHash": _json(artifact_hash),
        "status": int(status),
        "revision": revision,
    }
    return typed_message(DOMAIN_NAME, chain_id, registry, "Promotion", _PROMOTION, values)


def _json(value: object) -> object:
    """Bytes as 0x-hex and enums as numbers, so that the message is plain JSON."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
