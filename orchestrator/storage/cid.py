"""Content identifiers: https://github.com/multiformats/cid

A CID names bytes by their hash, and says how to read them. DILN knows the two codecs that files need (raw
bytes and dag-pb nodes) and one hash (sha2-256); everything else is refused.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Self

import base58

from orchestrator.errors import CidError

RAW = 0x55
DAG_PB = 0x70
SHA2_256 = b"\x12\x20"  # the multihash prefix: function 0x12, 32 bytes long

_CODEC_NAMES = {RAW: "raw", DAG_PB: "dag-pb"}
_HINT = "A CID looks like bafkrei… or Qm…; copy it whole, without a path or a prefix."


@dataclass(frozen=True, slots=True)
class Cid:
    """A content identifier: `version` 0 or 1, `codec` RAW or DAG_PB, `digest` the SHA-256 (32 bytes)."""

    version: int
    codec: int
    digest: bytes

    def __post_init__(self) -> None:
        if self.codec not in _CODEC_NAMES:
            raise CidError(f"codec 0x{self.codec:x} is not supported", "Only raw and dag-pb (UnixFS) are.")
        if len(self.digest) != 32:
            raise CidError(f"a SHA-256 digest has 32 bytes, not {len(self.digest)}", _HINT)
        if self.version not in (0, 1) or (self.version == 0 and self.codec != DAG_PB):
            raise CidError(f"there is no CIDv{self.version} of {_CODEC_NAMES[self.codec]} blocks", _HINT)

    @classmethod
    def of(cls, block: bytes, codec: int = RAW, version: int = 1) -> Self:
        """Return the CID of a block. CIDv0 exists for dag-pb only."""
        return cls(version, codec, hashlib.sha256(block).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Qm…` (base58), `b…` (base32), `z…` (base58) or `f…` (hexadecimal).

        Raises CidError if it is malformed, or names another codec or hash.
        """
        try:
            data, canonical = _decode(text)
        except (ValueError, IndexError) as error:
            raise CidError(f"`{text[:80]}` is not a CID", _HINT) from error
        cid = cls.from_bytes(data)
        if not canonical or (cid.version == 0) != text.startswith("Qm"):
            raise CidError(f"`{text[:80]}` is not the canonical text of a CID", _HINT)
        return cid

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the binary form. Raises CidError if `data` is not exactly one supported CID."""
        if len(data) == 34 and data[:2] == SHA2_256:
            return cls(0, DAG_PB, data[2:])
        if len(data) < 4 or data[0] != 1:
            raise CidError("the bytes are not a CID", _HINT)
        if data[1] not in _CODEC_NAMES:
            raise CidError(f"codec 0x{data[1]:x} is not supported", "Only raw and dag-pb (UnixFS) are.")
        if data[2:4] != SHA2_256:
            raise CidError(
                "the multihash is not sha2-256 of 32 bytes", "Add the content again with sha2-256."
            )
        return cls(1, data[1], data[4:])

    @property
    def multihash(self) -> bytes:
        """The self-describing hash, 34 bytes: what a block is stored by."""
        return SHA2_256 + self.digest

    def __bytes__(self) -> bytes:
        return self.multihash if self.version == 0 else bytes([1, self.codec]) + self.multihash

    def __str__(self) -> str:
        if self.version == 0:
            return base58.b58encode(self.multihash).decode("ascii")
        return _base32(bytes(self))

    def matches(self, block: bytes) -> bool:
        """Tell whether these are the bytes that the CID names."""
        return hashlib.sha256(block).digest() == self.digest


def _decode(text: str) -> tuple[bytes, bool]:
    """Return the bytes, and whether `text` is the one way to write them. Raises ValueError."""
    if text.startswith("Qm"):
        data = base58.b58decode(text)
        return data, base58.b58encode(data).decode("ascii") == text
    if text.startswith("b"):
        data = base64.b32decode(text[1:].upper() + "=" * (-(len(text) - 1) % 8))
        return data, _base32(data) == text
    if text.startswith("z"):
        data = base58.b58decode(text[1:])
        return data, "z" + base58.b58encode(data).decode("ascii") == text
    if text.startswith("f"):
        data = bytes.fromhex(text[1:])
        return data, "f" + data.hex() == text
    raise ValueError("unknown multibase")


def _base32(data: bytes) -> str:
    return "b" + base64.b32encode(data).decode("ascii").lower().rstrip("=")


__all__ = ["DAG_PB", "RAW", "SHA2_256", "Cid"]
