"""Value types that every room speaks in."""

from collections.abc import Callable
from typing import NewType, cast

from eth_typing import ChecksumAddress as Address

Wei = NewType("Wei", int)
"""An amount in wei (1 ether = 10**18 wei), or in the smallest unit of an ERC-20 token."""

Seconds = NewType("Seconds", int)
"""A duration, or a Unix time, in seconds."""

Digest = NewType("Digest", bytes)
"""A 32-byte hash."""

Report = Callable[[int, int], None]
"""Called in long steps with what is done and what there is in all, 0 where that is not known."""

ZERO_ADDRESS = cast(Address, "0x" + "0" * 40)
"""Nobody; in the place of a token, ether."""

BURN_ADDRESS = cast(Address, "0x000000000000000000000000000000000000dEaD")
"""What is burnt is credited to it."""

__all__ = ["BURN_ADDRESS", "ZERO_ADDRESS", "Address", "Digest", "Report", "Seconds", "Wei"]
