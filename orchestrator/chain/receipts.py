"""What became of a transaction."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address
from web3.exceptions import TransactionNotFound
from web3.types import LogReceipt, TxReceipt

from orchestrator.chain.artifact import Abi
from orchestrator.chain.failures import as_diln_errors
from orchestrator.chain.reverts import explain_revert
from orchestrator.errors import OUT_OF_GAS, ChainError, ContractReverted
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain


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


def find(chain: "Chain", tx_hash: str) -> "Receipt | Failed | None":
    """What the chain tells of a transaction; None where it tells nothing (which proves nothing)."""
    with as_diln_errors():
        try:
            found = chain.web3.eth.get_transaction_receipt(cast(Any, tx_hash))
        except TransactionNotFound:
            return None
    gas_used, block = int(found["gasUsed"]), int(found["blockNumber"])
    if found["status"] != 1:
        return Failed(tx_hash, block, gas_used)
    created = found.get("contractAddress")
    return Receipt(
        tx_hash=tx_hash,
        block_number=block,
        gas_used=gas_used,
        fee=Wei(gas_used * _price(chain, found) + _data_fee(found)),
        contract_address=to_checksum_address(created) if created else None,
        logs=tuple(found["logs"]),
    )


def _price(chain: "Chain", receipt: TxReceipt) -> int:
    """What was paid for each gas; receipts tell it only since EIP-1559."""
    if "effectiveGasPrice" in receipt:
        return int(receipt["effectiveGasPrice"])
    with as_diln_errors():
        return int(chain.web3.eth.get_transaction(receipt["transactionHash"]).get("gasPrice", 0))


def _data_fee(receipt: TxReceipt) -> int:
    """What a rollup of the OP stack took besides the gas, for the data on another chain."""
    return int(cast(Any, receipt).get("l1Fee") or "0x0", 16)


@dataclass(frozen=True)
class Failed:
    """A transaction that is in the chain and did nothing but cost its fee."""

    tx_hash: str
    block_number: int
    gas_used: int

    def explain(self, chain: "Chain", call: dict[str, Any] | None = None, abi: Abi = ()) -> ContractReverted:
        """Why, as far as `call`, repeated, tells."""
        hint = f"The transaction {self.tx_hash} failed; only its fee was taken."
        try:
            with as_diln_errors():
                limit = int(chain.web3.eth.get_transaction(cast(Any, self.tx_hash))["gas"])
            if self.gas_used >= limit:
                said = f"the transaction used up its gas limit of {limit}"
                return ContractReverted(said, hint, error=OUT_OF_GAS)
            if call:
                with as_diln_errors(abi):
                    chain.web3.eth.call(cast(Any, {**call, "gas": limit}))
        except ContractReverted as reason:
            return ContractReverted(reason.message, hint, error=reason.error, values=reason.values)
        except ChainError:
            pass
        return explain_revert(b"", hint=hint)
