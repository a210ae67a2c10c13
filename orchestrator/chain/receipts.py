"""What became of a transaction."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import LogReceipt

from orchestrator.chain.artifact import Abi
from orchestrator.chain.failures import as_diln_errors
from orchestrator.chain.reverts import explain_revert
from orchestrator.errors import ChainError, ContractReverted, NodeUnavailable
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

LONGEST_WAIT = 600.0  # seconds, for a transaction to be mined and confirmed


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction. After a dry run: what would, with an empty `tx_hash` and no logs."""

    tx_hash: str
    block_number: int
    gas_used: int
    fee: Wei
    contract_address: Address | None = None
    logs: tuple[LogReceipt, ...] = field(default=(), repr=False)


def known(chain: "Chain", tx_hash: str) -> bool:
    """Whether the node has the transaction, mined or not."""
    with as_diln_errors():
        try:
            chain.web3.eth.get_transaction(cast(Any, tx_hash))
        except TransactionNotFound:
            return False
    return True


def resume(chain: "Chain", tx_hash: str) -> Receipt | None:
    """Wait for a transaction that was sent before; None if the node does not know it."""
    return confirmed(chain, tx_hash) if known(chain, tx_hash) else None


def confirmed(chain: "Chain", tx_hash: str, call: dict[str, Any] | None = None, abi: Abi = ()) -> Receipt:
    """The receipt, once the transaction is mined and as many blocks follow as the network asks for.

    Raises ContractReverted if the transaction failed, with the reason that `call` gives when repeated;
    NodeUnavailable; ChainError after LONGEST_WAIT.
    """
    pause, deadline = 0.02, time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        try:
            receipt = _find(chain, tx_hash, call, abi)
        except NodeUnavailable as error:
            raise NodeUnavailable(
                f"{error.message}; transaction {tx_hash} was sent before",
                "Run the command again when the node answers: it looks before it sends.",
            ) from error
        if receipt:
            depth = chain.network.confirmations
            if depth == 0 or chain.head().number >= receipt.block_number + depth:
                return receipt
        time.sleep(pause)
        pause = min(pause * 1.5, 2.0)
    raise ChainError(
        f"transaction {tx_hash} was sent, but is not confirmed after {LONGEST_WAIT:.0f} s",
        "Run the command again later: it looks on the chain before it sends.",
    )


def ether(amount: int) -> str:
    """Wei as ether, to at most six decimals and never rounded to nothing."""
    shown = f"{Web3.from_wei(amount, 'ether'):.6f}".rstrip("0").rstrip(".")
    return shown if float(shown) or not amount else f"{amount / 10**18:.2g}"


def _find(chain: "Chain", tx_hash: str, call: dict[str, Any] | None, abi: Abi) -> Receipt | None:
    with as_diln_errors():
        try:
            found = chain.web3.eth.get_transaction_receipt(cast(Any, tx_hash))
        except TransactionNotFound:
            return None
    gas_used = int(found["gasUsed"])
    if found["status"] != 1:
        raise _failure(chain, tx_hash, gas_used, call, abi)
    created = found.get("contractAddress")
    return Receipt(
        tx_hash=tx_hash,
        block_number=int(found["blockNumber"]),
        gas_used=gas_used,
        fee=Wei(gas_used * int(found.get("effectiveGasPrice", 0))),
        contract_address=to_checksum_address(created) if created else None,
        logs=tuple(found["logs"]),
    )


def _failure(
    chain: "Chain", tx_hash: str, gas_used: int, call: dict[str, Any] | None, abi: Abi
) -> ContractReverted:
    hint = f"The transaction {tx_hash} failed; only its fee was taken."
    with as_diln_errors():
        limit = int(chain.web3.eth.get_transaction(cast(Any, tx_hash))["gas"])
    if gas_used >= limit:
        return ContractReverted(f"the transaction used up its gas limit of {limit}", hint, error="OutOfGas")
    try:
        if call:
            with as_diln_errors(abi):
                chain.web3.eth.call(cast(Any, {**call, "gas": limit}))
    except ContractReverted as reason:
        return ContractReverted(reason.message, hint, error=reason.error, values=reason.values)
    except ChainError:
        pass
    return explain_revert(b"", hint=hint)
