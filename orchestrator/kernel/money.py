"""Money: ether, or an ERC-20 token; parsed, shown, held, approved.

A token is a stranger's contract: it may lie about its name, keep a part of each transfer, return nothing.
What it says of itself is shown only where it cannot be taken for something else.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TypeVar

from orchestrator.chain import Account, Chain, Receipt
from orchestrator.chain.budget import current, reserved
from orchestrator.chain.external import Erc20
from orchestrator.chain.naming import checked_address
from orchestrator.errors import (
    ChainError,
    ContractReverted,
    InsufficientFunds,
    NodeUnavailable,
    NotDeployed,
    UsageError,
)
from orchestrator.text import coins
from orchestrator.types import ZERO_ADDRESS, Address, Wei

T = TypeVar("T")

LONGEST_SYMBOL = 11
RESERVED = frozenset({"ether", "ethers", "eth", "wei", "gwei"})
"""Symbols under which a token would pass for ether."""

LARGEST_DECIMALS = 77  # 10^77 fits into a word
_MOST = 1 << 128  # amounts lie below: what contracts count in


@dataclass(frozen=True)
class Currency:
    """Ether, or a token: amounts are whole numbers of its smallest unit (wei), 10^-`decimals` of a coin."""

    address: Address = ZERO_ADDRESS
    symbol: str = "ether"
    decimals: int = 18

    @property
    def is_ether(self) -> bool:
        return self.address == ZERO_ADDRESS

    def number(self, amount: int) -> str:
        """An amount in coins, exactly."""
        return coins(amount, self.decimals)

    def show(self, amount: int) -> str:
        """An amount in coins, exactly, with their name."""
        return str(self.of(amount))

    def json(self, amount: int) -> dict[str, str]:
        """An amount for machines: `value` in smallest units, as text for readers that count in floats."""
        return self.of(amount).to_json()

    def of(self, value: int) -> "Amount":
        """So much of it, in smallest units."""
        return Amount(value, self)

    def parse(self, text: str) -> Wei:
        """`1.5` coins, or `30000wei`: smallest units. Raises UsageError."""
        digits, decimals = (text[:-3], 0) if text.endswith("wei") else (text, self.decimals)
        try:
            with localcontext(prec=90):
                amount = Decimal(digits).scaleb(decimals)
                whole = int(amount) if amount.is_finite() else -1
        except ArithmeticError:
            amount, whole = Decimal(0), -1
        if whole < 0 or whole != amount or whole >= _MOST:
            raise UsageError(
                f"{text!r} is not an amount of {self.symbol}",
                f"Write coins, such as 0.25 (at most {self.decimals} decimals), or smallest units: 30000wei.",
            )
        return Wei(whole)


@dataclass(frozen=True)
class Amount:
    """`value` smallest units of a currency; as text in coins, exactly, with their name."""

    value: int
    currency: Currency

    def __str__(self) -> str:
        return f"{coins(self.value, self.currency.decimals)} {self.currency.symbol}"

    def to_json(self) -> dict[str, str]:
        return {"value": str(self.value), "currency": self.currency.address}


ETHER = Currency()


def read_currency(chain: Chain, token: Address) -> Currency:
    """The currency of a token's contract (ZERO_ADDRESS: ether).

    It is named by its address where its symbol is missing, long, odd or ether's. Raises NotDeployed, and
    ChainError for a contract that is not a token.
    """
    if token == ZERO_ADDRESS:
        return ETHER
    if not chain.code(token):
        raise NotDeployed(f"there is no contract at {token}", "Look at its address, and at --network.")
    contract = Erc20(chain, token)
    decimals, symbol = _told(contract.decimals), _told(contract.symbol)
    if _told(lambda: contract.balance_of(token)) is None:
        raise ChainError(f"the contract at {token} is not an ERC-20 token", "Look at its address.")
    plain = isinstance(symbol, str) and symbol.isascii() and symbol.isalnum()
    if not plain or len(str(symbol)) > LONGEST_SYMBOL or str(symbol).lower() in RESERVED:
        symbol = f"units of {token}"
    known = decimals is not None and decimals <= LARGEST_DECIMALS
    return Currency(token, str(symbol), int(decimals or 0) if known else 0)


def currency_of(chain: Chain, token: Address) -> Currency:
    """The same for a token that a contract names already: one that says nothing counts smallest units.

    Raises NodeUnavailable.
    """
    try:
        return read_currency(chain, token)
    except NodeUnavailable:
        raise
    except ChainError:
        return Currency(token, f"units of {token}", 0)


def parse_token(text: str | None) -> Address:
    """The address that a person gave for a token; none means ether. Raises UsageError."""
    return ZERO_ADDRESS if text is None else checked_address(text, paid=True)


def held(chain: Chain, currency: Currency, owner: Address) -> int:
    """What `owner` has, in smallest units."""
    if currency.is_ether:
        return int(chain.balance(owner))
    return Erc20(chain, currency.address).balance_of(owner)


def require_held(chain: Chain, amount: Amount, payer: Account) -> None:
    """Raise InsufficientFunds where `payer` holds less than `amount`."""
    has = held(chain, amount.currency, payer.address)
    if has < amount.value:
        raise InsufficientFunds(
            f"{payer.name} ({payer.address}) has {amount.currency.show(has)}, but needs {amount}",
            "Get more of it, choose another account with --from, or give less.",
        )


def approve(chain: Chain, amount: Amount, spender: Address, owner: Account) -> list[Receipt]:
    """Let `spender` take exactly `amount` of `owner`'s tokens; nothing is sent where it may already.

    Some tokens want to be set to zero first. Raises OverBudget.
    """
    if budget := current():
        budget.reserve(amount.currency.address, amount.value, (owner.address, spender, time.monotonic_ns()))
    contract = Erc20(chain, amount.currency.address)
    allowed = contract.allowance(owner.address, spender)
    if allowed == amount.value:
        return []
    steps = ([0] if allowed else []) + ([amount.value] if amount.value else [])
    with reserved(amount.currency.address, amount.value):
        return [chain.send(contract.approve(spender, each), owner) for each in steps]


def _told(ask: Callable[[], T]) -> T | None:
    """What a token says of itself; None if it says nothing that can be read.

    Raises ChainError where the node said nothing: with decimals that it merely kept to itself, amounts would
    be others.
    """
    try:
        return ask()
    except (ContractReverted, NotDeployed):
        return None
    except ChainError:
        raise
    except Exception:  # whatever a stranger's contract makes of the answer
        return None
