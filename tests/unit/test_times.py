"""Times and durations."""

import pytest

from orchestrator.errors import ContractReverted, UsageError
from orchestrator.times import in_words, seconds, show_duration, show_moment


@pytest.mark.parametrize(
    ("text", "number"),
    [("90s", 90), ("90", 90), ("30m", 1800), (" 1d12h ", 129_600), ("2w", 1_209_600), ("0", 0)],
)
def test_seconds__units__are_added(text: str, number: int) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize("text", ["", "1 d", "d", "1y", "-1d", "1d x", "1.5h", "\u0661d", "12d5"])
def test_seconds__anything_else__usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        seconds(text)


def test_show_moment__past_and_future__say_how_far() -> None:
    assert show_moment(1_800_000_000, 1_800_000_000 - 3660) == "2027-01-15 08:00:00 UTC (in 1 h 1 m)"
    assert show_moment(1_800_000_000, 1_800_000_005).endswith("(5 s ago)")
    assert show_duration(0) == "0 s"


def test_in_words__too_early__says_when() -> None:
    refused = ContractReverted("no", error="TooEarly", values={"opensAt": 1_800_000_000})
    assert "it opens at 2027-01-15 08:00:00 UTC" in in_words(refused, lambda: 1_799_999_000).message
    by_block = ContractReverted("no", error="TooLate", values={"closedAt": 300})
    assert "it closed at block 300" in in_words(by_block, lambda: 1 // 0).message
    other = ContractReverted("no", error="NotDrawn")
    assert in_words(other, lambda: 1 // 0) is other
