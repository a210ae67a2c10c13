"""Ether as people write it."""

from decimal import Decimal, InvalidOperation

from orchestrator.errors import UsageError
from orchestrator.types import Wei


def parse_ether(text: str) -> Wei:
    """`1.5` (ether) or `30000wei`. Raises UsageError."""
    try:
        wei = Decimal(text.removesuffix("wei")) if text.endswith("wei") else Decimal(text) * 10**18
        if wei.is_finite() and wei >= 0 and wei == int(wei):
            return Wei(int(wei))
    except InvalidOperation:
        pass
    raise UsageError(f"`{text}` is no amount of money", "Write ether as 1.5, or wei as 30000wei.")
