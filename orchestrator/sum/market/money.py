"""What a market counts in: ether, or an ERC-20 token with its decimals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import is_address, to_checksum_address

from orchestrator.chain import Account, Chain
from orchestrator.chain.amounts import parse_amount
from orchestrator.errors import ChainError, InsufficientFunds, NotDeployed, UsageError
from orchestrator.sum.market.contract import MarketContract
from orchestrator.sum.records import ETHER
from orchestrator.types import Address

if TYPE_CHECKING:
    from web3.contract import Contract

UNIT_DECIMALS = 9
"""The records count billionths of a whole coin (gwei, for ether), where a coin has so many decimals."""


def _function(name: str, inputs: list[str], outputs: list[str], view: bool = True) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": [{"name": f"a{i}", "type": kind} for i, kind in enumerate(inputs)],
        "outputs": [{"name": "", "type": kind} for kind in outputs],
    }


_ERC20 = [
    _function("decimals", [], ["uint8"]),
    _function("symbol", [], ["string"]),
    _function("balanceOf", ["address"], ["uint256"]),
    _function("allowance", ["address", "address"], ["uint256"]),
    _function("approve", ["address", "uint256"], ["bool"], view=False),
]


@dataclass(frozen=True)
class Money:
    """`token` is zero for ether; a unit of the records is `unit` of its smallest unit."""

    token: Address
    symbol: str
    decimals: int

    @property
    def unit(self) -> int:
        return int(10 ** max(0, self.decimals - UNIT_DECIMALS))

    def parse(self, text: str) -> int:
        """`0.5` coins, or `30000wei` of the smallest unit. Raises UsageError."""
        return parse_amount(text, self.decimals)

    def parse_units(self, text: str) -> int:
        """The same in units of the records. Raises UsageError for what is no whole number of them."""
        units, rest = divmod(self.parse(text), self.unit)
        if rest:
            raise UsageError(
                f"`{text}` is no multiple of {self.show(self.unit)}", "Stakes and tips are counted in these."
            )
        return units

    def show(self, amount: int) -> str:
        """Exact, with the symbol."""
        sign, digits = "-" if amount < 0 else "", str(abs(amount)).rjust(self.decimals + 1, "0")
        whole, part = digits[: len(digits) - self.decimals], digits[len(digits) - self.decimals :]
        return f"{sign}{whole}.{part}".rstrip("0").rstrip(".") + f" {self.symbol}"


ETHER_MONEY = Money(ETHER, "ether", 18)


def money_at(chain: Chain, token: Address | str = ETHER) -> Money:
    """Ether, or the token at an address. Raises UsageError, NotDeployed, ChainError for what is no token."""
    if not is_address(token):
        raise UsageError(f"`{token}` is no token's address", "Give 0x and 40 hexadecimal digits.")
    if token == ETHER:
        return ETHER_MONEY
    contract = _bind(chain, to_checksum_address(token))
    if not chain.code(contract.address):
        raise NotDeployed(f"there is no token at {token}", "Look at --network.")
    try:
        symbol, decimals = (chain.call(contract.functions[name]()) for name in ("symbol", "decimals"))
    except ChainError as error:
        raise ChainError(f"the contract at {token} is no ERC-20 token", "Look at --token.") from error
    return Money(contract.address, str(symbol)[:16], int(decimals))


def require_owned(chain: Chain, money: Money, account: Account, amount: int) -> None:
    """Raise InsufficientFunds where `account` owns less than `amount`."""
    if money.token == ETHER:
        owned = int(chain.balance(account.address))
    else:
        owned = int(chain.call(_bind(chain, money.token).functions["balanceOf"](account.address)))
    if owned < amount:
        raise InsufficientFunds(
            f"{account.name} has {money.show(owned)}, but needs {money.show(amount)}",
            "Get more of it, or choose another account with --from.",
        )


def pay_in(market: MarketContract, account: Account, amount: int, beneficiary: Address | None = None) -> int:
    """See that `account` (or a `beneficiary`, for its money) can pay `amount`; returns the ether to send.

    Of a token, what lacks is funded. What is too much can be withdrawn. Raises InsufficientFunds.
    """
    chain, token = market.chain, market.money[0]
    who = beneficiary or account.address
    lacking = max(0, amount - market.balance(who))
    if token == ETHER or not lacking:
        return lacking
    money, contract = money_at(chain, token), _bind(chain, token)
    while lacking:
        require_owned(chain, money, account, lacking)
        allowed = int(chain.call(contract.functions["allowance"](account.address, market.address)))
        if allowed < lacking:
            for allowance in (0, lacking) if allowed else (lacking,):  # some tokens want it to be zero before
                chain.send(contract.functions["approve"](market.address, allowance), account)
        chain.send(market.fund(who, lacking), account)
        # A token that keeps a part of each transfer is asked again, for the rest
        lacking = max(0, amount - market.balance(who))
    return 0


def _bind(chain: Chain, token: Address) -> "Contract":
    return chain.web3.eth.contract(address=token, abi=cast(Any, _ERC20))
