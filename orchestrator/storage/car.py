"""CARv1 files: a graph's blocks one after the other (https://ipld.io/specs/transport/car/carv1/)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage.cid import Cid
from orchestrator.storage.dagpb import varint
from orchestrator.storage.unixfs import MAX_BLOCK

# The header is DAG-CBOR of {"roots": [CID, …], "version": 1} in its one canonical form: no decoder is needed.
_HEADER_START = b"\xa2\x65roots"
_HEADER_END = b"\x67version\x01"
_CID_TAG = b"\xd8\x2a\x58"  # tag 42, then a byte string
_LONG_ARRAY = 0x98  # of CBOR: its length is in a byte of its own, from 24 on
MAX_ROOTS = 64  # in one file: each is walked through when it is taken in
_LONGEST_HEADER = 4096

_HINT = "Export it again, or fetch it again from where it came."


def write_car(roots: Sequence[Cid], blocks: Iterable[tuple[Cid, bytes]]) -> Iterator[bytes]:
    """Yield the bytes of a CAR file with these roots, MAX_ROOTS at most."""
    count = bytes([0x80 + len(roots)] if len(roots) < 24 else [_LONG_ARRAY, len(roots)])
    header = _HEADER_START + count + b"".join(map(_encode_root, roots)) + _HEADER_END
    yield varint(len(header)) + header
    for cid, block in blocks:
        name = bytes(cid)
        yield varint(len(name) + len(block)) + name + block


def read_car(file: BinaryIO) -> tuple[list[Cid], Iterator[tuple[Cid, bytes]]]:
    """Return the roots, and the blocks, each verified when it is reached.

    Raises IntegrityError if it is cut off or a block does not match its CID, CidError for a foreign CID,
    StorageError if it is not a CARv1 file. That no block is missing is for the caller to check.
    """
    return _read_roots(file), _read_blocks(file)


def _read_roots(file: BinaryIO) -> list[Cid]:
    header = _read_section(file, _LONGEST_HEADER)
    if header is None or not header.startswith(_HEADER_START) or not header.endswith(_HEADER_END):
        raise StorageError("this is not a CARv1 file", "Convert or export it as CAR version 1.")
    encoded = header[len(_HEADER_START) : -len(_HEADER_END)]
    skipped = 2 if encoded[:1] == bytes([_LONG_ARRAY]) else 1
    count = encoded[1] if skipped == 2 else encoded[0] - 0x80
    encoded = encoded[skipped:]
    roots = []
    while encoded:
        end = 4 + encoded[3] if len(encoded) > 4 else 0
        if not encoded.startswith(_CID_TAG) or not 5 <= end <= len(encoded) or encoded[4] != 0:
            raise IntegrityError("the header of the CAR file is damaged", _HINT)
        roots.append(Cid.from_bytes(encoded[5:end]))
        encoded = encoded[end:]
    if len(roots) != count or not 1 <= count <= MAX_ROOTS:
        raise IntegrityError("the CAR file names no root, or not as many as it says", _HINT)
    return roots


def _read_blocks(file: BinaryIO) -> Iterator[tuple[Cid, bytes]]:
    while (section := _read_section(file, MAX_BLOCK + 36)) is not None:
        size = 34 if section.startswith(b"\x12\x20") else 36
        cid, block = Cid.from_bytes(section[:size]), section[size:]
        if not cid.matches(block):
            raise IntegrityError(
                f"the block {cid} in the CAR file is damaged", _HINT, cid=str(cid), block=str(cid)
            )
        yield cid, block


def _read_section(file: BinaryIO, limit: int) -> bytes | None:
    """Return what follows a length, None at the end of the file."""
    size = _read_length(file)
    if size is None:
        return None
    if size > limit:
        raise StorageError("the CAR file holds a block larger than 2 MiB, or is damaged", _HINT)
    section = file.read(size)
    if len(section) != size:
        raise IntegrityError("the CAR file is cut off", _HINT)
    return section


def _read_length(file: BinaryIO) -> int | None:
    number = 0
    for place in range(5):
        byte = file.read(1)
        if not byte:
            if place:
                raise IntegrityError("the CAR file is cut off", _HINT)
            return None
        number |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return number
    raise IntegrityError("a length in the CAR file is damaged", _HINT)


def _encode_root(root: Cid) -> bytes:
    name = b"\0" + bytes(root)
    return _CID_TAG + bytes([len(name)]) + name


__all__ = ["MAX_ROOTS", "read_car", "write_car"]
