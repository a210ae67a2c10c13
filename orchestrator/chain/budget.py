"""What may leave this machine's accounts at most, while somebody else decides what is sent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from orchestrator.errors import OverBudget
from orchestrator.types import ZERO_ADDRESS, Address

_current: ContextVar["Budget | None"] = ContextVar("budget", default=None)


class Budget:
    """Limits in smallest units, by currency (ether, with all fees, under the zero address); others: nothing.

    What a signed transaction can cost counts from the moment before it is signed, what it did cost once it is
    mined. Transactions of one nonce count once, by the dearest: only one of them is mined.
    """

    def __init__(self, limits: Mapping[Address, int]) -> None:
        self._limits = dict(limits)
        self._taken: dict[tuple[Address, object], int] = {}

    def left(self, currency: Address = ZERO_ADDRESS) -> int:
        """What may still leave."""
        taken = sum(amount for (of, _), amount in self._taken.items() if of == currency)
        return self._limits.get(currency, 0) - taken

    def reserve(self, currency: Address, amount: int, purpose: object) -> None:
        """Take `amount` for a purpose, in the stead of what was taken for it. Raises OverBudget."""
        key = (currency, purpose)
        before = self._taken.get(key, 0)
        if amount > before + self.left(currency):
            kind = "wei" if currency == ZERO_ADDRESS else f"of the token {currency}"
            raise OverBudget(
                f"up to {amount} {kind} would leave, and {self.left(currency)} are left of what may be spent",
                "Whoever started this can allow more, with --spend-at-most.",
            )
        self._taken[key] = max(before, amount)

    def settle(self, currency: Address, amount: int, purpose: object) -> None:
        """What it was in the end."""
        if (currency, purpose) in self._taken:
            self._taken[currency, purpose] = amount


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Within it, nothing is signed that could spend more than `budget` has."""
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Budget | None:
    """The budget that holds here, if any does."""
    return _current.get()
