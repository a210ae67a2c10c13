"""The JSON-RPC methods of the embedded chain: what DILN, wallets, explorers and tools ask for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from eth.exceptions import HeaderNotFound, TransactionNotFound

from orchestrator import __version__
from orchestrator.chain.embedded import parameters as of
from orchestrator.chain.embedded.formats import (
    block_json,
    data,
    log_json,
    quantity,
    receipt_json,
    transaction_json,
)
from orchestrator.chain.embedded.machine import CHAIN_ID, Machine
from orchestrator.chain.embedded.parameters import Block, Filter, Parameter
from orchestrator.text import shown

if TYPE_CHECKING:
    from eth.abc import BlockAPI


PRIORITY_FEE = 10**9
LONGEST_HISTORY = 1024
"""Blocks in one eth_feeHistory; whoever asks for more gets these, as of other nodes."""

CLIENT = f"diln-embedded/{__version__}"
WRITES = frozenset({"eth_sendRawTransaction", "evm_increaseTime", "evm_mine"})

_WHO = Parameter("address", of.address)
_AT = Parameter("block", of.block, "latest")
_NUMBER = Parameter("block", of.height)
_HASH = Parameter("blockHash", of.digest)
_FULL = Parameter("hydrated transactions", of.flag, False)
_INDEX = Parameter("index", of.number)
_TRANSACTION = Parameter("transactionHash", of.digest)
_CALL = (
    Parameter("transaction", of.call),
    _AT,
    Parameter("stateOverrides", of.nothing, None),
    Parameter("blockOverrides", of.nothing, None),
)


class Methods:
    """`ask(method, params)` answers one request. Must run inside a transaction of the chain file."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._methods: dict[str, tuple[Callable[..., Any], Sequence[Parameter]]] = {
            "web3_clientVersion": (lambda: CLIENT, ()),
            "net_version": (lambda: str(CHAIN_ID), ()),
            "net_listening": (lambda: True, ()),
            "eth_chainId": (lambda: quantity(CHAIN_ID), ()),
            "eth_accounts": (list, ()),  # the embedded chain signs for nobody
            "eth_syncing": (lambda: False, ()),
            "eth_blockNumber": (lambda: quantity(self._head().block_number), ()),
            "eth_gasPrice": (lambda: quantity(self._pending().base_fee_per_gas + PRIORITY_FEE), ()),
            "eth_maxPriorityFeePerGas": (lambda: quantity(PRIORITY_FEE), ()),
            "eth_feeHistory": (
                self.fee_history,
                (
                    Parameter("blockCount", of.number),
                    Parameter("newestBlock", of.block),
                    Parameter("rewardPercentiles", of.percentiles, ()),
                ),
            ),
            "eth_getBalance": (lambda who, at: quantity(self._state(at).get_balance(who)), (_WHO, _AT)),
            "eth_getCode": (lambda who, at: data(self._state(at).get_code(who)), (_WHO, _AT)),
            "eth_getTransactionCount": (
                lambda who, at: quantity(self._state(at).get_nonce(who)),
                (_WHO, _AT),
            ),
            "eth_getStorageAt": (self.storage_at, (_WHO, Parameter("slot", of.slot), _AT)),
            "eth_getBlockByNumber": (self.block, (_NUMBER, _FULL)),
            "eth_getBlockByHash": (self.block, (_HASH, _FULL)),
            "eth_getBlockTransactionCountByNumber": (self.transaction_count, (_NUMBER,)),
            "eth_getBlockTransactionCountByHash": (self.transaction_count, (_HASH,)),
            "eth_getTransactionByBlockNumberAndIndex": (self.transaction_at, (_NUMBER, _INDEX)),
            "eth_getTransactionByBlockHashAndIndex": (self.transaction_at, (_HASH, _INDEX)),
            "eth_getBlockReceipts": (self.block_receipts, (Parameter("block", of.block),)),
            "eth_getTransactionByHash": (self.transaction, (_TRANSACTION,)),
            "eth_getTransactionReceipt": (self.receipt, (_TRANSACTION,)),
            "eth_call": (lambda call, at, *_: data(self.machine.call(call, self._try_in(at))), _CALL),
            "eth_estimateGas": (
                lambda call, at, *_: quantity(self.machine.estimate_gas(call, self._try_in(at))),
                _CALL,
            ),
            "eth_sendRawTransaction": (
                lambda content: data(self.machine.mine(content)),
                (Parameter("transaction", of.content),),
            ),
            "eth_getLogs": (self.logs, (Parameter("filter", of.log_filter),)),
            "evm_increaseTime": (self.machine.increase_time, (Parameter("seconds", of.duration),)),
            "evm_mine": (lambda _: data(self.machine.mine()), (Parameter("options", of.anything, None),)),
        }

    def ask(self, method: str, params: object) -> Any:
        """Raises NotImplementedError for an unknown method, InvalidParams, Refused, ValidationError."""
        if method not in self._methods:
            raise NotImplementedError(f"the embedded chain has no method {shown(method, 80)}")
        function, parameters = self._methods[method]
        return function(*of.read_all(parameters, params))

    def storage_at(self, who: bytes, slot: int, at: Block) -> str:
        return data(self._state(at).get_storage(who, slot).to_bytes(32, "big"))

    def block(self, at: Block, full: bool) -> dict[str, Any] | None:
        """A block, None when there is none yet. `pending` is the block that would be mined now."""
        found = self._block(at)
        return None if found is None else block_json(found, full)

    def transaction_count(self, at: Block) -> str | None:
        found = self._block(at)
        return None if found is None else quantity(len(found.transactions))

    def transaction_at(self, at: Block, index: int) -> dict[str, Any] | None:
        found = self._block(at)
        there = found is not None and index < len(found.transactions)
        return transaction_json(found, index) if there else None

    def block_receipts(self, at: Block) -> list[dict[str, Any]] | None:
        found = self._block(at)
        if found is None:
            return None
        return [self._receipt(found, index) for index in range(len(found.transactions))]

    def transaction(self, digest: bytes) -> dict[str, Any] | None:
        found = self._find(digest)
        return transaction_json(*found) if found else None

    def receipt(self, digest: bytes) -> dict[str, Any] | None:
        found = self._find(digest)
        return self._receipt(*found) if found else None

    def fee_history(self, count: int, newest: Block, percentiles: Sequence[float]) -> dict[str, Any]:
        """eth_feeHistory: what blocks cost, and what the one after them will."""
        last = self._header(newest)
        head = self._head().block_number
        newest_number = min(last.block_number, head)
        first = max(0, newest_number + 1 - min(count, LONGEST_HISTORY))
        headers = [self._header(number) for number in range(first, newest_number + 1)]
        following = self._header(newest_number + 1) if newest_number < head else self._pending()
        found: dict[str, Any] = {
            "oldestBlock": quantity(first),
            "baseFeePerGas": [quantity(each.base_fee_per_gas) for each in [*headers, following]],
            "gasUsedRatio": [each.gas_used / each.gas_limit for each in headers],
        }
        if percentiles:
            found["reward"] = [[quantity(PRIORITY_FEE)] * len(percentiles)] * len(headers)
        return found

    def logs(self, query: Filter) -> list[dict[str, Any]]:
        """eth_getLogs, answered from the table of logs."""
        clauses: list[str]
        values: list[bytes | int]
        if query.block_hash is not None:
            clauses, values = ["block_hash = ?"], [query.block_hash]
        else:
            clauses, values = ["block BETWEEN ? AND ?"], [self._height(query.first), self._height(query.last)]
        columns = [("address", query.addresses)]
        columns += [(f"topic{position}", wanted) for position, wanted in enumerate(query.topics)]
        for column, wanted in columns:
            if wanted:
                clauses.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values.extend(wanted)
        return [log_json(row) for row in self.machine.file.logs(" AND ".join(clauses), values)]

    def _receipt(self, block: "BlockAPI", index: int) -> dict[str, Any]:
        rows = self.machine.file.logs("block = ? AND transaction_index = ?", (block.number, index))
        receipts = block.get_receipts(self.machine.chain.chaindb)
        return receipt_json(block, receipts, index, [log_json(row) for row in rows])

    def _height(self, at: Block) -> int:
        """A block's height; one that is not there yet is above all that are."""
        above = int(self._head().block_number) + 1
        if isinstance(at, int):
            return min(at, above)
        return 0 if at == "earliest" else above - 1

    def _try_in(self, at: Block) -> Any:
        """The block in which a call is tried: the one to be mined now, or a past one that is named."""
        return self._pending() if at == "latest" else self._header(at)

    def _head(self) -> Any:
        return self.machine.head

    def _pending(self) -> Any:
        return self.machine.next_header()

    def _state(self, at: Block) -> Any:
        return self.machine.chain.get_vm(self._header(at)).state

    def _block(self, at: Block) -> Any:
        """None where there is none."""
        try:
            return self.machine.chain.get_block_by_header(self._header(at))
        except HeaderNotFound:
            return None

    def _header(self, at: Block) -> Any:
        """Raises HeaderNotFound for a block that is not there yet."""
        if at == "pending":
            return self._pending()
        if at in ("latest", "safe", "finalized"):
            return self._head()
        if isinstance(at, bytes):
            return self.machine.chain.get_block_header_by_hash(at)
        number = 0 if at == "earliest" else at
        return self.machine.chain.get_canonical_block_header_by_number(number)

    def _find(self, digest: bytes) -> tuple[Any, int] | None:
        chain = self.machine.chain
        try:
            number, index = chain.get_canonical_transaction_index(digest)
        except TransactionNotFound:
            return None
        return chain.get_canonical_block_by_number(number), index
