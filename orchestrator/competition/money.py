"""What the prizes, bonds and deposits of a competition are paid in: ether, or an ERC-20 token."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain.naming import checked_address
from orchestrator.competition.records import NOBODY
from orchestrator.errors import ChainError, InsufficientFunds, NodeUnavailable, UsageError
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from web3.contract import Contract

    from orchestrator.chain import Account, Chain


def _function(name: str, inputs: list[str], output: str | None, *, view: bool = True) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": [{"name": "", "type": kind} for kind in inputs],
        "outputs": [{"name": "", "type": output}] if output else [],
    }


ERC20 = [
    _function("balanceOf", ["address"], "uint256"),
    _function("allowance", ["address", "address"], "uint256"),
    _function("decimals", [], "uint8"),
    _function("symbol", [], "string"),
    _function("approve", ["address", "uint256"], None, view=False),  # some tokens return nothing
]
LONGEST_SYMBOL = 11
RESERVED = frozenset({"ether", "ethers", "eth", "wei", "gwei"})
"""Symbols under which a token would pass for ether."""


@dataclass(frozen=True)
class Money:
    """A unit of money: `symbol` as people know it, worth 10**`decimals` of what contracts count."""

    symbol: str = "ether"
    decimals: int = 18

    def parse(self, text: str) -> Wei:
        """`1.5` of the unit, or `30000wei` of what contracts count. Raises UsageError."""
        try:
            number = Decimal(text.removesuffix("wei"))
            amount = number if text.endswith("wei") else number * 10**self.decimals
            if amount.is_finite() and amount >= 0 and amount == int(amount):
                return Wei(int(amount))
        except InvalidOperation:
            pass
        raise UsageError(
            f"`{text}` is no amount of money",
            f"Write {self.symbol} as 1.5, or its smallest units as 30000wei.",
        )

    def show(self, amount: int) -> str:
        """To at most six decimals, and never rounded to nothing."""
        units = Decimal(amount) / 10**self.decimals
        shown = f"{units:.6f}".rstrip("0").rstrip(".")
        exact = shown if Decimal(shown) or not amount else f"{units:.2g}"
        return f"{exact} {self.symbol}"


class Token:
    """An ERC-20 token on `chain`. Raises ChainError if there is none at `address`."""

    def __init__(self, chain: "Chain", address: Address) -> None:
        self.chain = chain
        self.address = address

    @cached_property
    def money(self) -> Money:
        """Its unit, named by its address where its symbol is missing, long, unprintable or ether's."""
        if not self.chain.code(self.address):
            raise ChainError(
                f"there is no token at {self.address}", "Give the address of an ERC-20 contract."
            )
        decimals, symbol = self._told("decimals"), self._told("symbol")
        if not isinstance(decimals, int):
            raise ChainError(f"{self.address} is no ERC-20 token", "It does not tell its decimals.")
        plain = isinstance(symbol, str) and symbol.isascii() and symbol.isalnum()
        if not plain or len(symbol) > LONGEST_SYMBOL or symbol.lower() in RESERVED:
            symbol = f"tokens of {self.address[:8]}"
        return Money(symbol, decimals)

    def balance(self, owner: Address) -> int:
        return int(self._read("balanceOf", owner))

    def allow(self, owner: "Account", spender: Address, amount: int) -> None:
        """Let `spender` take exactly `amount`, unless it may already. Raises InsufficientFunds."""
        balance = self.balance(owner.address)
        if balance < amount:
            raise InsufficientFunds(
                f"{owner.name} has {self.money.show(balance)}; {self.money.show(amount)} are needed",
                f"Send tokens of {self.address} to {owner.address}.",
            )
        allowed = int(self._read("allowance", owner.address, spender))
        if allowed >= amount:
            return
        for step in (0, amount) if allowed else (amount,):  # some tokens refuse to change what is not zero
            self.chain.send(self._contract.functions.approve(spender, step), owner)

    @cached_property
    def _contract(self) -> "Contract":
        return self.chain.web3.eth.contract(address=self.address, abi=ERC20)

    def _told(self, function: str) -> Any:
        """What the token says of itself; None if it says nothing that can be read."""
        try:
            return self._read(function)
        except NodeUnavailable:
            raise
        except Exception:  # whatever a stranger's contract makes of the answer
            return None

    def _read(self, function: str, *args: Any) -> Any:
        return self.chain.call(self._contract.functions[function](*args))


ETHER = Money()


def money_of(chain: "Chain", token: Address) -> Money:
    """The unit of a competition's amounts; what a token that does not tell its decimals counts, as it is."""
    if token == NOBODY:
        return ETHER
    try:
        return Token(chain, token).money
    except NodeUnavailable:
        raise
    except ChainError:
        return Money(f"units of {token}", 0)


def parse_token(text: str | None) -> Address:
    """The address that a person gave for a token; none means ether. Raises UsageError."""
    if text is None:
        return NOBODY
    return checked_address(text, paid=True)
