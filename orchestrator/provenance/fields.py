"""Fields of parsed JSON, each checked; what is wrong is a NotCanonical that names the field."""

import re
from typing import Any

from eth_utils.address import is_checksum_address

from orchestrator.provenance.canonical import NotCanonical, where
from orchestrator.types import Address, Digest


def object_in(value: object, keys: set[str], at: str) -> dict[str, Any]:
    """`value` if it is an object with exactly these keys, else NotCanonical."""
    if not isinstance(value, dict):
        raise NotCanonical("not a JSON object", at)
    if value.keys() != keys:
        wrong = sorted(value.keys() ^ keys)[0]
        raise NotCanonical("missing" if wrong in keys else "unknown", where([at, wrong]))
    return value


def list_in(value: object, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotCanonical("not a list", at)
    return value


def text_in(value: object, at: str) -> str:
    if not isinstance(value, str) or not value:
        raise NotCanonical("not text", at)
    return value


def count_in(value: object, at: str) -> int:
    if type(value) is not int or value < 0:
        raise NotCanonical("not a count", at)
    return value


def digest_in(value: object, at: str) -> Digest:
    """32 bytes from 64 lower-case hexadecimal digits, else NotCanonical."""
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise NotCanonical("not 64 hexadecimal digits", at)
    return Digest(bytes.fromhex(value))


def bytes_in(value: object, at: str) -> bytes:
    """Bytes from 0x and hexadecimal digits."""
    if not isinstance(value, str) or not re.fullmatch("0x([0-9a-f]{2})*", value):
        raise NotCanonical("not 0x and hexadecimal digits", at)
    return bytes.fromhex(value[2:])


def address_in(value: object, at: str) -> Address:
    """An address with its checksum."""
    if not isinstance(value, str) or not is_checksum_address(value):
        raise NotCanonical("not an address with a checksum", at)
    return Address(value)  # type: ignore[arg-type]  # a NewType over another NewType
