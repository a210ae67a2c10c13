"""What the parameters of a JSON-RPC request stand for; what does not fit is refused, by its name.

Whoever asks may be a stranger: every reader here takes any JSON value, and raises nothing but InvalidParams.
Integers and bytes are taken as well as hex, since web3 passes some on as they are.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orchestrator.chain.embedded.machine import Message
from orchestrator.text import shown

TAGS = ("latest", "pending", "safe", "finalized", "earliest")
MOST_TOPICS = 4
MOST_ALTERNATIVES = 1000
"""Addresses, or values of one topic, that a filter may name: SQLite bounds a statement's variables."""

MOST_PERCENTILES = 100
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_CALL_KEYS = frozenset(
    {"from", "to", "value", "data", "input", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"}
    | {"nonce", "type", "chainId", "accessList"}
)
_FILTER_KEYS = frozenset({"fromBlock", "toBlock", "blockHash", "address", "topics"})

Block = str | int | bytes
"""A tag, a height, or a block's hash (EIP-1898)."""


class InvalidParams(Exception):
    """A parameter is missing, too much or malformed; the sentence names it."""


class Parameter(NamedTuple):
    """How one parameter is read. `default` is what stands for a missing one; `...` where it must be there."""

    name: str
    read: Callable[[str, Any], Any]
    default: object = ...


@dataclass(frozen=True)
class Filter:
    """What eth_getLogs looks for. `block_hash` excludes a range; an empty list of values allows all."""

    first: Block = "latest"
    last: Block = "latest"
    block_hash: bytes | None = None
    addresses: Sequence[bytes] = ()
    topics: Sequence[Sequence[bytes]] = field(default=())


def read_all(parameters: Sequence[Parameter], given: object) -> list[Any]:
    """The values of `given`, a list by position. Raises InvalidParams."""
    if not isinstance(given, list | tuple):
        raise InvalidParams("`params` must be a list")
    if len(given) > len(parameters):
        names = ", ".join(f"`{each.name}`" for each in parameters) or "none"
        raise InvalidParams(f"{len(given)} parameters were given; this method takes {names}")
    values = [*given, *[None] * (len(parameters) - len(given))]
    return [_read(each, value) for each, value in zip(parameters, values, strict=True)]


def _read(parameter: Parameter, value: object) -> Any:
    if value is None:
        if parameter.default is ...:
            raise InvalidParams(f"`{parameter.name}` is missing")
        return parameter.default
    return parameter.read(parameter.name, value)


def address(name: str, value: object) -> bytes:
    return _sized(name, value, 20, "an address")


def digest(name: str, value: object) -> bytes:
    return _sized(name, value, 32, "a hash")


def _sized(name: str, value: object, size: int, kind: str) -> bytes:
    try:
        found = content(name, value)
    except InvalidParams:
        found = b""
    if len(found) != size:
        raise InvalidParams(f"`{name}` must be {kind}: 0x and {2 * size} hex digits; it is {_told(value)}")
    return found


def content(name: str, value: object) -> bytes:
    """Bytes of any length."""
    if isinstance(value, bytes):
        return bytes(value)
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise InvalidParams(f"`{name}` must be 0x and an even number of hex digits; it is {_told(value)}")
    return bytes.fromhex(value[2:])


def number(name: str, value: object) -> int:
    """A whole number from 0 to 2²⁵⁶ − 1."""
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 256:
        return int(value)
    raise InvalidParams(f"`{name}` must be 0x and 1 to 64 hex digits; it is {_told(value)}")


def slot(name: str, value: object) -> int:
    """A storage slot: a number, or 32 bytes."""
    return (
        int.from_bytes(value, "big") if isinstance(value, bytes) and len(value) == 32 else number(name, value)
    )


def duration(name: str, value: object) -> int:
    """Seconds, at most what a timestamp of a block can hold after it."""
    found = number(name, value)
    if found >= 1 << 40:
        raise InvalidParams(f"`{name}` must be fewer than 2^40 seconds; it is {_told(value)}")
    return found


def flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidParams(f"`{name}` must be true or false; it is {_told(value)}")
    return value


def anything(_: str, value: object) -> Any:
    """What other nodes take and this one needs not."""
    return value


def nothing(name: str, _: object) -> None:
    """What other nodes take, and what changes the answer: it must not be passed over."""
    raise InvalidParams(f"`{name}` is not supported here: leave it out")


def height(name: str, value: object) -> str | int:
    """A block by tag or number."""
    if isinstance(value, str) and value in TAGS:
        return value
    try:
        found = number(name, value)
    except InvalidParams:
        found = 1 << 64
    if found >= 1 << 64:
        tags = ", ".join(TAGS)
        raise InvalidParams(
            f"`{name}` must be a block: {tags} or a hex number below 2^64; it is {_told(value)}"
        )
    return found


def block(name: str, value: object) -> Block:
    """A block by tag, number, or EIP-1898's object of a number or a hash."""
    if not isinstance(value, dict):
        return height(name, value)
    keys = set(value) - {"requireCanonical"}
    if keys == {"blockNumber"}:
        return height(f"{name}.blockNumber", value["blockNumber"])
    if keys == {"blockHash"}:
        return digest(f"{name}.blockHash", value["blockHash"])
    raise InvalidParams(f"`{name}` must have either `blockNumber` or `blockHash`")


def call(name: str, value: object) -> Message:
    """The message of eth_call and eth_estimateGas."""
    given = _object(name, value, _CALL_KEYS)
    sent = given.get("input") or given.get("data")
    return Message(
        sender=address(f"{name}.from", given["from"]) if given.get("from") else bytes(20),
        to=address(f"{name}.to", given["to"]) if given.get("to") else b"",
        value=number(f"{name}.value", given.get("value", 0)),
        data=content(f"{name}.data", sent) if sent else b"",
        gas=number(f"{name}.gas", given["gas"]) if given.get("gas") else None,
    )


def log_filter(name: str, value: object) -> Filter:
    """The filter of eth_getLogs."""
    given = _object(name, value, _FILTER_KEYS)
    if "blockHash" in given and ("fromBlock" in given or "toBlock" in given):
        raise InvalidParams(f"`{name}` has a `blockHash`, so it must have no range")
    topics = given.get("topics", [])
    if not isinstance(topics, list | tuple) or len(topics) > MOST_TOPICS:
        raise InvalidParams(f"`{name}.topics` must be a list of at most {MOST_TOPICS}")
    return Filter(
        first=height(f"{name}.fromBlock", given.get("fromBlock", "latest")),
        last=height(f"{name}.toBlock", given.get("toBlock", "latest")),
        block_hash=digest(f"{name}.blockHash", given["blockHash"]) if "blockHash" in given else None,
        addresses=_alternatives(f"{name}.address", given.get("address"), address),
        topics=[_alternatives(f"{name}.topics[{i}]", each, digest) for i, each in enumerate(topics)],
    )


def percentiles(name: str, value: object) -> list[float]:
    """Those of eth_feeHistory: rising, from 0 to 100."""
    if not isinstance(value, list | tuple) or len(value) > MOST_PERCENTILES:
        raise InvalidParams(f"`{name}` must be a list of at most {MOST_PERCENTILES} numbers")
    numbers = [each for each in value if isinstance(each, int | float) and 0 <= each <= 100]
    if len(numbers) < len(value) or numbers != sorted(numbers):
        raise InvalidParams(f"`{name}` must rise, from 0 to 100")
    return numbers


def _alternatives(name: str, value: object, read: Callable[[str, Any], bytes]) -> list[bytes]:
    if value is None:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) > MOST_ALTERNATIVES:
        raise InvalidParams(f"`{name}` has {len(values)} values; at most {MOST_ALTERNATIVES} are taken")
    return [read(name, each) for each in values]


def _object(name: str, value: object, known: frozenset[str]) -> dict[str, Any]:
    """An object whose keys are known; those without a value are left out."""
    if not isinstance(value, Mapping):
        raise InvalidParams(f"`{name}` must be an object; it is {_told(value)}")
    given = {key: value[key] for key in value if value[key] is not None}
    if unknown := sorted(set(given) - known):
        raise InvalidParams(f"`{name}.{shown(str(unknown[0]), 40)}` is not supported here: leave it out")
    return given


def _told(value: object) -> str:
    """A stranger's value in a sentence."""
    if isinstance(value, str):
        return f"“{shown(value, 40)}”"
    return {bool: "a truth value", dict: "an object", list: "a list"}.get(type(value), "no such thing")
