"""Amounts: coins as the smallest units and back, exactly; anything else is refused in one sentence."""

import pytest

from orchestrator.errors import UsageError
from orchestrator.kernel.money import ETHER, Currency
from orchestrator.types import ZERO_ADDRESS


def coin(decimals: int) -> Currency:
    return Currency(ZERO_ADDRESS, "TKN", decimals)


@pytest.mark.parametrize(
    ("currency", "text", "amount"),
    [
        (ETHER, "1.5", 15 * 10**17),
        (ETHER, "0", 0),
        (ETHER, "0.000000000000000001", 1),
        (coin(6), "1.000001", 1_000_001),
        (coin(0), "7", 7),
        (coin(77), "0." + "0" * 76 + "1", 1),
    ],
)
def test_parse__coins__are_the_smallest_units_and_are_shown_so(
    currency: Currency, text: str, amount: int
) -> None:
    assert currency.parse(text) == amount
    assert currency.number(amount) == text
    assert currency.show(-amount).startswith("-" if amount else "0")


def test_parse__smallest_units__as_they_are() -> None:
    assert ETHER.parse("30000wei") == coin(2).parse("30000wei") == 30_000


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "nan", "NaN", "inf", "1e99", "0.0000001", "1.5wei", "wei", str(1 << 128) + "wei"]
)
def test_parse__anything_else__usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not an amount of TKN"):
        coin(6).parse(text)
