"""The JSON-RPC methods of the embedded chain: the ones of a node that DILN and web3's contracts use."""

from collections.abc import Callable, Sequence
from typing import Any

from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_utils.exceptions import ValidationError

from orchestrator import __version__
from orchestrator.chain.embedded.formats import (
    block_json,
    data,
    log_json,
    quantity,
    receipt_json,
    transaction_json,
)
from orchestrator.chain.embedded.machine import CHAIN_ID, Machine, Message

PRIORITY_FEE = 10**9
CLIENT = f"diln-embedded/{__version__}"
WRITES = frozenset({"eth_sendRawTransaction", "evm_increaseTime", "evm_mine"})


class Methods:
    """`ask(method, params)` answers one request. Must run inside a transaction of the chain file."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: CLIENT,
            "net_version": lambda: str(CHAIN_ID),
            "eth_chainId": lambda: quantity(CHAIN_ID),
            "eth_accounts": list,  # the embedded chain signs for nobody
            "eth_syncing": lambda: False,
            "eth_blockNumber": lambda: quantity(self._head().block_number),
            "eth_gasPrice": lambda: quantity(self._pending().base_fee_per_gas + PRIORITY_FEE),
            "eth_maxPriorityFeePerGas": lambda: quantity(PRIORITY_FEE),
            "eth_getBalance": lambda who, at="latest": quantity(self._state(at).get_balance(raw(who))),
            "eth_getCode": lambda who, at="latest": data(self._state(at).get_code(raw(who))),
            "eth_getTransactionCount": lambda who, at="latest": quantity(self._state(at).get_nonce(raw(who))),
            "eth_getStorageAt": self.storage_at,
            "eth_getBlockByNumber": self.block_by_number,
            "eth_getBlockByHash": self.block_by_hash,
            "eth_getTransactionByHash": self.transaction,
            "eth_getTransactionReceipt": self.receipt,
            "eth_call": lambda call, at="latest": data(self._try(self.machine.call, call, at)),
            "eth_estimateGas": lambda call, at="latest": quantity(
                self._try(self.machine.estimate_gas, call, at)
            ),
            "eth_sendRawTransaction": lambda content: data(self.machine.mine(raw(content))),
            "eth_getLogs": self.logs,
            "evm_increaseTime": lambda seconds: self.machine.increase_time(integer(seconds)),
            "evm_mine": lambda *_: data(self.machine.mine()),
        }

    def ask(self, method: str, params: Sequence[Any]) -> Any:
        """Raises NotImplementedError for an unknown method, Refused, ValidationError."""
        if method not in self._methods:
            raise NotImplementedError(f"the embedded chain has no method {method}")
        return self._methods[method](*params)

    def storage_at(self, who: str, slot: str | int, at: str = "latest") -> str:
        value = self._state(at).get_storage(raw(who), integer(slot))
        return data(value.to_bytes(32, "big"))

    def block_by_number(self, at: str, full: bool = False) -> dict[str, Any] | None:
        """A block, None when there is none yet. `pending` is the block that would be mined now."""
        try:
            header = self._header(at)
        except HeaderNotFound:
            return None
        return block_json(self.machine.chain.get_block_by_header(header), full)

    def block_by_hash(self, digest: str, full: bool = False) -> dict[str, Any] | None:
        try:
            return block_json(self.machine.chain.get_block_by_hash(raw(digest)), full)
        except HeaderNotFound:
            return None

    def transaction(self, digest: str) -> dict[str, Any] | None:
        found = self._find(digest)
        return transaction_json(*found) if found else None

    def receipt(self, digest: str) -> dict[str, Any] | None:
        found = self._find(digest)
        if not found:
            return None
        block, index = found
        rows = self.machine.file.logs("block = ? AND transaction_index = ?", (block.number, index))
        receipts = block.get_receipts(self.machine.chain.chaindb)
        return receipt_json(block, receipts, index, [log_json(row) for row in rows])

    def logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """eth_getLogs, answered from the table of logs."""
        if "blockHash" in query:
            clauses = ["block_hash = ?"]
            values: list[bytes | int] = [raw(query["blockHash"])]
        else:
            first = self._header(query.get("fromBlock", "latest")).block_number
            last = self._last_block(query.get("toBlock", "latest"))
            clauses, values = ["block BETWEEN ? AND ?"], [first, last]
        for column, wanted in _conditions(query):
            clauses.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values.extend(raw(each) for each in wanted)
        return [log_json(row) for row in self.machine.file.logs(" AND ".join(clauses), values)]

    def _last_block(self, at: str | int) -> int:
        if at in ("latest", "pending", "safe", "finalized", None):
            return int(self._head().block_number)
        return 0 if at == "earliest" else integer(at)

    def _try(self, action: Callable[[Message, Any], Any], call: dict[str, Any], at: str) -> Any:
        """Run a call in the block that would be mined now, or in a past one if a number is given."""
        to = call.get("to")
        message = Message(
            sender=raw(call.get("from") or "0x" + "00" * 20),
            to=raw(to) if to else b"",
            value=integer(call.get("value", 0)),
            data=raw(call.get("data") or call.get("input") or "0x"),
            gas=integer(call["gas"]) if call.get("gas") else None,
        )
        return action(message, self._pending() if at == "latest" else self._header(at))

    def _head(self) -> Any:
        return self.machine.chain.get_canonical_head()

    def _pending(self) -> Any:
        return self.machine.next_header(self.machine.chain)

    def _state(self, at: str | int) -> Any:
        return self.machine.chain.get_vm(self._header(at)).state

    def _header(self, at: str | int | None) -> Any:
        """Raises HeaderNotFound for a block that is not there yet."""
        if at == "pending":
            return self._pending()
        if at in ("latest", "safe", "finalized", None):
            return self._head()
        number = 0 if at == "earliest" else integer(at)
        return self.machine.chain.get_canonical_block_header_by_number(number)

    def _find(self, digest: str) -> tuple[Any, int] | None:
        chain = self.machine.chain
        try:
            number, index = chain.get_canonical_transaction_index(raw(digest))
        except TransactionNotFound:
            return None
        return chain.get_canonical_block_by_number(number), index


def _conditions(query: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """The columns that a log filter constrains, each with the values that it allows."""
    constrained = [("address", query.get("address"))]
    constrained += [(f"topic{index}", topic) for index, topic in enumerate(query.get("topics") or ())]
    return [
        (column, [wanted] if isinstance(wanted, str | bytes) else list(wanted))
        for column, wanted in constrained
        if wanted not in (None, [], ())
    ]


def raw(text: str | bytes) -> bytes:
    """The bytes that a JSON-RPC parameter stands for."""
    if isinstance(text, bytes):
        return bytes(text)
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ValidationError(f"{text!r} is not hex data") from None


def integer(value: str | int) -> int:
    """The number that a JSON-RPC parameter stands for."""
    if isinstance(value, int):
        return value
    try:
        return int(value, 16)
    except ValueError:
        raise ValidationError(f"{value!r} is not a hex number") from None
