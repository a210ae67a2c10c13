"""Blocks, transactions, receipts and logs in the shape of the Ethereum JSON-RPC specification."""

import sqlite3
from typing import TYPE_CHECKING, Any

import rlp
from eth._utils.address import generate_contract_address
from eth_utils.address import to_checksum_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth.abc import BlockAPI, ReceiptAPI, SignedTransactionAPI


def quantity(number: int) -> str:
    return hex(number)


def data(content: bytes) -> str:
    return "0x" + content.hex()


def block_json(block: Any, full: bool) -> dict[str, Any]:
    """A block; its transactions whole if `full`, else by hash."""
    header = block.header
    transactions: list[Any] = [data(each.hash) for each in block.transactions]
    if full:
        transactions = [transaction_json(block, index) for index in range(len(transactions))]
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": data(header.uncles_hash),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": to_checksum_address(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "mixHash": data(header.mix_hash),
        "extraData": data(header.extra_data),
        "size": quantity(len(rlp.encode(block))),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "timestamp": quantity(header.timestamp),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
    }


def transaction_json(block: Any, index: int) -> dict[str, Any]:
    """The transaction at `index` of a mined block."""
    transaction = block.transactions[index]
    kind = transaction_type(transaction)
    shown: dict[str, Any] = {
        **_place(block, index),
        "hash": data(transaction.hash),
        "type": quantity(kind),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "nonce": quantity(transaction.nonce),
        "gas": quantity(transaction.gas),
        "gasPrice": quantity(effective_gas_price(block.header.base_fee_per_gas, transaction)),
        "value": quantity(transaction.value),
        "input": data(transaction.data),
        "v": quantity(transaction.v if kind == 0 else transaction.y_parity),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
    }
    if kind >= 1:
        shown |= {
            "chainId": quantity(transaction.chain_id),
            "accessList": [
                {
                    "address": to_checksum_address(address),
                    "storageKeys": [data(key.to_bytes(32, "big")) for key in keys],
                }
                for address, keys in transaction.access_list
            ],
            "yParity": quantity(transaction.y_parity),
        }
    if kind >= 2:
        shown |= {
            "maxFeePerGas": quantity(transaction.max_fee_per_gas),
            "maxPriorityFeePerGas": quantity(transaction.max_priority_fee_per_gas),
        }
    return shown


def receipt_json(
    block: "BlockAPI", receipts: "Sequence[ReceiptAPI]", index: int, logs: list[dict[str, Any]]
) -> dict[str, Any]:
    """The receipt of the transaction at `index` of a mined block, whose logs are `logs`."""
    transaction, receipt = block.transactions[index], receipts[index]
    before = receipts[index - 1].gas_used if index else 0
    created = None
    if not transaction.to:
        created = to_checksum_address(generate_contract_address(transaction.sender, transaction.nonce))
    return {
        **_place(block, index),
        "transactionHash": data(transaction.hash),
        "type": quantity(transaction_type(transaction)),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "contractAddress": created,
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
        "gasUsed": quantity(receipt.gas_used - before),
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "effectiveGasPrice": quantity(effective_gas_price(block.header.base_fee_per_gas, transaction)),
        "logs": logs,
        "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
    }


def log_json(row: sqlite3.Row | tuple[Any, ...]) -> dict[str, Any]:
    """A log from its row in the chain file."""
    block, position, block_hash, transaction_hash, transaction_index, address, *topics, content = row
    return {
        "blockNumber": quantity(block),
        "blockHash": data(block_hash),
        "transactionHash": data(transaction_hash),
        "transactionIndex": quantity(transaction_index),
        "logIndex": quantity(position),
        "address": to_checksum_address(address),
        "topics": [data(topic) for topic in topics if topic is not None],
        "data": data(content),
        "removed": False,
    }


def transaction_type(transaction: object) -> int:
    """Its EIP-2718 type; 0 for one from before types."""
    return int(getattr(transaction, "type_id", None) or 0)


def effective_gas_price(base: int | None, transaction: "SignedTransactionAPI") -> int:
    """What each gas cost, in wei (EIP-1559)."""
    base = base or 0
    return base + min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base)


def _place(block: "BlockAPI", index: int) -> dict[str, str]:
    return {
        "blockNumber": quantity(block.number),
        "blockHash": data(block.hash),
        "transactionIndex": quantity(index),
    }
