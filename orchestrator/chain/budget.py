"""What may leave this machine's accounts at most, while somebody else decides what is sent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from eth_utils.crypto import keccak

from orchestrator.errors import OverBudget
from orchestrator.types import ZERO_ADDRESS, Address

T = TypeVar("T")
B = TypeVar("B", bound="Budget | None")
_current: ContextVar["Budget | None"] = ContextVar("budget", default=None)
_reserved: ContextVar[tuple[Address, int] | None] = ContextVar("reserved", default=None)

_PLACE_OF_AMOUNT: Mapping[bytes, int] = {
    keccak(text="approve(address,uint256)")[:4]: 1,
    keccak(text="increaseAllowance(address,uint256)")[:4]: 1,
    keccak(text="transfer(address,uint256)")[:4]: 1,
    keccak(text="transferFrom(address,address,uint256)")[:4]: 2,
}
"""Calls by which tokens leave, or others may take them, and which of their arguments says how many."""

_ALL = frozenset(
    keccak(text=each)[:4] for each in ("setApprovalForAll(address,bool)", "authorizeOperator(address)")
)
"""Calls that let others take all there is, of tokens that have such calls."""


class Budget:
    """Limits in smallest units, by currency (ether, with all fees, under the zero address); others: nothing.

    What a signed transaction can cost at most counts from the moment before it is signed, and stays counted:
    what it did cost is only the node's word. Transactions of one nonce count once, by the dearest: only one
    of them is mined.
    """

    def __init__(self, limits: Mapping[Address, int]) -> None:
        self._limits = dict(limits)
        self._taken: dict[tuple[Address, object], int] = {}

    def left(self, currency: Address = ZERO_ADDRESS) -> int:
        """What may still leave."""
        taken = sum(amount for (of, _), amount in self._taken.items() if of == currency)
        return self._limits.get(currency, 0) - taken

    def reserve(self, currency: Address, amount: int, purpose: object) -> None:
        """Take `amount` for a purpose, instead of what was taken for it. Raises OverBudget."""
        key = (currency, purpose)
        before = self._taken.get(key, 0)
        if amount > before + self.left(currency):
            kind = "wei" if currency == ZERO_ADDRESS else f"of the token {currency}"
            raise OverBudget(
                f"this could spend up to {amount} {kind}, and {self.left(currency)} may still be spent",
                "The person who started this can allow more, with --spend-at-most.",
            )
        self._taken[key] = max(before, amount)

    def sign(self, sender: Address, nonce: int, call: Mapping[str, Any], fee: int) -> None:
        """Take what a transaction can cost, before it is signed. Raises OverBudget.

        That is its value and `fee`, and what it lets go of the token that it calls. What an approval lets go
        was reserved already, where it is signed within `reserved`.
        """
        purpose = call.get("chainId"), sender, nonce
        self.reserve(ZERO_ADDRESS, int(call["value"]) + fee, purpose)
        token, amount = call.get("to"), tokens_in(call.get("data"))
        if token and amount and _reserved.get() != (token, amount):
            self.reserve(token, amount, purpose)

    def settle(self, chain_id: int, sender: Address, nonce: int, cost: int) -> None:
        """What a transaction did cost in ether counts, if it is more: rollups take a fee for data, too."""
        key = ZERO_ADDRESS, (chain_id, sender, nonce)
        self._taken[key] = max(cost, self._taken.get(key, 0))


@contextmanager
def spending(budget: B) -> Iterator[B]:
    """Within it, nothing is signed that could spend more than `budget` has; with None, no budget holds.

    That is for the embedded chains that experiments make for themselves: their money is worth nothing.
    """
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


def at_play(steps: Iterator[T]) -> Iterator[T]:
    """The steps of a story on an embedded chain of its own: no budget holds in them, but between them."""
    while True:
        with spending(None):
            try:
                step = next(steps)
            except StopIteration:
                return
        yield step


@contextmanager
def reserved(token: Address, amount: int) -> Iterator[None]:
    """Within it, an approval of `amount` of a token is signed for which that was reserved."""
    before = _reserved.set((token, amount))
    try:
        yield
    finally:
        _reserved.reset(before)


def tokens_in(data: object) -> int:
    """How much of the token that is called `data` lets go, in smallest units."""
    call = (
        bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else bytes(cast(bytes, data or b""))
    )
    if call[:4] in _ALL:
        return 2**256 - 1
    place = _PLACE_OF_AMOUNT.get(call[:4])
    return 0 if place is None else int.from_bytes(call[4 + 32 * place :][:32].ljust(32, b"\0"))


def current() -> Budget | None:
    """The budget that holds here, if any does."""
    return _current.get()
