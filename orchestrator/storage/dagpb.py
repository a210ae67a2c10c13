"""Nodes of a UnixFS graph on the wire.

A dag-pb node is links and data (https://ipld.io/specs/codecs/dag-pb/spec/); the data is a UnixFS message that
says whether the node is a file, a folder or a shard of a folder (https://specs.ipfs.tech/unixfs/). Both are
Protocol Buffers with so few fields that a general decoder would be the larger part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from orchestrator.errors import CidError, IntegrityError
from orchestrator.storage.cid import Cid

RAW_DATA, FOLDER, FILE, METADATA, SYMLINK, SHARD = range(6)  # the kinds of UnixFS node

MURMUR3 = 0x22
FANOUT = 256


@dataclass(frozen=True, slots=True)
class Link:
    """An edge to another node. `name` is empty inside files; `size` is what lies below it, in block bytes."""

    cid: Cid
    name: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph: its links and its UnixFS message.

    `kind` is one of FILE, FOLDER, …; `data` the bytes held in the node itself (in a shard, the bit field);
    `size` the bytes of the file below this node (None if it does not say); `sizes` those below each link.
    """

    kind: int
    links: tuple[Link, ...] = ()
    data: bytes | None = None
    size: int | None = None
    sizes: tuple[int, ...] = ()
    fanout: int = 0

    def encode(self) -> bytes:
        """Return the node's block, in canonical form: links first, fields in the order Kubo writes them."""
        links = b"".join(_message(2, _encode_link(link)) for link in self.links)
        return links + _message(1, self._encode_unixfs())

    def _encode_unixfs(self) -> bytes:
        parts = [_number(1, self.kind)]
        if self.data is not None:
            parts.append(_message(2, self.data))
        if self.size is not None:
            parts.append(_number(3, self.size))
        parts.extend(_number(4, size) for size in self.sizes)
        if self.fanout:
            parts += [_number(5, MURMUR3), _number(6, self.fanout)]
        return b"".join(parts)

    @classmethod
    def decode(cls, block: bytes) -> Self:
        """Read a block. Raises IntegrityError if it is not a UnixFS node, CidError for a foreign link."""
        try:
            return cls._decode(block)
        except (ValueError, CidError) as error:
            raise IntegrityError(
                f"a block is not a UnixFS node: {error}", "It was not made by `ipfs add` or DILN."
            ) from error

    @classmethod
    def _decode(cls, block: bytes) -> Self:
        links: list[Link] = []
        message: bytes | None = None
        for field, value in _fields(block):
            if field == 2:
                links.append(_decode_link(_expect_bytes(value)))
            elif field == 1 and message is None:
                message = _expect_bytes(value)
            else:
                raise ValueError(f"unexpected field {field}")
        if message is None:
            raise ValueError("it holds no UnixFS message")
        return cls._decode_unixfs(message, tuple(links))

    @classmethod
    def _decode_unixfs(cls, message: bytes, links: tuple[Link, ...]) -> Self:
        single: dict[int, int | bytes] = {}
        sizes: list[int] = []
        for field, value in _fields(message):
            if field == 4:
                sizes.extend([value] if isinstance(value, int) else unpack_varints(value))
            else:  # fields 7 and 8 are mode and time, which DILN does not keep
                single[field] = value
        return cls(
            kind=_expect_int(single.get(1, b"")),
            links=links,
            data=_expect_bytes(single[2]) if 2 in single else None,
            size=_expect_int(single[3]) if 3 in single else None,
            sizes=tuple(sizes),
            fanout=_expect_int(single.get(6, 0)),
        )


def varint(number: int) -> bytes:
    """Return `number` as an unsigned LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, start: int = 0) -> tuple[int, int]:
    """Return the number at `start` and where it ends. Raises ValueError if it is cut off or over 63 bits."""
    number = 0
    for place, byte in enumerate(data[start : start + 9]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, start + place + 1
    raise ValueError("a number is cut off or too large")


def unpack_varints(data: bytes) -> Iterator[int]:
    """Read numbers that stand one after the other. Raises ValueError if the last is cut off."""
    position = 0
    while position < len(data):
        number, position = read_varint(data, position)
        yield number


def _encode_link(link: Link) -> bytes:
    return _message(1, bytes(link.cid)) + _message(2, link.name) + _number(3, link.size)


def _decode_link(message: bytes) -> Link:
    fields = dict(_fields(message))
    if 1 not in fields or not fields.keys() <= {1, 2, 3}:
        raise ValueError("a link has unexpected fields")
    cid = Cid.from_bytes(_expect_bytes(fields[1]))
    return Link(cid, _expect_bytes(fields.get(2, b"")), _expect_int(fields.get(3, 0)))


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3]) + varint(value)


def _message(field: int, value: bytes) -> bytes:
    return bytes([field << 3 | 2]) + varint(len(value)) + value


def _fields(data: bytes) -> Iterable[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        number, position = read_varint(data, position)
        if key & 7 == 0:
            yield key >> 3, number
        elif key & 7 == 2 and position + number <= len(data):
            yield key >> 3, data[position : position + number]
            position += number
        else:
            raise ValueError("a field is cut off or of an unknown type")


def _expect_int(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise ValueError("a number is missing")  # noqa: TRY004 - decode() turns ValueError into IntegrityError
    return value


def _expect_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number stands where bytes belong")  # noqa: TRY004
    return value


__all__ = [
    "FANOUT",
    "FILE",
    "FOLDER",
    "RAW_DATA",
    "SHARD",
    "SYMLINK",
    "Link",
    "Node",
    "read_varint",
    "varint",
]
