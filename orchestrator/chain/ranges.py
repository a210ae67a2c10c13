"""How many blocks one eth_getLogs may cover, learned from what a node refuses and how it says so."""

import re

LONGEST_RANGE = 50_000
_NUMBER = r"(\d[\d,]*)(k?)\b"
_SUGGESTED = (
    re.compile(r"\[\s*(0x[0-9a-f]{1,16})\s*,\s*(0x[0-9a-f]{1,16})\s*\]"),  # Alchemy, Infura
    re.compile(r"retry with the range (\d{1,18})-(\d{1,18})"),
)
_ALLOWED = tuple(
    re.compile(words.replace("#", _NUMBER))
    for words in (
        r"up to an? # block",  # Alchemy
        r"limited to (?:an? |\d+ ?- ?)?#",  # QuickNode, Base
        r"(?:limit|maximum|max)(?: of| is| set to| is set to| to|:)? #",  # Infura, Nethermind, Besu, Erigon
        r"(?:maximum|max)\D{1,40}(?: is|:)? #",  # publicnode, Ankr, Optimism, Gnosis
        r"(?:over|exceeds?|than) # blocks",  # dRPC
        r"block range exceeds? #",
    )
)
_RANGE = ("range", "too many blocks", "requested blocks", "too wide", "blocks are not")
_SIZE = ("result", "response size", "logs matched", "too many logs", "timeout", "timed out", "too much time")
_OTHER = ("limit", "exceed", "more than", "too many", "too large")


class Ranges:
    """What one connection has learned. `length` is how many blocks the next question should cover.

    A limit on blocks is kept for good. One on results is not, since it may be hit by a busy part of the
    chain only: after it `length` grows again, in small steps so that few questions are refused.
    """

    def __init__(self) -> None:
        self.length = LONGEST_RANGE
        self._refused = LONGEST_RANGE + 1  # so many blocks, or more, are never asked for
        self._slow = False

    def accepted(self, blocks: int) -> None:
        """A question over `blocks` was answered."""
        if blocks != self.length:  # a rest, or another thread has learned meanwhile
            return
        wanted = blocks + blocks // 4 + 1 if self._slow else 2 * blocks
        if wanted >= self._refused:
            wanted = (blocks + self._refused) // 2
            if wanted - blocks <= blocks // 8:  # near enough
                return
        self.length = wanted

    def refused(self, message: str, first: int, blocks: int) -> bool:
        """A question over `blocks` from `first` on was refused; whether asking for fewer may help."""
        said = message.lower()
        if blocks == 1 or not any(words in said for words in (*_RANGE, *_SIZE, *_OTHER)):
            return False
        allowed = allowed_range(said)
        suggested = _suggested_range(said, first)
        if allowed is not None and allowed < blocks:
            self._refused = min(self._refused, allowed + 1)
            self.length = allowed
        elif allowed is None and any(words in said for words in _SIZE):
            self._slow = True
            self.length = suggested if suggested and suggested < blocks else blocks // 2
        else:
            self._refused = min(self._refused, blocks)
            self.length = suggested if suggested and suggested < blocks else blocks // 2
        return True


def allowed_range(message: str) -> int | None:
    """The number of blocks that a node's refusal (in lower case) says is allowed, if it says one."""
    if not any(words in message for words in ("block", "range")):
        return None
    about_results = "result" in message or "logs matched" in message
    for pattern in _ALLOWED[:1] if about_results else _ALLOWED:
        if found := pattern.search(message):
            number = int(found[1].replace(",", "")[:18]) * (1000 if found[2] else 1)
            return number or None
    return None


def _suggested_range(message: str, first: int) -> int | None:
    """How many blocks from `first` on the node says it would answer for."""
    for pattern, base in zip(_SUGGESTED, (16, 10), strict=True):
        if found := pattern.search(message):
            start, end = int(found[1], base), int(found[2], base)
            return end - start + 1 if start == first <= end else None
    return None
