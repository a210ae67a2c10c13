"""Fees: what to offer, how much more after a while, and signing with it."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.types import RPCEndpoint

from orchestrator.chain.ahead import Question
from orchestrator.chain.budget import current
from orchestrator.chain.delivery import TooCheap
from orchestrator.chain.failures import FUNDS_HINT, as_diln_errors
from orchestrator.chain.outbox import Entry, Fees, Signed
from orchestrator.errors import AccountError, ChainError, InsufficientFunds, NodeUnavailable
from orchestrator.text import coins
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from web3.types import BlockData

    from orchestrator.chain.accounts import Account
    from orchestrator.chain.connection import Chain

LONGEST_QUEUE = 120.0  # seconds, behind other commands that send from the same account
MOST_RAISED = 10
"""How many times the first offer may be paid before a person is asked, and what was asked of a signer."""
PRIORITY: Question = (RPCEndpoint("eth_maxPriorityFeePerGas"), [])
"""The question for what proposers want."""
_DATA_FEES: Address = to_checksum_address("0x420000000000000000000000000000000000000F")
"""GasPriceOracle, which all chains of the OP stack have there."""
_DATA_FEE = keccak(text="getL1Fee(bytes)")[:4]
_ENVELOPE = 64  # bytes of a transaction besides its data, and besides the signature that the oracle counts
_RAISE = (9, 8)
"""Nodes replace a transaction for 10 or 12.5 % more of both fees, so 12.5 % are offered."""


def account_lock(chain: "Chain", sender: "Account") -> AbstractContextManager[Any]:
    """Nobody else in this working folder signs for `sender` meanwhile. Raises ChainError."""
    return chain.alone(f"account {sender.address}", LONGEST_QUEUE, f"other commands send from {sender.name}")


def latest_block(chain: "Chain") -> Any:
    """The latest block, as web3 shows it."""
    with as_diln_errors():
        return chain.web3.eth.get_block("latest")


def fees_now(chain: "Chain", latest: "BlockData | None" = None) -> Fees:
    """What gets a transaction mined although the base fee should double; one price where there is none.

    `latest` is the latest block, where it was read.
    """
    with as_diln_errors():
        base = (latest or latest_block(chain)).get("baseFeePerGas")
        if base is None:  # a chain from before EIP-1559, as many of known signers are
            return Fees(Wei(int(chain.web3.eth.gas_price)), None)
    priority = _priority(chain, int(base))
    return Fees(Wei(2 * int(base) + priority), Wei(priority))


def _priority(chain: "Chain", base: int) -> int:
    """What goes to the proposer for each gas, where the node says it or, at least, the price of gas."""
    try:
        return int(chain.request(PRIORITY[0]), 16)
    except NodeUnavailable:
        raise
    except ChainError:
        with as_diln_errors():
            price = int(chain.web3.eth.gas_price)
        return price - base if price > base else base // 10


def raised(
    chain: "Chain",
    entry: Entry,
    sender: "Account",
    *,
    most: int | None = None,
    call: Mapping[str, Any] | None = None,
) -> Entry:
    """Sign the same call (or `call`) at the same nonce again, for more, and note it.

    `most` is the most for each gas, in wei; by default MOST_RAISED times the first offer. Raises TooCheap
    where more would be needed, InsufficientFunds.
    """
    with account_lock(chain, sender):
        entry = chain.outbox.find(entry.key) or entry
        ceiling = most or MOST_RAISED * entry.tries[0].fees.most
        fees = _more(entry.last.fees, fees_now(chain))
        if fees.most > ceiling:
            raise TooCheap(
                f"transaction {entry.last.hash} needs {gwei(fees.most)} gwei for each gas by now, "
                f"more than {gwei(ceiling)}",
                "Wait until the chain is less busy, or allow it: diln chain speed-up --max-fee GWEI.",
            )
        call = call or entry.last.call
        signed = signed_by(sender, call, entry.nonce, fees, beyond_gas(chain, call))
        needed = signed.call["value"] + signed.call["gas"] * signed.fees.most
        if (balance := chain.balance(sender.address)) < needed:
            raise InsufficientFunds(
                f"{sender.name} has {coins(balance)} ether, but raising the fee needs {coins(needed)}",
                FUNDS_HINT,
            )
        return chain.outbox.add(entry, signed)


def signed_by(sender: "Account", call: Mapping[str, Any], nonce: int, fees: Fees, beyond: int = 0) -> Signed:
    """Sign a call: chainId, gas, value, data, and `to` unless it creates a contract.

    `beyond` is what may be taken besides value and gas. A signer may choose other fees, and more gas. Raises
    AccountError where that is out of all proportion, OverBudget where it is more than is left, WrongPassword.
    """
    asked = int(call["gas"]) * int(fees.most)
    if budget := current():
        budget.sign(sender.address, nonce, call, asked + beyond)
    if fees.priority is None:
        priced = {"gasPrice": int(fees.most)}
    else:
        priced = {"maxFeePerGas": int(fees.most), "maxPriorityFeePerGas": int(fees.priority)}
    signed = Signed(sender.sign_transaction({**call, "nonce": nonce, **priced}))
    fee = signed.call["gas"] * signed.fees.most
    if fee > MOST_RAISED * asked:
        raise AccountError(
            f"the signer's fee is up to {coins(fee)} ether, not {coins(asked)}; nothing was sent",
            "Choose a lower fee, and less gas, in the signer.",
        )
    if budget:
        budget.sign(sender.address, nonce, call, fee + beyond)
    return signed


def beyond_gas(chain: "Chain", call: Mapping[str, Any]) -> int:
    """What a rollup may take for the call besides its gas; 0 where no budget counts it.

    It is the price of the data on another chain, and may have doubled when the call is mined.
    """
    if not current() or not chain.code(_DATA_FEES):
        return 0
    data = HexBytes(call["data"]) + os.urandom(_ENVELOPE)
    asked = {"to": _DATA_FEES, "data": HexBytes(_DATA_FEE + encode(["bytes"], [data])).to_0x_hex()}
    return 2 * int.from_bytes(HexBytes(chain.request("eth_call", asked, "latest"))[:32])


def gwei(amount: int) -> str:
    return f"{amount / 10**9:.6g}"


def _more(before: Fees, now: Fees) -> Fees:
    up, down = _RAISE
    most = max(-(-before.most * up // down), now.most)
    if now.priority is None:
        return Fees(Wei(most), None)
    given = before.most if before.priority is None else before.priority
    priority = max(-(-given * up // down), now.priority)
    return Fees(Wei(max(most, priority)), Wei(priority))
