"""One connection to a chain: reading, calling, sending, and, on development chains, moving time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractEvent, ContractFunction
from web3.providers.base import BaseProvider
from web3.types import EventData, RPCEndpoint

from orchestrator.chain.accounts import Account
from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.chain.events import read_events
from orchestrator.chain.failures import as_diln_errors
from orchestrator.chain.receipts import Receipt, resume
from orchestrator.chain.sending import Sending
from orchestrator.chain.transport import RetryingProvider
from orchestrator.config import Network, Settings
from orchestrator.errors import ChainError, WrongChain
from orchestrator.types import Address, Seconds, Wei

_DEVELOPMENT_CLIENTS = ("anvil", "diln-embedded", "ganache", "hardhat", "ethereumjs testrpc")


@dataclass(frozen=True)
class Block:
    number: int
    timestamp: Seconds


class Chain:
    """A chain that answers. Safe to share between threads.

    Every method may raise NodeUnavailable, and ChainError for an answer that makes no sense.
    """

    def __init__(self, network: Network, provider: BaseProvider, home: Path) -> None:
        """Raises WrongChain if the node serves another chain than `network` says."""
        self.network = network
        self.web3 = Web3(provider)
        self._home = home
        with as_diln_errors():
            self.chain_id = int(self.web3.eth.chain_id)
        if network.chain_id not in (None, self.chain_id):
            raise WrongChain(
                f"the node of network `{network.name}` serves chain {self.chain_id}, not {network.chain_id}",
                "Correct the network's `url` or `chain_id` in brownie-config.yaml.",
            )

    def __enter__(self) -> "Chain":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the node, or of the chain file. The chain cannot be used afterwards."""
        if isinstance(self.web3.provider, EmbeddedProvider):
            self.web3.provider.close()

    @cached_property
    def development(self) -> bool:
        """Whether this is a development chain: its money is worth nothing and its time can be moved."""
        return self.network.embedded or self._client.startswith(_DEVELOPMENT_CLIENTS)

    @cached_property
    def genesis_hash(self) -> str:
        """The hash of block 0, 0x-hex: tells two chains with the same id apart."""
        with as_diln_errors():
            return self.web3.eth.get_block(0)["hash"].to_0x_hex()

    def head(self) -> Block:
        """The latest block."""
        return self._block("latest")

    def block_hash(self, number: int) -> bytes:
        """The hash of a block: another one later tells that the chain has dropped it."""
        with as_diln_errors():
            return bytes(self.web3.eth.get_block(number)["hash"])

    def time_of(self, number: int) -> Seconds:
        """When a block was made."""
        with as_diln_errors():
            return Seconds(int(self.web3.eth.get_block(number)["timestamp"]))

    def now(self) -> Seconds:
        """The chain's time: of the next block where real time goes on (development), else of the latest."""
        return self._block(self.present()).timestamp

    def present(self) -> str:
        """The block in which calls are tried.

        The latest, but on a development chain the one that would be mined now: where nobody sends, the latest
        may be days old. Ganache knows no such block, so it is made to mine one after two seconds without.
        """
        if not self.development:
            return "latest"
        if self._client.startswith("ganache"):
            ahead = int(self._request("evm_increaseTime", 0))
            if self.head().timestamp + 2 <= time.time() + ahead:
                self.mine()
        return "pending"

    def balance(self, address: Address) -> Wei:
        with as_diln_errors():
            return Wei(int(self.web3.eth.get_balance(address)))

    def code(self, address: Address) -> bytes:
        """The contract code at `address`, empty if there is none."""
        with as_diln_errors():
            return bytes(self.web3.eth.get_code(address))

    def contract(self, name: str, address: Address) -> Contract:
        """Bind the package's contract `name` at `address`."""
        return self.web3.eth.contract(address=address, abi=cast(Any, load_artifact(name).abi))

    def call(self, function: ContractFunction, *, sender: Address | None = None) -> Any:
        """What `function` returns now, without sending anything. Raises ContractReverted, NotDeployed."""
        transaction: Any = {"from": sender} if sender else {}
        with as_diln_errors(cast(Any, function.contract_abi)):
            return function.call(transaction, block_identifier=cast(Any, self.present()))

    def send(
        self,
        function: ContractFunction | ContractConstructor,
        sender: Account,
        *,
        value: int = 0,
        dry_run: bool = False,
        gas: int | None = None,
        before_send: Callable[[str], None] | None = None,
    ) -> Receipt:
        """Send a transaction and wait until it is mined and confirmed.

        `value` is in wei. `gas` is the limit; without one it is estimated. `dry_run` tries and estimates, and
        sends nothing. `before_send` gets the transaction's hash before anybody else has seen it: who writes
        it down there can ask `receipt` for it after a crash, instead of sending again. (It is called again,
        with another hash, should another program use up the nonce in between.)

        Raises ContractReverted, InsufficientFunds, NotDeployed, AccountError.
        """
        sending = Sending(self, function, sender, value, gas)
        return sending.try_out() if dry_run else sending.send(self._home / "locks", before_send)

    def receipt(self, tx_hash: str) -> Receipt | None:
        """What became of a transaction that was sent before: waits for it; None if the node never got it.

        Raises ContractReverted if it failed.
        """
        return resume(self, tx_hash)

    def events(
        self,
        event: ContractEvent,
        *,
        from_block: int = 0,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[EventData]:
        """The events of a contract from `from_block` to `to_block` (the latest), oldest first.

        `filters` maps an argument of the event to the value, or a list of the values, that it may have.
        """
        last = self.head().number if to_block is None else to_block
        return read_events(event, from_block, last, dict(filters or {}))

    def advance(self, seconds: int) -> None:
        """Let `seconds` pass and mine a block. Raises ChainError unless this is a development chain."""
        self._require_development()
        if seconds < 0:
            raise ChainError("time on a chain cannot go backwards", "Give a duration above zero.")
        self._request("evm_increaseTime", seconds)
        self.mine()

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks. Raises ChainError unless this is a development chain."""
        self._require_development()
        for _ in range(blocks):
            self._request("evm_mine")

    @cached_property
    def _client(self) -> str:
        with as_diln_errors():
            return self.web3.client_version.lower()

    def _block(self, at: str) -> Block:
        with as_diln_errors():
            block = self.web3.eth.get_block(cast(Any, at))
        return Block(int(block["number"]), Seconds(int(block["timestamp"])))

    def _require_development(self) -> None:
        if not self.development:
            raise ChainError(
                f"time and blocks of network `{self.network.name}` cannot be moved",
                "Only development chains (embedded, Anvil, Ganache, Hardhat) can.",
            )

    def _request(self, method: str, *params: Any) -> Any:
        with as_diln_errors():
            return self.web3.manager.request_blocking(RPCEndpoint(method), list(params))


def connect(settings: Settings) -> Chain:
    """Reach the chain that `settings` name.

    Raises NodeUnavailable if nobody answers, WrongChain if the node serves another chain than expected.
    """
    network = settings.network
    provider = EmbeddedProvider(settings.chain_file) if network.embedded else RetryingProvider(network)
    return Chain(network, provider, settings.home)
