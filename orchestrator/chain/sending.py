"""One transaction, from the call to its confirmation.

A transport error after a transaction went out says nothing about whether it arrived. So the same signed bytes
are sent again, never a second transaction, and only after looking whether the chain knows the first.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import Web3RPCError

from orchestrator.chain.accounts import Account
from orchestrator.chain.artifact import Abi
from orchestrator.chain.failures import FUNDS_HINT, as_diln_errors, rpc_message
from orchestrator.chain.locking import exclusive
from orchestrator.chain.receipts import Receipt, confirmed, ether, known
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    NodeUnavailable,
    NotDeployed,
)
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

GAS_CAP = 2**24  # of one transaction, EIP-7825
LEAST_MARGIN = 30_000
"""For one slot more than was tried: a price that falls until the block leaves change to be credited."""
ATTEMPTS = 5
PAUSE = 0.5
LONGEST_QUEUE = 120.0  # seconds, behind other commands that send from the same account
_DUPLICATE = ("already known", "known transaction", "already imported", "already exists")
_NONCE_USED = (
    "nonce too low",
    "nonce is too low",
    "incorrect nonce",
    "correct nonce",
    "replacement transaction",
    "transaction nonce",
)


@dataclass(frozen=True)
class _Fees:
    """EIP-1559: the most that each gas may cost, the part that goes to the proposer, and the likely price."""

    most: Wei
    priority: Wei
    likely: Wei


class Sending:
    """A call that is to become a transaction of `sender`."""

    def __init__(
        self,
        chain: "Chain",
        function: ContractFunction | ContractConstructor,
        sender: Account,
        value: int,
        gas: int | None,
    ) -> None:
        """Raises AccountError for a key that everybody knows on a chain where money is worth something."""
        if sender.known_to_all and not chain.development:
            raise AccountError(
                f"everybody knows the key of {sender.name}: it is for development chains only",
                "Make an account of your own: diln account new NAME.",
            )
        self._chain = chain
        self._eth = chain.web3.eth
        self._sender = sender
        self._gas = gas
        self._abi = cast(Abi, getattr(function, "contract_abi", None) or getattr(function, "abi", ()))
        built = function.build_transaction(
            cast(
                Any,
                {
                    "from": sender.address,
                    "value": value,
                    "chainId": chain.chain_id,
                    # placeholders, so that web3 does not ask the node for them
                    "gas": 1,
                    "maxFeePerGas": 1,
                    "maxPriorityFeePerGas": 1,
                },
            )
        )
        self._call: dict[str, Any] = {"from": sender.address, "value": value, "data": built["data"]}
        if built["to"]:
            self._call["to"] = built["to"]

    def try_out(self) -> Receipt:
        """Simulate and estimate; send nothing."""
        limit, used = self._limit()
        self._require_funds(limit)
        nonce = self._count("latest")
        return Receipt(
            tx_hash="",
            block_number=self._chain.head().number + 1,
            gas_used=used,
            fee=Wei(used * self._fees.likely),
            contract_address=None if "to" in self._call else _created(self._sender.address, nonce),
        )

    def send(self, locks: Path, before_send: Callable[[str], None] | None) -> Receipt:
        """Simulate, sign and send; wait until mined and confirmed."""
        limit, _ = self._limit()
        self._require_funds(limit)
        lock = locks / f"{self._chain.chain_id}-{self._sender.address}.lock"
        with exclusive(lock, LONGEST_QUEUE, f"other commands send from {self._sender.name}"):
            tx_hash = self._submit(limit, before_send)
        return confirmed(self._chain, tx_hash, self._call, self._abi)

    @cached_property
    def _fees(self) -> _Fees:
        with as_diln_errors():
            base = int(self._eth.get_block("latest").get("baseFeePerGas", 0))
            priority = int(self._eth.max_priority_fee)
        return _Fees(Wei(2 * base + priority), Wei(priority), Wei(base + priority))

    def _limit(self) -> tuple[int, int]:
        """The gas limit to send with, and the gas that is likely to be used. Raises the contract's error."""
        self._require_value()
        if "to" in self._call and self._call["data"] != "0x" and not self._chain.code(self._call["to"]):
            raise NotDeployed(
                f"there is no contract at {self._call['to']} on this chain",
                "Look at `diln doctor`, or run `diln migrate`.",
            )
        if self._gas is not None:
            self._simulate({"gas": self._gas})
            return self._gas, self._gas
        try:
            with as_diln_errors(self._abi):
                estimate = int(
                    self._eth.estimate_gas(cast(Any, self._call), cast(Any, self._chain.present()))
                )
        except ContractReverted:
            raise
        except ChainError:
            self._simulate({})  # some nodes give the reason for a call only
            raise
        with_margin = estimate + max(estimate // 5, LEAST_MARGIN)
        return (min(with_margin, GAS_CAP) if estimate <= GAS_CAP else with_margin), estimate

    def _simulate(self, extra: dict[str, int]) -> None:
        with as_diln_errors(self._abi):
            self._eth.call(cast(Any, {**self._call, **extra}), cast(Any, self._chain.present()))

    def _require_value(self) -> None:
        if self._call["value"]:
            self._require(self._call["value"], "to send")

    def _require_funds(self, limit: int) -> None:
        self._require(self._call["value"] + limit * self._fees.most, "for value and fee")

    def _require(self, needed: int, purpose: str) -> None:
        balance = self._chain.balance(self._sender.address)
        if balance < needed:
            raise InsufficientFunds(
                f"{self._sender.name} ({self._sender.address}) has {ether(balance)} ether,"
                f" but needs {ether(needed)} {purpose}",
                FUNDS_HINT,
            )

    def _count(self, at: str) -> int:
        with as_diln_errors():
            return int(self._eth.get_transaction_count(self._sender.address, cast(Any, at)))

    def _submit(self, limit: int, before_send: Callable[[str], None] | None) -> str:
        """Give the transaction to the node, with the account's next nonce; returns its hash."""
        for attempt in range(ATTEMPTS):
            raw = self._sender.sign_transaction(
                {
                    **{key: value for key, value in self._call.items() if key != "from"},
                    "chainId": self._chain.chain_id,
                    "nonce": self._count("pending"),
                    "gas": limit,
                    "maxFeePerGas": self._fees.most,
                    "maxPriorityFeePerGas": self._fees.priority,
                }
            )
            tx_hash = "0x" + keccak(raw).hex()
            if before_send:
                before_send(tx_hash)
            if self._broadcast(raw, tx_hash, last=attempt == ATTEMPTS - 1):
                return tx_hash
        raise AssertionError("the last attempt returns or raises")

    def _broadcast(self, raw: bytes, tx_hash: str, last: bool) -> bool:
        """Whether the node took the transaction; False if another program used its nonce."""
        for attempt in range(ATTEMPTS):
            try:
                with as_diln_errors(self._abi):
                    self._hand_over(raw)
            except NodeUnavailable as error:
                if self._known(tx_hash):
                    return True
                if attempt == ATTEMPTS - 1:
                    raise NodeUnavailable(
                        f"{error.message}; whether transaction {tx_hash} arrived is not known",
                        "Run the command again when the node answers: it looks before it sends.",
                    ) from error
                time.sleep(PAUSE * 2**attempt)
            except _NonceUsed as error:
                if self._known(tx_hash):  # by us, in an attempt whose answer was lost
                    return True
                if last:
                    raise ChainError(
                        f"another program is sending from {self._sender.name} at the same time: {error}",
                        "Wait until it is done, then run this again.",
                    ) from error
                return False
            else:
                return True
        raise AssertionError("the last attempt returns or raises")

    def _hand_over(self, raw: bytes) -> None:
        try:
            self._eth.send_raw_transaction(cast(Any, raw))
        except Web3RPCError as error:
            message = rpc_message(error).lower()
            if any(words in message for words in _DUPLICATE):
                return
            if any(words in message for words in _NONCE_USED):
                raise _NonceUsed(message) from error
            raise

    def _known(self, tx_hash: str) -> bool:
        """Whether the node knows the transaction. A node that does not answer does not."""
        try:
            return known(self._chain, tx_hash)
        except ChainError:
            return False


class _NonceUsed(Exception):
    """The node has another transaction with this nonce."""


def _created(sender: Address, nonce: int) -> Address:
    import rlp

    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:])
