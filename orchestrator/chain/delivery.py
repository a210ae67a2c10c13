"""Bring what was signed into the chain, once.

A node that loses an answer, says "not found", knows nothing of a transaction or finds its nonce too low
proves nothing. So the same signed bytes are handed over again and again, and nothing else is signed in their
stead, until one of three things is seen: the transaction in a block, another one with the same nonce in a
block that stays, or neither for so long that a person must decide.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from web3.exceptions import Web3RPCError

from orchestrator.chain.artifact import Abi
from orchestrator.chain.failures import as_diln_errors, rpc_message
from orchestrator.chain.outbox import Entry
from orchestrator.chain.receipts import Failed, Receipt, find, known
from orchestrator.errors import ChainError, ContractReverted, InsufficientFunds, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.chain.connection import Chain

ATTEMPTS = 5
"""That may fail in a row before a person is told."""
PAUSE = 0.5
LONGEST_WAIT = 180.0  # seconds, for a transaction to be mined, and again for it to be confirmed
RESEND = 10.0  # seconds between handing the same bytes over
STUCK = 60.0  # seconds after which more is offered for a transaction
GIVEN_UP = 12  # blocks on top of a rival, after which the nonce is given up
_DUPLICATE = ("already known", "known transaction", "already imported", "already exists", "alreadyknown")
_NONCE_USED = ("nonce too low", "nonce is too low", "incorrect nonce", "correct nonce", "transaction nonce")
_RIVAL = ("replacement transaction", "replacement_underpriced", "replacement fee too low")
_GAP = ("nonce too high", "nonce gap", "gapped-nonce")
_CHEAP = (
    "less than block base fee",
    "lower than block's base fee",
    "lower than the block base fee",
    "max fee per gas",
    "fee cap",
    "underpriced",
    "gas price too low",
    "gas price below",
)


class TooCheap(ChainError):
    """The node asks for higher fees."""


class Cancelled(ChainError):
    """Its owner has used up its nonce."""


class Delivery:
    """One entry on its way. `call` and `abi` explain a failure; `raise_fees` signs again with higher fees."""

    def __init__(
        self,
        chain: "Chain",
        entry: Entry,
        call: dict[str, Any] | None = None,
        abi: Abi = (),
        raise_fees: "Callable[[Entry], Entry] | None" = None,
    ) -> None:
        self._chain, self._outbox = chain, chain.outbox
        self.entry = entry
        self._call, self._abi, self._raise_fees = call, abi, raise_fees
        self._handed_over = float("-inf")
        self._offered = time.monotonic()
        self._used = False
        self._rival = ""

    def hand_over(self) -> None:
        """Give the bytes to the node until it has them, or has another transaction with their nonce.

        Raises NodeUnavailable, saying that it is not known whether they arrived, ChainError for a refusal.
        """
        for attempt in range(ATTEMPTS):
            try:
                self._push()
            except InsufficientFunds:
                if attempt == 0 and not self.entry.taken:
                    self._outbox.drop(self.entry)  # refused, and nobody else has seen it
                raise
            except TooCheap:
                raise
            except ChainError as error:
                if self._known():
                    self.entry = self._outbox.heard(self.entry)
                    return
                if attempt == ATTEMPTS - 1:
                    raise self._unsure(error) from error
                time.sleep(PAUSE * 2**attempt)
            else:
                return

    def complete(self, *, again: bool = False) -> Receipt | None:
        """Wait for the receipt; None where another transaction is proven to have taken the nonce.

        What failed, or lost its nonce, may still be mined if its block is taken back. So nothing is signed
        instead
         before that block stays (see `_stays`): this waits for a rival's, and, when it is done
        `again` for the same purpose, also for the one in which it failed.

        Raises ContractReverted if it failed, ChainError where it was cancelled or takes too long,
        NodeUnavailable; in the latter two cases, whoever comes back with the same purpose goes on here.
        """
        for seen, block in self._looks():
            if isinstance(seen, Receipt):
                return self._finished(seen)
            if seen in self.entry.hashes:
                continue  # a node that shows the block, and not yet the receipt
            stays = self._stays(block)
            if stays or (isinstance(seen, Failed) and not self.entry.purpose):
                self._outbox.drop(self.entry)
            if isinstance(seen, Failed) and (stays or not again):
                raise seen.explain(self._chain, self._call, self._abi)
            if stays:
                return None
            self._rival = seen if isinstance(seen, str) else self.entry.last.hash
        raise AssertionError("the looks end by an error")

    def _stays(self, block: int) -> bool:
        """Whether a block is so deep that its transactions keep their nonces from all others."""
        chain = self._chain
        return chain.development or chain.head().number >= block + GIVEN_UP or chain.final(block)

    def _looks(self) -> Iterator[tuple[Receipt | Failed | str, int]]:
        """What is in the chain, confirmed as asked for, and where: the transaction, or its rival's hash."""
        pause, failed = 0.02, 0
        deadline, mined = time.monotonic() + LONGEST_WAIT, False
        while time.monotonic() < deadline:
            try:
                seen = self._look()
                failed = 0
            except (TooCheap, InsufficientFunds):
                raise
            except ChainError as error:
                failed += 1
                if failed >= ATTEMPTS:
                    raise self._unsure(error) from error
                time.sleep(PAUSE * 2 ** (failed - 1))
                continue
            if seen is not None:
                if self._deep(seen):
                    yield seen
                if not mined:
                    deadline, mined = time.monotonic() + LONGEST_WAIT, True
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
        raise self._late(mined)

    def _look(self) -> tuple[Receipt | Failed | str, int] | None:
        """What has the nonce, and in which block; if nothing has, the bytes are handed over again."""
        self.entry = self._outbox.find(self.entry.key) or self.entry  # more may have been offered meanwhile
        for tx_hash in self.entry.hashes:
            if found := find(self._chain, tx_hash):
                return found, found.block_number
        self._used = self._chain.count(self.entry.sender) > self.entry.nonce
        if self._used:
            return self._chain.holder(self.entry.sender, self.entry.nonce, self.entry.block)
        now = time.monotonic()
        if self._raise_fees and now - self._offered > STUCK:
            with suppress(TooCheap, InsufficientFunds):  # then it waits as it is
                self._offer_more()
        if now - self._handed_over > RESEND:
            self._push()
        return None

    def _deep(self, seen: tuple[Receipt | Failed | str, int]) -> bool:
        depth = self._chain.network.confirmations
        return depth == 0 or self._chain.head().number >= seen[1] + depth

    def _finished(self, mined: Receipt) -> Receipt:
        if next(each for each in self.entry.tries if each.hash == mined.tx_hash).cancels(self.entry.sender):
            if self._stays(mined.block_number):
                self._outbox.drop(self.entry)
            raise Cancelled(
                f"transaction {self.entry.tries[0].hash} was cancelled: {mined.tx_hash} took its nonce",
                f"Run the command again after {GIVEN_UP} more blocks, to send it after all.",
            )
        if self._chain.final(mined.block_number):
            self._outbox.finish(self.entry, mined.block_number)
        else:
            self.entry = self._outbox.heard(self.entry, mined=mined.block_number)
        return mined

    def _push(self) -> None:
        """Hand over the newest bytes. Says nothing where the node has them, or their nonce is used."""
        self._handed_over = time.monotonic()
        try:
            with as_diln_errors(self._abi):
                self._send(self.entry.last.raw)
        except TooCheap:
            if self._raise_fees is None:
                raise
            self._offer_more()
        except ContractReverted as error:  # some nodes mine it, and tell its failure here
            raise ChainError(f"the node refused: {error.message}", error.hint) from error

    def _send(self, raw: bytes) -> None:
        try:
            hand_over(self._chain, raw)
        except Web3RPCError as error:
            message = rpc_message(error).lower()
            if any(words in message for words in (*_NONCE_USED, *_RIVAL, *_GAP)):
                return
            if not any(words in message for words in _DUPLICATE):
                if any(words in message for words in _CHEAP):
                    raise TooCheap(
                        f"the node asks for higher fees: {rpc_message(error)}",
                        "Run the command again when the chain is less busy, or: diln chain speed-up.",
                    ) from error
                raise
        self.entry = self._outbox.heard(self.entry)

    def _offer_more(self) -> None:
        """Sign again with the same nonce and higher fees, and hand that over too."""
        assert self._raise_fees  # noqa: S101 - whoever calls has looked
        self._offered = time.monotonic()
        self.entry = self._raise_fees(self.entry)
        with as_diln_errors(self._abi):
            self._send(self.entry.last.raw)

    def _known(self) -> bool:
        """Whether the node shows one of the transactions. That it shows none proves nothing."""
        try:
            return any(known(self._chain, each) for each in self.entry.hashes)
        except ChainError:
            return False

    def _unsure(self, error: ChainError) -> ChainError:
        what = f"transaction {self.entry.last.hash}"
        doubt = f"{what} was sent before" if self.entry.taken else f"it is not known whether {what} arrived"
        hint = "Run the command again when the node answers: it sends the same transaction, and no other."
        kind = NodeUnavailable if isinstance(error, NodeUnavailable) else ChainError
        return kind(f"{error.message}; {doubt}", hint)

    def _late(self, mined: bool) -> ChainError:
        if self._rival:
            return ChainError(
                f"nonce {self.entry.nonce} of {self.entry.sender} was used by {self._rival} instead, "
                "in a block that may still be dropped",
                f"Run the command again after {GIVEN_UP} more blocks: before that, both might be paid.",
            )
        if not mined and self._used:
            return ChainError(
                f"nonce {self.entry.nonce} of {self.entry.sender} is used, and the node does not show by "
                f"which transaction; {self.entry.last.hash} was signed with it",
                "Run the command again later, or with a node that keeps older states; until it is known, "
                "nothing else is sent for this.",
            )
        what = f"transaction {self.entry.last.hash} (nonce {self.entry.nonce}) was sent, but is not"
        if mined:
            return ChainError(
                f"{what} confirmed after {LONGEST_WAIT:.0f} s",
                "Run the command again later: it goes on waiting, and sends nothing else.",
            )
        return ChainError(
            f"{what} mined after {LONGEST_WAIT:.0f} s",
            "Run the command again to wait on, offer more with `diln chain speed-up`, "
            "or take it back with `diln chain cancel`.",
        )


def hand_over(chain: "Chain", raw: bytes) -> None:
    """Give signed bytes to the node. Raises what web3 raises."""
    chain.web3.eth.send_raw_transaction(cast(Any, raw))
