"""Times, lengths of phases and amounts."""

import pytest

from orchestrator.competition.money import ETHER
from orchestrator.competition.timing import in_words, parse_duration, show_duration, show_moment
from orchestrator.errors import ContractReverted, UsageError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1d12h", 129_600), ("2w", 1_209_600)]
)
def test_parse_duration__units__are_added(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "1 d", "d", "1y", "-1d", "1d x"])
def test_parse_duration__anything_else__usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


def test_show_moment__past_and_future__say_how_far() -> None:
    assert show_moment(1_800_000_000, 1_800_000_000 - 3660) == "2027-01-15 08:00:00 UTC (in 1 h 1 m)"
    assert show_moment(1_800_000_000, 1_800_000_005).endswith("(5 s ago)")
    assert show_duration(0) == "0 s"


def test_in_words__too_early__says_when() -> None:
    refused = ContractReverted("no", error="TooEarly", values={"opensAt": 1_800_000_000})
    assert "it opens at 2027-01-15 08:00:00 UTC" in in_words(refused, 1_799_999_000).message
    by_block = ContractReverted("no", error="TooLate", values={"closedAt": 300})
    assert "it closed at block 300" in in_words(by_block, 0).message
    other = ContractReverted("no", error="NotDrawn")
    assert in_words(other, 0) is other


@pytest.mark.parametrize(("text", "wei"), [("1.5", 15 * 10**17), ("0", 0), ("30000wei", 30_000)])
def test_parse__amounts__are_exact(text: str, wei: int) -> None:
    assert ETHER.parse(text) == wei


@pytest.mark.parametrize("text", ["", "-1", "one", "0.0000000000000000001", "1.5wei", "NaN", "inf"])
def test_parse__anything_else__usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        ETHER.parse(text)
