"""Durations as people write them."""

import re

from orchestrator.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(duration: str) -> int:
    """`7d` → 604800. Raises UsageError."""
    match = re.fullmatch(r"(\d+)([smhdw]?)", duration.strip())
    if not match:
        raise UsageError(f"`{duration}` is not a duration", "Write 90s, 15m, 2h, 7d or 1w.")
    return int(match[1]) * _UNITS[match[2] or "s"]
