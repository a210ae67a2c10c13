"""An EVM for contract tests: eth-tester on its default (Prague) rules, with named roles."""

import ast
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.abi import function_abi_to_4byte_selector
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.logs import DISCARD
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.chain.compiler import ARTIFACTS
from orchestrator.chain.embedded.opcodes import QuickVM
from orchestrator.chain.embedded.stack import with_room

MOCKS = Path(__file__).parent / "contracts" / "mocks" / "artifacts"
Call = ContractFunction | ContractConstructor
EVERYTHING = 2**256 - 1  # what `withdraw` takes for the whole balance
forgotten = 0
"""Grows when what views have returned no longer counts, since the same code does something else."""


@cache
def artifact(name: str) -> dict[str, Any]:
    """The compiled contract `name`, from the package or from the tests' mocks."""
    for folder in (ARTIFACTS, MOCKS):
        path = folder / f"{name}.json"
        if path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))
    raise FileNotFoundError(f"{name} is not compiled: run `python -m tests.evm`")


class Reverted(Exception):
    """A call that a contract refused: `error` is its custom error's name, `args` that error's arguments."""

    def __init__(self, error: str, values: tuple[Any, ...] = ()) -> None:
        super().__init__(error, *values)
        self.error = error
        self.values = values


class Provider(EthereumTesterProvider):
    """eth-tester, with room for py-evm's loop."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return with_room(super().make_request, method, params)


class Backend(PyEVMBackend):  # type: ignore[misc] - eth-tester is not typed
    """py-evm with the package's quick opcodes: they do and cost the same, in half of the time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "vm_configuration": ((0, QuickVM),)})


@dataclass
class Evm:
    """A fresh chain. Roles are handed out by name, each a funded account of its own."""

    tester: EthereumTester = field(default_factory=lambda: EthereumTester(Backend()))
    roles: dict[str, str] = field(default_factory=dict)
    _told: tuple[Any, int, dict[Any, Any]] = (None, 0, {})
    """The header in which calls are tried, `forgotten`, and what each returned there: most are repeats."""

    def __post_init__(self) -> None:
        self.web3 = Web3(Provider(self.tester))
        self.accounts = self.web3.eth.accounts
        self.web3.eth.default_account = self.accounts[0]  # or each view would ask for all accounts first

    def role(self, name: str) -> str:
        """The address of the account that plays `name` (the same at each call)."""
        if name not in self.roles:
            self.roles[name] = self.accounts[len(self.roles)]
        return self.roles[name]

    def key(self, name: str) -> bytes:
        """The private key of the account that plays `name`."""
        index = self.accounts.index(self.role(name))
        return self.tester.backend.account_keys[index].to_bytes()

    def deploy(self, name: str, *args: Any, sender: str = "deployer", value: int = 0) -> Contract:
        """Deploy the contract `name` and bind it."""
        compiled = artifact(name)
        factory = self.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        receipt = self.send(factory.constructor(*args), sender, value)
        return self.at(name, receipt["contractAddress"])

    def at(self, name: str, address: str) -> Contract:
        """Bind the contract `name` at `address`."""
        return self.web3.eth.contract(address=address, abi=artifact(name)["abi"])

    def send(self, call: Call, sender: str = "deployer", value: int = 0, gas: int = 16_700_000) -> Any:
        """Send a transaction from the role `sender` and return its receipt; raises Reverted."""
        try:
            tx_hash = call.transact({"from": self.role(sender), "value": value, "gas": gas})
        except (ContractLogicError, TransactionFailed, Web3RPCError) as error:
            raise _decoded(call, error) from error
        receipt = self.web3.eth.get_transaction_receipt(tx_hash)
        if receipt["status"] != 1:
            self.call(call, sender, value)  # raises the reason
            raise Reverted("out of gas")
        return receipt

    def call(self, call: ContractFunction, sender: str = "deployer", value: int = 0) -> Any:
        """Ask a view function, or try a transaction without sending it; raises Reverted."""
        header = self.tester.backend.chain.header  # another one after whatever changes the chain
        if self._told[0] is not header or self._told[1] != forgotten:
            self._told = header, forgotten, {}
        question = (call.address, call.abi_element_identifier, repr((call.args, call.kwargs)), sender, value)
        if question not in self._told[2]:
            try:
                found = call.call({"from": self.role(sender), "value": value, "gas": 100_000_000})
            except (ContractLogicError, TransactionFailed, Web3RPCError) as error:
                raise _decoded(call, error) from error
            self._told[2][question] = found
        return self._told[2][question]

    def events(self, contract: Contract, name: str, receipt: Any) -> list[dict[str, Any]]:
        """The arguments of each event `name` that `contract` emitted in `receipt`."""
        found = contract.events[name]().process_receipt(receipt, errors=DISCARD)
        return [dict(event["args"]) for event in found if event["address"] == contract.address]

    @property
    def now(self) -> int:
        """The timestamp of the latest block."""
        return self.web3.eth.get_block("latest")["timestamp"]

    def advance(self, seconds: int) -> None:
        """Let `seconds` pass; the next block is at least that much later."""
        self.tester.time_travel(self.now + seconds)

    def snapshot(self) -> Any:
        return self.tester.take_snapshot()

    def revert(self, snapshot: Any) -> None:
        self.tester.revert_to_snapshot(snapshot)


def _decoded(call: Call, error: Exception) -> Reverted:
    shown = str(error.args[0]).removeprefix("execution reverted: ")
    if not shown.startswith(("b'", 'b"')):  # eth-tester shows revert data as a bytes literal
        return Reverted(shown)
    data = ast.literal_eval(shown).hex()
    for entry in call.contract_abi:
        if entry["type"] == "error" and error_selector(entry) == data[:8]:
            types = [argument["type"] for argument in entry["inputs"]]
            return Reverted(entry["name"], Web3().codec.decode(types, bytes.fromhex(data[8:])))
    return Reverted(shown)


def error_selector(entry: Any) -> str:
    """The first four bytes of a custom error's hash, as hex."""
    return function_abi_to_4byte_selector({**entry, "type": "function"}).hex()


def compile_mocks() -> None:
    """Recompile the contracts and the tests' mocks (needs `npm ci`)."""
    from orchestrator.chain.binding import write_bindings
    from orchestrator.chain.compiler import compile_sources, write_artifacts
    from orchestrator.chain.migrations import write_addresses
    from orchestrator.config import load_settings

    root = Path(__file__).parent.parent
    config = load_settings(folder=root).compiler
    write_artifacts(compile_sources(root, config))
    write_addresses()
    write_bindings(root)
    mocks = "tests/contracts/mocks"
    if any((root / mocks).glob("*.sol")):
        write_artifacts(compile_sources(root, config, folders=[mocks]), MOCKS)


if __name__ == "__main__":
    compile_mocks()
