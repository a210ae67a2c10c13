"""The embedded chain itself: py-evm's Prague rules over a chain file, a block for each transaction."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.exceptions import Revert
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address as Canonical
from eth_typing import BlockNumber
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from orchestrator.chain.development import ADDRESSES, BALANCE
from orchestrator.chain.embedded.database import ChainFile
from orchestrator.chain.embedded.opcodes import QuickVM

if TYPE_CHECKING:
    from eth.abc import (
        BlockAPI,
        BlockHeaderAPI,
        ComputationAPI,
        MiningChainAPI,
        SignedTransactionAPI,
        StateAPI,
    )


CHAIN_ID = 0x44494C4E
"""1145654350, the letters DILN: no public chain's id, so that nothing signed here is valid elsewhere."""

GAS_LIMIT = 30_000_000
CALL_STIPEND = 2300
LONGEST_KEPT = 256
"""Calls in one state, which keeps what each has read."""
BLOB_TRANSACTION = 3
_TIME_OFFSET = "time offset"
_EMPTY_TRIE = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


class Refused(Exception):
    """The EVM ended a call early: `data` is what the contract said (None when it was not a revert)."""

    def __init__(self, message: str, data: bytes | None = None) -> None:
        super().__init__(message)
        self.data = data


@dataclass(frozen=True)
class Message:
    """A call: `to` is empty for the creation of a contract, `gas` None for as much as a block holds."""

    sender: bytes
    to: bytes = b""
    value: int = 0
    data: bytes = b""
    gas: int | None = None


class DilnChain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), QuickVM),)


class Machine:
    """The chain in `file`. Every method must run inside `file.reading()` or `file.writing()`.

    `clock` tells the real time, as Unix time.
    """

    def __init__(self, file: ChainFile, clock: Callable[[], float] = time.time) -> None:
        self.file = file
        self._clock = clock
        self._seen: tuple[tuple[int, int], Any, Any] | None = None
        self._kept: _Kept | None = None

    @property
    def chain(self) -> Any:
        """py-evm's view of the file, made again when anybody has written since the last one."""
        return self._view[1]

    @property
    def head(self) -> Any:
        """The header of the latest block."""
        return self._view[2]

    @property
    def _view(self) -> tuple[tuple[int, int], Any, Any]:
        version = self.file.version
        if self._seen is None or self._seen[0] != version:
            chain = DilnChain(AtomicDB(self.file.kv))
            self._seen = version, chain, chain.get_canonical_head()
        return self._seen

    def found(self) -> None:
        """Write the genesis block: the development accounts, each with its balance, and nothing else."""
        self.file.lay_out()
        nothing: dict[str, Any] = {"code": b"", "nonce": 0, "storage": {}}
        accounts: dict[Any, Any] = {
            bytes.fromhex(address[2:]): {**nothing, "balance": BALANCE} for address in ADDRESSES
        }
        header: dict[str, Any] = {
            "difficulty": 0,
            "extra_data": os.urandom(32),  # no two chains share a genesis hash
            "gas_limit": GAS_LIMIT,
            "mix_hash": bytes(32),
            "nonce": bytes(8),
            "receipt_root": _EMPTY_TRIE,
            "timestamp": int(self._clock()),
            "transaction_root": _EMPTY_TRIE,
        }
        DilnChain.from_genesis(AtomicDB(self.file.kv), header, accounts)

    def next_header(self) -> Any:
        """The header of the block that would be mined now, in real time plus what was advanced."""
        _, chain, head = self._view
        now = int(self._clock()) + self.file.setting(_TIME_OFFSET)
        return chain.create_header_from_parent(
            head, gas_limit=head.gas_limit, timestamp=max(head.timestamp + 1, now)
        )

    def increase_time(self, seconds: int) -> int:
        """Let the clock run `seconds` ahead, from now on; returns by how much it runs ahead in all.

        From the time of the next block: after many within a second, the chain is ahead of its clock.
        """
        offset: int = self.next_header().timestamp - int(self._clock()) + seconds
        self.file.set_setting(_TIME_OFFSET, offset)
        return offset

    def mine(self, raw: bytes | None = None) -> bytes:
        """Add a block that holds the signed transaction `raw` (or none); returns its hash (or the block's).

        Raises ValidationError for a transaction that no block may hold.
        """
        chain = self.chain
        chain.header = self.next_header()
        transaction = None
        if raw is not None:
            transaction = _decoded(raw)
            _require_next(chain, transaction)
            chain.apply_transaction(transaction)
        block = chain.mine_block(mix_hash=os.urandom(32))
        self._keep_logs(chain, block)
        return bytes(block.hash if transaction is None else transaction.hash)

    def _keep_logs(self, chain: "MiningChainAPI", block: "BlockAPI") -> None:
        position = 0
        for index, receipt in enumerate(block.get_receipts(chain.chaindb)):
            for log in receipt.logs:
                topics = [topic.to_bytes(32, "big") for topic in log.topics]
                self.file.add_log(
                    (
                        block.number,
                        position,
                        block.hash,
                        block.transactions[index].hash,
                        index,
                        log.address,
                        *(topics + [None] * 4)[:4],
                        log.data,
                    ),
                )
                position += 1

    def call(self, message: Message, header: "BlockHeaderAPI") -> bytes:
        """What `message` returns in the block of `header`. Raises Refused, ValidationError."""
        return bytes(_succeeded(_execute(self._free_state(header), message, _limit(message))).output)

    def estimate_gas(self, message: Message, header: "BlockHeaderAPI") -> int:
        """A gas limit with which `message` succeeds in the block of `header`, at most 2 % too high.

        Raises Refused when it fails with any limit, ValidationError.
        """
        state = self._free_state(header)
        highest = _limit(message)
        computation = _succeeded(_execute(state, message, highest))
        used: int = highest - computation.get_gas_remaining()
        if message.to and not state.get_code(Canonical(message.to)):
            return used  # a plain transfer
        # A call passes on 63/64 of its gas at most, so a nested one may need more than is used.
        enough = min((used + CALL_STIPEND) * 64 // 63, highest)
        if _succeeds(state, message, enough):
            return enough
        lowest = enough
        while highest - lowest > highest // 50:
            middle = (lowest + highest) // 2
            if _succeeds(state, message, middle):
                highest = middle
            else:
                lowest = middle
        return highest

    def _free_state(self, header: "BlockHeaderAPI") -> "StateAPI":
        """The state in which a call is tried: gas costs nothing.

        It is kept for the next calls on the same chain and root, which find what the ones before have read.
        """
        chain = self.chain
        vm = chain.get_vm(header.copy(base_fee_per_gas=0))
        kept = self._kept
        if kept and kept.chain is chain and kept.root == header.state_root and kept.calls < LONGEST_KEPT:
            kept.calls += 1
            context = vm.create_execution_context(vm.get_header(), vm.previous_hashes, vm.chain_context)
            kept.state.execution_context = context
        else:
            self._kept = kept = _Kept(chain, header.state_root, vm.state)
        return kept.state


@dataclass
class _Kept:
    """A state that calls are tried in, with what they have read of it."""

    chain: "MiningChainAPI"
    root: bytes
    state: "StateAPI"
    calls: int = 1


def _limit(message: Message) -> int:
    """What a call may use: at most what a block holds, or a loop would run for years."""
    return min(message.gas or GAS_LIMIT, GAS_LIMIT)


def _execute(state: "StateAPI", message: Message, gas: int) -> Any:
    snapshot = state.snapshot()
    try:
        return state.apply_transaction(_spoofed(state, message, gas))
    finally:
        state.revert(snapshot)


def _spoofed(state: "StateAPI", message: Message, gas: int) -> Any:
    builder: Any = QuickVM.get_transaction_builder()
    unsigned = builder.new_unsigned_dynamic_fee_transaction(
        chain_id=CHAIN_ID,
        nonce=state.get_nonce(Canonical(message.sender)),
        max_priority_fee_per_gas=0,
        max_fee_per_gas=0,
        gas=gas,
        to=message.to,
        value=message.value,
        data=message.data,
        access_list=(),
    )
    return SpoofTransaction(unsigned, from_=message.sender)


def _decoded(raw: bytes) -> Any:
    try:
        transaction = QuickVM.get_transaction_builder().decode(raw)
    except RLPException as error:
        raise ValidationError(f"this is not a transaction: {error}") from error
    except RecursionError as error:
        raise ValidationError("this is not a transaction: it nests too deeply") from error
    if transaction.type_id == BLOB_TRANSACTION:
        raise ValidationError("this chain takes no blobs")
    transaction.validate()
    # One without a chain is for any: the deployment proxy comes to be by such a transaction.
    if transaction.chain_id not in (CHAIN_ID, None):
        raise ValidationError(f"the transaction is for chain {transaction.chain_id}, this is {CHAIN_ID}")
    return transaction


def _require_next(chain: "MiningChainAPI", transaction: "SignedTransactionAPI") -> None:
    """Say in the words of other nodes that a nonce is used, or not its sender's next."""
    following = chain.get_vm().state.get_nonce(transaction.sender)
    if transaction.nonce != following:
        which = "low" if transaction.nonce < following else "high"
        raise ValidationError(f"nonce too {which}: next nonce {following}, tx nonce {transaction.nonce}")


def _succeeds(state: "StateAPI", message: Message, gas: int) -> bool:
    try:
        return not _execute(state, message, gas).is_error
    except ValidationError:  # less gas than the transaction costs before it starts
        return False


def _succeeded(computation: "ComputationAPI") -> Any:
    if not computation.is_error:
        return computation
    if isinstance(computation.error, Revert):
        raise Refused("execution reverted", bytes(computation.output))
    raise Refused(f"{type(computation.error).__name__}: {computation.error}")
