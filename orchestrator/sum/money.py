"""What deposits are paid with: ether, or one ERC-20 token; shown, read, approved and paid in."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any, cast

from orchestrator.chain import Account, Chain, Receipt, ether
from orchestrator.errors import ChainError, ContractReverted, InsufficientFunds, NotDeployed, UsageError
from orchestrator.sum.records import ETHER
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from web3.contract import Contract

    from orchestrator.sum.clone import Clone
    from orchestrator.sum.connection import Connection

UNIT_DECIMALS = 9
"""Records count in 10^-9 of a coin, or in the smallest there is."""

_LONGEST_SYMBOL = 12
ATTEMPTS = 10
MORE = 4  # the part of an amount that may be paid beyond it, where a token keeps some of each payment


def _function(name: str, inputs: str, output: str, view: bool = True) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": [{"name": f"a{index}", "type": each} for index, each in enumerate(inputs.split())],
        "outputs": [{"name": "", "type": output}],
    }


# ERC-20, as far as it is needed.
_ERC20 = [
    _function("balanceOf", "address", "uint256"),
    _function("allowance", "address address", "uint256"),
    _function("decimals", "", "uint8"),
    _function("symbol", "", "string"),
    {**_function("approve", "address uint256", "bool", view=False), "outputs": []},  # some return nothing
]


@dataclass(frozen=True)
class Money:
    """A currency: amounts are whole numbers of its smallest unit (wei), 10^-decimals of a coin."""

    token: Address = ETHER
    symbol: str = "ether"
    decimals: int = 18

    @property
    def unit(self) -> int:
        """What a model's records count in, unless its creator says otherwise."""
        return int(10 ** max(0, self.decimals - UNIT_DECIMALS))

    def show(self, amount: int) -> str:
        """An amount in coins, with their name."""
        return f"{self.number(amount)} {self.symbol}"

    def number(self, amount: int) -> str:
        """An amount in coins."""
        if amount < 0:
            return f"-{self.number(-amount)}"
        if self.decimals == 18:
            return ether(amount)
        with localcontext(prec=90):
            shown = f"{Decimal(amount).scaleb(-self.decimals):f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown

    def parse(self, text: str) -> Wei:
        """An amount, given in coins. Raises UsageError."""
        try:
            with localcontext(prec=90):
                amount = Decimal(text).scaleb(self.decimals)
                whole = int(amount) if amount.is_finite() else -1
        except InvalidOperation:
            amount, whole = Decimal(0), -1
        if whole < 0 or whole != amount or whole >= 1 << 128:
            raise UsageError(
                f"{text!r} is no amount of {self.symbol}",
                f"Write a number such as 0.25, with {self.decimals} decimals at most.",
            )
        return Wei(whole)


def read_money(chain: Chain, token: Address) -> Money:
    """The currency of a token's contract (ETHER: ether). Raises NotDeployed, ChainError for no token."""
    if token == ETHER:
        return Money()
    if not chain.code(token):
        raise NotDeployed(f"there is no contract at {token}", "Look at --token, and at --network.")
    contract = _erc20(chain, token)
    try:
        chain.call(contract.functions.balanceOf(token))
    except ChainError as error:
        raise ChainError(f"the contract at {token} is no ERC-20 token", "Look at --token.") from error
    symbol, decimals = _optional(chain, contract, "symbol"), _optional(chain, contract, "decimals")
    plain = isinstance(symbol, str) and symbol.isprintable() and 0 < len(symbol) <= _LONGEST_SYMBOL
    return Money(token, cast(str, symbol) if plain else f"of {token}", int(decimals or 0))


def fill_up(
    connection: "Connection", shared: "Clone", beneficiary: Address, amount: Wei, payer: Account
) -> list[Receipt]:
    """Let `beneficiary` have at least `amount` with the contract: `payer` pays in what lacks.

    A token is approved for exactly that first. Of a token that keeps a part of each transfer a little more is
    paid, at most a quarter of `amount`. Done twice, or killed and repeated, nothing is paid twice. Raises
    InsufficientFunds, ContractReverted.
    """
    with connection.journal.alone(f"fund {shared.address} {beneficiary} {payer.address}"):
        return _fill_up(connection, shared, beneficiary, amount, payer)


def _fill_up(
    connection: "Connection", shared: "Clone", beneficiary: Address, amount: Wei, payer: Account
) -> list[Receipt]:
    receipts: list[Receipt] = []
    sent = arrived = 1
    paid = 0
    for _ in range(ATTEMPTS):  # a token may keep a part of each transfer: then a little more is paid in
        lacking = Wei(amount - shared.balance(beneficiary))
        if lacking <= 0:
            return receipts
        sent = -(-lacking * sent // arrived)
        if paid + sent > amount + amount // MORE:
            break
        paid += sent
        receipts += _pay_in(connection, shared, beneficiary, Wei(sent), payer)
        arrived = shared.amounts("Funded", receipts[-1])
        if not arrived:
            break
    raise InsufficientFunds(
        f"the token keeps a part of each payment: {shared.money.show(paid)} was paid, and "
        f"{shared.money.show(lacking)} still lacks",
        "Do not pay with this token.",
    )


def _pay_in(
    connection: "Connection", shared: "Clone", beneficiary: Address, amount: Wei, payer: Account
) -> list[Receipt]:
    money, purpose = shared.money, _purpose(shared, beneficiary, payer)
    if money.token == ETHER:
        paid = shared.fund(beneficiary, Wei(0))
        return [connection.journal.send(purpose, paid, payer, value=int(amount))]
    require_held(connection.chain, money, payer, amount)
    receipts = approve(connection.chain, money, shared.address, amount, payer)
    return [*receipts, connection.journal.send(purpose, shared.fund(beneficiary, amount), payer)]


def approve(chain: Chain, money: Money, spender: Address, amount: Wei, owner: Account) -> list[Receipt]:
    """Let `spender` take exactly `amount` of `owner`'s tokens. Some tokens want to be set to zero first."""
    contract = _erc20(chain, money.token)
    allowed = chain.call(contract.functions.allowance(owner.address, spender))
    if allowed == amount:
        return []
    receipts = []
    if allowed:
        receipts.append(chain.send(contract.functions.approve(spender, 0), owner))
    return [*receipts, chain.send(contract.functions.approve(spender, amount), owner)]


def require_held(chain: Chain, money: Money, payer: Account, amount: int) -> None:
    """Raise InsufficientFunds where `payer` holds less than `amount`."""
    if money.token == ETHER:
        held = int(chain.balance(payer.address))
    else:
        held = chain.call(_erc20(chain, money.token).functions.balanceOf(payer.address))
    if held < amount:
        raise InsufficientFunds(
            f"{payer.name} ({payer.address}) has {money.show(held)}, but needs {money.show(amount)}",
            "Get more of it, choose another account with --from, or give less.",
        )


def _purpose(shared: "Clone", beneficiary: Address, payer: Account) -> str:
    """What the journal knows a payment by: the next of this payer for this beneficiary."""
    times = sum(1 for _ in shared.funded(beneficiary, payer.address))
    content = f"{shared.address} {beneficiary} {payer.address} {times}"
    return f"sum-fund-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _erc20(chain: Chain, token: Address) -> "Contract":
    return chain.web3.eth.contract(address=token, abi=cast(Any, _ERC20))


def _optional(chain: Chain, contract: "Contract", name: str) -> Any:
    """What a token need not have; None where it has not."""
    try:
        return chain.call(contract.functions[name]())
    except (ContractReverted, ChainError):
        return None
