"""One connection to a chain: reading, calling, sending, and, on development chains, moving time."""

import hashlib
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, runtime_checkable

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractEvent, ContractFunction
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.base import BaseProvider
from web3.types import EventData, LogReceipt, RPCEndpoint, TxParams

from orchestrator.chain.accounts import Account
from orchestrator.chain.ahead import Question
from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.decoding import lenient_codec
from orchestrator.chain.events import Reader
from orchestrator.chain.failures import as_diln_errors
from orchestrator.chain.finality import final_block, holder
from orchestrator.chain.locking import exclusive
from orchestrator.chain.looking import Block, Looking, Remembering, look
from orchestrator.chain.outbox import Outbox
from orchestrator.chain.receipts import Receipt
from orchestrator.chain.sending import Sending, resume
from orchestrator.chain.shapes import Shapes
from orchestrator.chain.wallets import Proposer
from orchestrator.config import Network, Settings
from orchestrator.errors import ChainError, NodeUnavailable, Unsent, WrongChain
from orchestrator.types import Address, Seconds, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Bound
    from orchestrator.chain.indexes import EventIndex, IndexTable

T = TypeVar("T")
LONGEST_LOOK = 900.0  # seconds, behind another command that looks and sends for the same purpose
_AT_FIRST: tuple[Question, ...] = (
    (RPCEndpoint("eth_chainId"), []),
    (RPCEndpoint("web3_clientVersion"), []),
    (RPCEndpoint("eth_getBlockByNumber"), ["0x0", False]),
)
DELEGATION = bytes.fromhex("ef0100")  # EIP-7702
_DEVELOPMENT_CLIENTS = ("anvil", "diln-embedded", "ganache", "hardhat", "ethereumjs testrpc")


@runtime_checkable
class _AskedAhead(Protocol):
    """A provider that may take several questions at once."""

    def ahead(self, questions: Sequence[Callable[[], object] | Question]) -> AbstractContextManager[bool]: ...


@runtime_checkable
class _Closable(Protocol):
    """A provider that holds a file: the embedded chain's."""

    def close(self) -> None: ...


class Chain:
    """A chain that answers. Safe to share between threads.

    Every method may raise NodeUnavailable, and ChainError for an answer that makes no sense.
    """

    def __init__(self, network: Network, provider: BaseProvider, home: Path) -> None:
        """Raises WrongChain if the node serves another chain than `network` says."""
        self.network = network
        self.web3 = Web3(provider)
        self.web3.codec = lenient_codec()
        self.web3.middleware_onion.remove("validation")  # it asks for the chain's id twice at every request
        # Chains of known signers (Clique, IBFT, QBFT) put their signatures into a block's extra data.
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self._looking = Looking()
        self.web3.middleware_onion.inject(cast(Any, partial(Remembering, self._looking)), layer=0)
        self.web3.middleware_onion.inject(Shapes, layer=0)
        self._home = home
        self._codes: dict[Address, bytes] = {}
        self._indexes: list[EventIndex[Any]] = []
        with self.ahead(*_AT_FIRST) as complete:
            with as_diln_errors():
                self.chain_id = int(self.web3.eth.chain_id)
            if complete:  # nearly every command wants them
                with suppress(ChainError):
                    _ = self._client, self.genesis_hash
        if network.chain_id not in (None, self.chain_id):
            raise WrongChain(
                f"the node of network `{network.name}` serves chain {self.chain_id}, not {network.chain_id}",
                "Correct the network's `url` or `chain_id` in brownie-config.yaml.",
            )
        if network.genesis not in (None, self.genesis_hash):
            raise WrongChain(
                f"the node of network `{network.name}` serves another chain with the id {self.chain_id}: "
                f"its first block is {self.genesis_hash}",
                "Give another node's URL with --rpc-url, or as the network's `url` in brownie-config.yaml.",
            )

    def __enter__(self) -> "Chain":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the node, or of the chain file. The chain cannot be used afterwards."""
        for index in self._indexes:
            index.close()
        if isinstance(self.web3.provider, _Closable):
            self.web3.provider.close()

    @cached_property
    def development(self) -> bool:
        """Whether this is a development chain: its money is worth nothing and its time can be moved."""
        return self.network.embedded or self._client.startswith(_DEVELOPMENT_CLIENTS)

    @cached_property
    def genesis_hash(self) -> str:
        """The hash of block 0, 0x-hex: tells two chains with the same id apart."""
        with as_diln_errors():
            found = self.web3.eth.get_block(0).get("hash")
        if not found:
            raise ChainError("the node does not tell the hash of the first block", "Use another node.")
        return found.to_0x_hex()

    def look(self, read: Callable[[], T]) -> T:
        """What `read` returns, with all that it reads of this chain from one block, and at one time.

        Where the chain drops that block meanwhile, `read` is called again: it must send nothing, and return
        nothing that is read later, such as an iterator. A look within a look is part of it. Raises what
        `read` raises, and ChainError where the chain changes each time.
        """
        return look(self, self._looking, read)

    def once(self, question: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` returns; within a look, what it returned to the same question before."""
        return self._looking.moment.once(question, ask) if self._looking.moment else ask()

    def head(self) -> Block:
        """The latest block."""
        return self._looking.moment.head if self._looking.moment else self.block("latest")

    def block(self, at: int | str) -> Block:
        """A block, by its height or a node's word for it. Raises ChainError where there is none."""
        with as_diln_errors():
            found = self.web3.eth.get_block(cast(Any, at))
        own_hash = bytes(found.get("hash") or b"")
        return Block(int(found["number"]), Seconds(int(found["timestamp"])), own_hash)

    def block_hash(self, number: int) -> bytes:
        """The hash of a block: another one later tells that the chain has dropped it."""
        return self.block(number).hash

    def time_of(self, number: int) -> Seconds:
        """When a block was made."""
        return self.block(number).timestamp

    def now(self) -> Seconds:
        """The chain's time: of the next block where real time goes on (development), else of the latest."""
        moment = self._looking.moment
        return moment.time if moment else self.block(self.present()).timestamp

    def present(self) -> int | str:
        """The block in which calls are tried: during a look, always the same.

        The latest, but on a development chain the one that would be mined now: where nobody sends, the latest
        may be days old. Ganache knows no such block, so it is made to mine one after two seconds without.
        """
        if self._looking.moment:
            return self._looking.moment.block
        if not self.development:
            return "latest"
        if self._client.startswith("ganache"):
            ahead = int(self.request("evm_increaseTime", 0))
            if self.head().timestamp + 2 <= time.time() + ahead:
                self.mine()
        return "pending"

    def balance(self, address: Address) -> Wei:
        with as_diln_errors():
            return Wei(int(self.web3.eth.get_balance(address, self._state)))

    def gas_price(self) -> Wei:
        """What a unit of gas costs now."""
        with as_diln_errors():
            return Wei(int(self.web3.eth.gas_price))

    @contextmanager
    def ahead(self, *questions: Callable[[], object] | Question) -> Iterator[bool]:
        """Ask for what is about to be asked one by one, in one request where the node takes several.

        A question is a method and its parameters, or whatever reads this chain: what that would ask first.
        Within, what is asked in the same words is answered from what came; nothing is kept longer, and it is
        no place to wait for a change. Tells whether all was answered.
        """
        provider = self.web3.provider
        if not isinstance(provider, _AskedAhead) or len(questions) < 2:
            yield False
            return
        with provider.ahead(questions) as complete:
            yield complete

    def balances(self, addresses: Sequence[Address]) -> list[Wei]:
        """What each has, asked for at once where the node takes that."""
        with self.ahead(*(partial(self.balance, each) for each in addresses)):
            return [self.balance(each) for each in addresses]

    def call_many(self, functions: Sequence[ContractFunction], *, at: int | None = None) -> list[Any]:
        """What each returns now, or returned after block `at`, asked for at once where the node takes that.

        Raises as `call` does.
        """
        with self.ahead(*(partial(self.call, each, at=at) for each in functions)):
            return [self.call(each, at=at) for each in functions]

    def code(self, address: Address) -> bytes:
        """The code at `address`, empty if there is none.

        A contract's is asked for once: it stays. An account may come to have one, and change to whom it
        delegates.
        """
        if address not in self._codes:
            with as_diln_errors():
                found = bytes(self.web3.eth.get_code(address, self._state))
            if not found or found.startswith(DELEGATION):
                return found
            self._codes[address] = found
        return self._codes[address]

    def contract(self, name: str, address: Address) -> Contract:
        """Bind the package's contract `name` at `address`."""
        return self.web3.eth.contract(address=address, abi=cast(Any, load_artifact(name).abi))

    def call(
        self, function: ContractFunction, *, sender: Address | None = None, at: int | None = None
    ) -> Any:
        """What `function` returns now, or did after block `at`, without sending anything.

        Raises ContractReverted, NotDeployed.
        """
        transaction: TxParams = {"from": sender} if sender else {}
        block: Any = self.present() if at is None else at
        with as_diln_errors(cast(Any, function.contract_abi)):
            return function.call(transaction, block_identifier=block)

    def send(
        self,
        function: ContractFunction | ContractConstructor,
        sender: Account,
        *,
        value: int = 0,
        dry_run: bool = False,
        gas: int | None = None,
        once: str = "",
        at_any_price: bool = False,
        before_send: Callable[[str], None] | None = None,
    ) -> Receipt:
        """Send a transaction and wait until it is mined and confirmed.

        `value` is in wei. `gas` is the limit; without one it is estimated. `dry_run` tries and estimates, and
        sends nothing. `once` names the effect, such as `publish-<hash>`: for one name nothing is sent twice
        on this chain, however often this is called, killed or cut off; the later calls wait for what the
        first one sent and return its receipt, or raise SentBefore if it was another call or value than
        theirs. `at_any_price` tells that arguments or value hold a price, which may be another one later:
        then `once` alone must name all that makes the act. `before_send` gets each transaction's hash before
        anybody else has seen it.

        Raises ContractReverted, InsufficientFunds, NotDeployed, AccountError; Unsent, with the transaction,
        where the sender lets others send.
        """
        assert dry_run or not self._looking.moment  # noqa: S101 - a look may be repeated
        sending = Sending(self, function, sender, value, gas)
        if isinstance(sender, Proposer) and not dry_run:
            raise Unsent(sending.proposal())
        return sending.try_out() if dry_run else sending.send(once, before_send, at_any_price=at_any_price)

    def begin(
        self, function: ContractFunction | ContractConstructor, sender: Account, *, once: str, value: int = 0
    ) -> Callable[[], Receipt | None]:
        """Sign and hand over; what is returned waits for the receipt. So many go into one block.

        It gives None where `send` for the same `once` has to go on: that was sent before, another transaction
        took the nonce, or the sender lets others send. Both raise as `send` does.
        """
        if isinstance(sender, Proposer):
            return lambda: None
        return Sending(self, function, sender, value, None).begin(once)

    def receipt(self, tx_hash: str) -> Receipt | None:
        """What became of a transaction that was sent before.

        One that was sent from here is waited for, and handed over again where the node has lost it. Of
        others, None where the node tells nothing. Raises ContractReverted if it failed.
        """
        return resume(self, tx_hash)

    @cached_property
    def outbox(self) -> Outbox:
        """What was sent from this working folder to this chain."""
        return Outbox(self._home / "journal" / self._own_name)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self, self._home / "logs" / self._own_name)

    @property
    def _own_name(self) -> str:
        # The genesis tells a restarted development chain from the one that files speak of.
        return f"{self.chain_id}-{self.genesis_hash[2:10]}"

    def alone(
        self, what: str, patience: float = LONGEST_LOOK, others: str = "another command does the same"
    ) -> AbstractContextManager[Any]:
        """Hold a lock on `what` over threads and processes: for looking first, then sending."""
        digest = hashlib.sha256(f"{self.genesis_hash} {what}".encode()).hexdigest()[:32]
        lock = self._home / "locks" / f"{self.chain_id}-{digest}.lock"
        return exclusive(lock, patience, others)

    def transaction(self, tx_hash: str) -> Any:
        """A transaction, as web3 shows it. Raises ChainError where the node tells of none."""
        with as_diln_errors():
            return self.web3.eth.get_transaction(cast(Any, tx_hash))

    def count(self, address: Address, at: str | int = "latest") -> int:
        """How many transactions of `address` are in the chain: its next nonce."""
        with as_diln_errors():
            return int(self.web3.eth.get_transaction_count(address, cast(Any, at)))

    def holder(self, sender: Address, nonce: int, since: int = 0) -> tuple[str, int] | None:
        """The mined transaction with this nonce, and its block; None where the node does not tell."""
        return holder(self, sender, nonce, since)

    def final(self, number: int) -> bool:
        """Whether no reorganization takes block `number` away any more."""
        return self.network.embedded or number <= final_block(self)

    def events(
        self,
        event: ContractEvent,
        *,
        from_block: int = 0,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[EventData]:
        """The events of a contract from `from_block` to `to_block` (the latest), oldest first.

        `filters` maps an argument of the event to the value, or a list of the values, that it may have. What
        cannot be read, as only another contract than ours emits it, is left out and told to the log.
        """
        last = self.head().number if to_block is None else to_block
        return self._reader.events(event, from_block, last, dict(filters or {}))

    def logs(
        self,
        event: ContractEvent,
        *,
        from_block: int = 0,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[LogReceipt]:
        """As `events`, not decoded, in a tenth of the time; `filters` name indexed arguments only."""
        last = self.head().number if to_block is None else to_block
        for found in self._reader.logs(event, from_block, last, dict(filters or {})):
            yield from found

    def topics(
        self,
        event: ContractEvent,
        *,
        from_block: int = 0,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> list[tuple[bytes, ...]]:
        """The topics alone of what `logs` reads: where there are many, of new blocks only."""
        last = self.head().number if to_block is None else to_block
        return self._reader.topics(event, from_block, last, dict(filters or {}))

    def index(
        self,
        contract: "Bound",
        tables: "Sequence[IndexTable]",
        read: Callable[[int, int], T],
        write: Callable[[T], None],
    ) -> "EventIndex[T]":
        """Rows that the events of a contract make, of which new blocks only are read (see `EventIndex`)."""
        from orchestrator.chain.indexes import EventIndex

        folder = self._home / "logs" / self._own_name
        index = EventIndex(self, folder, contract.address, contract.block, tables, read, write)
        self._indexes.append(index)
        return index

    def advance(self, seconds: int) -> None:
        """Let `seconds` pass and mine a block. Raises ChainError unless this is a development chain."""
        self._require_development()
        if seconds < 0:
            raise ChainError("time on a chain cannot go backwards", "Give a duration above zero.")
        self.request("evm_increaseTime", seconds)
        self.mine()

    def advance_to(self, timestamp: int) -> None:
        """Let time pass, if that is still to come, until the chain's is `timestamp`. Raises as `advance`."""
        while (left := timestamp - self.now()) > 0:  # Anvil, too, ends short after many quick blocks
            self.advance(left)

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks. Raises ChainError unless this is a development chain."""
        self._require_development()
        for _ in range(blocks):
            self.request("evm_mine")

    def request(self, method: str, *params: object) -> Any:
        """What the node answers to a method for which web3 has no function, as it stands in the JSON."""
        with as_diln_errors():
            return self.web3.manager.request_blocking(RPCEndpoint(method), list(params))

    @cached_property
    def _client(self) -> str:
        try:
            with as_diln_errors():
                return self.web3.client_version.lower()
        except NodeUnavailable:
            raise
        except ChainError:  # some providers do not say what they run
            return ""

    @property
    def _state(self) -> Any:
        """The block after which accounts are looked at."""
        return self._looking.moment.block if self._looking.moment else "latest"

    def _require_development(self) -> None:
        if not self.development:
            raise ChainError(
                f"time and blocks of network `{self.network.name}` cannot be moved",
                "Only development chains (embedded, Anvil, Ganache, Hardhat) can.",
            )


def connect(settings: Settings) -> Chain:
    """Reach the chain that `settings` name.

    Raises NodeUnavailable if nobody answers, WrongChain if the node serves another chain than expected.
    """
    network = settings.network
    if network.embedded:  # of two providers, that of the network alone is imported: each takes long
        from orchestrator.chain.embedded import EmbeddedProvider

        return Chain(network, EmbeddedProvider(settings.chain_file), settings.home)
    from orchestrator.chain.transport import RetryingProvider

    return Chain(network, RetryingProvider(network), settings.home)
