"""Times and durations as people write and read them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from orchestrator.errors import ContractReverted, UsageError
from orchestrator.types import Seconds

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_REFUSALS = {  # what it is, what happens or happened then, where the time stands, what to do
    "TooEarly": ("too early", "opens", "opensAt", "Run it again then."),
    "TooLate": ("too late", "closed", "closedAt", ""),
    "SeedTooEarly": ("too early", "opens", "opensAt", "Run it again then."),
}
_FIRST_TIME = 10**9  # below it a number is a block's
LAST = 253_402_300_799
"""The last second that a date can say: the end of the year 9999."""


def utc(moment: int) -> datetime:
    """A Unix time, whatever number a stranger wrote there: what no date can say becomes the nearest one."""
    return datetime.fromtimestamp(min(max(moment, 0), LAST), UTC)


def seconds(duration: str) -> Seconds:
    """`90s`, `30m`, `12h`, `7d`, `2w`, a sum such as `1d12h`, or seconds alone. Raises UsageError."""
    text = duration.strip()
    text = f"{text}s" if text.isdecimal() else text
    parts = re.findall(r"([0-9]+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"`{duration}` is not a duration", "Write 90s, 30m, 12h, 7d, 2w or 1d12h.")
    return Seconds(sum(int(number) * _UNITS[unit] for number, unit in parts))


def instant(timestamp: int) -> dict[str, int | str]:
    """A time for machines: Unix, and RFC 3339 in UTC."""
    return {"unix": timestamp, "rfc3339": f"{utc(timestamp):%Y-%m-%dT%H:%M:%SZ}"}


def show_duration(seconds: int) -> str:
    """The two largest units."""
    parts = []
    for unit in "wdhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def show_time(timestamp: int) -> str:
    return utc(timestamp).strftime("%Y-%m-%d %H:%M:%S UTC")


def show_moment(timestamp: int, now: int) -> str:
    """A time, and how far away it is."""
    away = show_duration(abs(timestamp - now))
    return f"{show_time(timestamp)} ({f'in {away}' if timestamp > now else f'{away} ago'})"


def in_words(error: ContractReverted, now: Callable[[], int]) -> ContractReverted:
    """The same refusal with its times readable; `now` is asked only where it tells one."""
    what, verb, key, hint = _REFUSALS.get(error.error, ("", "", "", ""))
    if key not in error.values:
        return error
    at = int(error.values[key])
    shown = show_moment(at, now()) if at > _FIRST_TIME else f"block {at}"
    said = f"the contract refused: this is {what}, it {verb} at {shown}"
    return ContractReverted(said, hint, error=error.error, values=error.values)
