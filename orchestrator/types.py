"""Value types that every room speaks in."""

from typing import NewType

from eth_typing import ChecksumAddress as Address

Wei = NewType("Wei", int)
"""An amount in wei (1 ether = 10**18 wei), or in the smallest unit of an ERC-20 token."""

Seconds = NewType("Seconds", int)
"""A duration, or a Unix time, in seconds."""

Digest = NewType("Digest", bytes)
"""A 32-byte hash."""

__all__ = ["Address", "Digest", "Seconds", "Wei"]
