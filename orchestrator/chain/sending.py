"""One transaction, from the call to its confirmation: simulated, priced, signed, noted, delivered."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.contract.contract import ContractConstructor, ContractFunction

from orchestrator.chain.accounts import Account
from orchestrator.chain.ahead import Question
from orchestrator.chain.artifact import Abi
from orchestrator.chain.budget import current
from orchestrator.chain.delivery import Delivery
from orchestrator.chain.failures import FUNDS_HINT, as_diln_errors
from orchestrator.chain.finality import final_block
from orchestrator.chain.outbox import Entry, Fees
from orchestrator.chain.pricing import (
    PRIORITY,
    account_lock,
    beyond_gas,
    fees_now,
    latest_block,
    raised,
    signed_by,
)
from orchestrator.chain.receipts import Receipt, find, known
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    NodeUnavailable,
    NotDeployed,
    SentBefore,
)
from orchestrator.text import coins
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

GAS_CAP = 2**24  # of one transaction, EIP-7825
LEAST_MARGIN = 30_000
"""For one slot more than was tried: a price that falls until the block leaves change to be credited."""
PURPOSE_LOCKS = 256
RIVALS = 5
"""Other programs' transactions that may take the nonce before a person is told."""


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
        _, used = self._afforded()
        nonce = self._chain.count(self._sender.address)
        return Receipt(
            tx_hash="",
            block_number=self._chain.head().number + 1,
            gas_used=used,
            fee=Wei(used * self._fees.likely),
            contract_address=None if "to" in self._call else _created(self._sender.address, nonce),
        )

    def proposal(self) -> dict[str, Any]:
        """The transaction, tried but not signed, for others to send."""
        self._limit()
        return {
            "chainId": self._chain.chain_id,
            "from": self._sender.address,
            "to": self._call.get("to"),
            "value": str(self._call["value"]),  # wei; a number may be too large for those who read it
            "data": self._call["data"],
        }

    def send(
        self, once: str, before_send: Callable[[str], None] | None, *, at_any_price: bool = False
    ) -> Receipt:
        """Send and wait until mined and confirmed; for one `once`, the same transaction however often."""
        with self._chain.alone(f"purpose {_lock_number(once)}") if once else nullcontext():
            if once and (sent := self._earlier(once, at_any_price)):
                return sent
            limit, _ = self._afforded()
            for _ in range(RIVALS):
                if receipt := self._ended(self._submitted(limit, once, before_send)):
                    return receipt
        raise ChainError(
            f"another program is sending from {self._sender.name} at the same time, and was always faster",
            "Wait until it is done, then run this again.",
        )

    def begin(self, once: str) -> Callable[[], Receipt | None]:
        """Sign, note and hand over; what is returned waits, and gives None where only `send` can go on."""
        with self._chain.alone(f"purpose {_lock_number(once)}"):
            if self._chain.outbox.find(once):
                return lambda: None
            limit, _ = self._afforded()
            return partial(self._ended, self._submitted(limit, once, None))

    def _ended(self, delivery: Delivery) -> Receipt | None:
        receipt = delivery.complete()
        if receipt and (budget := current()):
            cost = self._call["value"] + receipt.fee
            budget.settle(self._chain.chain_id, self._sender.address, delivery.entry.nonce, cost)
        return receipt

    def _earlier(self, once: str, at_any_price: bool) -> Receipt | None:
        before = self._chain.outbox.find(once)
        receipt = earlier(self._chain, once, self._sender, self._call, self._abi)
        if receipt and before and not at_any_price and not before.last.does(self._call):
            raise SentBefore(
                f"something else was sent for this before, by transaction {receipt.tx_hash}, which is in "
                f"block {receipt.block_number}",
                "Look at what it did, then run this again if it is still wanted.",
            )
        return receipt

    @cached_property
    def _fees(self) -> Fees:
        return fees_now(self._chain, self._latest)

    @cached_property
    def _latest(self) -> Any:
        return latest_block(self._chain)

    def _afforded(self) -> tuple[int, int]:
        """As `_limit`, and the sender has what it costs: the node is asked for all of it at once."""
        with self._chain.ahead(*self._questions()):
            limit, used = self._limit()
            self._require_funds(limit)
        return limit, used

    def _questions(self) -> list[Callable[[], object] | Question]:
        """All that `_limit` and `_require_funds` ask, as far as it is known before."""
        chain, call = self._chain, self._call
        asked: list[Callable[[], object] | Question] = [
            partial(chain.balance, self._sender.address),
            partial(latest_block, chain),
            PRIORITY,
        ]
        if "to" in call and call["data"] != "0x":
            asked.append(self._code)
        if self._gas is None:
            asked.append(self._estimate)
        return asked

    def _code(self) -> bytes:
        """The receiver's code, asked for again: what had one may be gone with a reorganization."""
        with as_diln_errors():
            return bytes(self._eth.get_code(self._call["to"], "latest"))

    def _estimate(self) -> int:
        return int(self._eth.estimate_gas(cast(Any, self._call), cast(Any, self._chain.present())))

    def _limit(self) -> tuple[int, int]:
        """The gas limit to send with, and the gas that is likely to be used. Raises the contract's error."""
        self._require_value()
        if "to" in self._call and self._call["data"] != "0x" and not self._code():
            raise NotDeployed(
                f"there is no contract at {self._call['to']} on this chain",
                "Look at `diln doctor`, or run `diln migrate`.",
            )
        if self._gas is not None:
            self._simulate({"gas": self._gas})
            return self._gas, self._gas
        try:
            with as_diln_errors(self._abi):
                estimate = self._estimate()
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
                f"{self._sender.name} ({self._sender.address}) has {coins(balance)} ether,"
                f" but needs {coins(needed)} {purpose}",
                FUNDS_HINT,
            )

    def _submitted(self, limit: int, once: str, before_send: Callable[[str], None] | None) -> Delivery:
        """Sign with the account's next nonce, note it, and only then give it to the node."""
        chain, sender = self._chain, self._sender
        with account_lock(chain, sender):
            nonce = _next_nonce(chain, sender.address)
            call = {key: value for key, value in self._call.items() if key != "from"}
            call |= {"chainId": chain.chain_id, "gas": limit}
            signed = signed_by(sender, call, nonce, self._fees, beyond_gas(chain, call))
            key = once or f"nonce-{sender.address}-{nonce}-{signed.hash[2:10]}"
            entry = Entry(key, once, sender.address, nonce, int(self._latest["number"]), (signed,))
            chain.outbox.keep(entry)
            if before_send:
                before_send(signed.hash)
            delivery = _delivery(chain, entry, sender, self._call, self._abi)
            delivery.hand_over()
            return delivery


def earlier(
    chain: "Chain", once: str, sender: Account, call: dict[str, Any] | None = None, abi: Abi = ()
) -> Receipt | None:
    """What was sent for the purpose `once` before, brought to its end.

    None where nothing was, or it failed, or another transaction is proven to have its nonce.
    """
    entry = chain.outbox.find(once)
    try:
        return _delivery(chain, entry, sender, call, abi).complete(again=True) if entry else None
    except ContractReverted:
        return None


def _delivery(
    chain: "Chain", entry: Entry, sender: Account, call: dict[str, Any] | None, abi: Abi
) -> Delivery:
    """`sender` can raise the fees of what is its own."""
    own = entry.sender == sender.address
    return Delivery(chain, entry, call, abi, (lambda found: raised(chain, found, sender)) if own else None)


def resume(chain: "Chain", tx_hash: str) -> Receipt | None:
    """What became of a transaction that was sent before; None where nobody knows."""
    for entry in chain.outbox.entries():
        if tx_hash in entry.hashes:
            return Delivery(chain, entry).complete()
    if not known(chain, tx_hash):
        return None
    found = find(chain, tx_hash)
    if found is None:
        raise ChainError(f"transaction {tx_hash} is not mined yet", "Run the command again later.")
    if isinstance(found, Receipt):
        return found
    raise found.explain(chain)


def _next_nonce(chain: "Chain", sender: Address) -> int:
    """The next nonce that is neither used nor promised to what is on its way.

    What the node took and has lost, by a restart or a reorganization, is handed over again first. What no
    node took is promised nothing: should it have arrived all the same, one of the two is mined, not both.
    """
    entries = chain.outbox.entries(sender)
    if not entries:
        return _pending(chain, sender)
    with chain.ahead(
        partial(chain.count, sender, "pending"), partial(chain.count, sender), partial(final_block, chain)
    ):
        pending, mined = _pending(chain, sender), chain.count(sender)
        chain.outbox.sweep()
        tidy(chain, [entry for entry in entries if entry.nonce < mined])
    waiting = [entry for entry in entries if entry.nonce >= mined and entry.taken]
    for entry in waiting:
        with suppress(ChainError):
            Delivery(chain, entry).hand_over()
    return max([pending, *(entry.nonce + 1 for entry in waiting)])


def _pending(chain: "Chain", sender: Address) -> int:
    try:
        return chain.count(sender, "pending")
    except NodeUnavailable:
        raise
    except ChainError:  # a node that tells of mined blocks only
        return chain.count(sender)


def tidy(chain: "Chain", entries: list[Entry]) -> None:
    """Finish what is final, and drop what a rival has superseded for good. Where in doubt, do nothing."""
    if not entries:
        return
    with suppress(ChainError):
        final = final_block(chain)
        for entry in entries:
            if (entry.block if entry.mined is None else entry.mined) < final:
                _tidy(chain, entry, final)


def _tidy(chain: "Chain", entry: Entry, final: int) -> None:
    for tx_hash in entry.hashes:
        found = find(chain, tx_hash)
        if found and found.block_number <= final:
            if isinstance(found, Receipt):
                chain.outbox.finish(entry, found.block_number)
            else:
                chain.outbox.drop(entry)
            return
    rival = chain.holder(entry.sender, entry.nonce, entry.block)
    if rival and rival[1] <= final and rival[0] not in entry.hashes:
        chain.outbox.drop(entry)


def _lock_number(once: str) -> int:
    """So few locks that their files do not grow with what is sent; two purposes of one lock wait in turn."""
    return int.from_bytes(keccak(text=once)[:2], "big") % PURPOSE_LOCKS


def _created(sender: Address, nonce: int) -> Address:
    import rlp

    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:])
