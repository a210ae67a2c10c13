"""Money as people write it."""

from decimal import Decimal, InvalidOperation

from orchestrator.errors import UsageError
from orchestrator.types import Wei


def parse_ether(text: str) -> Wei:
    """`1.5` (ether) or `30000wei`. Raises UsageError."""
    return Wei(parse_amount(text, 18))


def parse_amount(text: str, decimals: int) -> int:
    """`1.5` of a token with so many decimals, or `30000wei` of its smallest unit. Raises UsageError."""
    try:
        exact = Decimal(text.removesuffix("wei")) if text.endswith("wei") else Decimal(text) * 10**decimals
        if exact.is_finite() and exact >= 0 and exact == int(exact):
            return int(exact)
    except InvalidOperation:
        pass
    raise UsageError(f"`{text}` is no amount of money", "Write ether as 1.5, or wei as 30000wei.")
