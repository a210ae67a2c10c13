"""The world of agents on the real contracts, in an EVM in memory whose clock is the simulation's."""

from typing import Any, cast

from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.logs import DISCARD

from orchestrator.chain import load_artifact
from orchestrator.learning.onchain import OnChainModel
from orchestrator.sum.records import ETHER, GWEI, Contribution, Facts, Terms
from orchestrator.sum.simulation.world import Given, World

GAS = 16_700_000
_REFUSED = (ContractLogicError, TransactionFailed, Web3RPCError)


class ChainWorld(World):
    """A model created by the factory as `model` is; agents pay from what they funded it with.

    `starts` are their balances in units (a gwei each). The creator is nobody of them.
    """

    def __init__(self, model: OnChainModel, terms: Terms, starts: list[int]) -> None:
        self._tester = EthereumTester(PyEVMBackend())
        self._web3 = Web3(EthereumTesterProvider(self._tester))
        self._who = self._web3.eth.accounts
        self._terms = terms
        factory = self._deploy("SumFactory")
        name = f"{model.part}Stake"
        arguments = bytes.fromhex(ETHER[2:]) + GWEI.to_bytes(12, "big") + terms.pack().to_bytes(32, "big")
        create = factory.functions.create(
            self._deploy(name).address, bytes(32), arguments + model.arguments()
        )
        created = factory.events.Created().process_receipt(self._send(create, 0), errors=DISCARD)[0]
        self.contract = self._at(name, created["args"]["sum"])
        self.began = self._head()
        for agent, start in enumerate(starts):
            fund = self.contract.functions.fund(self._agent(agent), 0)
            self._send(fund, agent + 1, start * GWEI)
        self.now = self._head() + 1

    def price(self) -> int:
        self._travel()
        return int(self._call(self.contract.functions.price(1))) // GWEI

    def balance(self, agent: int) -> int:
        return int(self._call(self.contract.functions.account(self._agent(agent)))[0]) // GWEI

    def valid(self, agent: int) -> int:
        return int(self._call(self.contract.functions.account(self._agent(agent)))[1])

    def classify(self, x: bytes) -> int:
        return int(self._call(self.contract.functions.predict(x)))

    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Given | None:
        receipt = self._act(self.contract.functions.add(x, label, maximum * GWEI), agent)
        if receipt is None:
            return None
        event = self.contract.events.Added().process_receipt(receipt, errors=DISCARD)[0]["args"]
        contribution = Contribution(event["id"], Facts.unpack(event["facts"]), bytes(event["x"]))
        due = contribution.facts.due_at(self._terms)
        return Given(contribution.number, agent, x, label, due, contribution)

    def refund(self, agent: int, given: Given) -> bool:
        return self._claim("refund", agent, given)

    def report(self, agent: int, given: Given) -> int | None:
        moment = self.now
        return moment + self._terms.take_gap if self._claim("report", agent, given) else None

    def take(self, agent: int, given: Given) -> bool:
        return self._claim("take", agent, given)

    def sweep(self, agent: int, given: Given) -> bool:
        return self._claim("sweep", agent, given)

    def is_open(self, given: Given) -> bool:
        contribution = cast(Contribution, given.handle)
        digest, _, _ = self._call(self.contract.functions.record(contribution.slot))
        return bool(digest == contribution.digest)

    def words(self) -> list[int]:
        length = self._call(self.contract.functions.length())
        return list(self._call(self.contract.functions.words(0, length)))

    def wealth(self) -> int:
        """All wei that the contract holds."""
        return int(self._web3.eth.get_balance(self.contract.address))

    def _claim(self, verb: str, agent: int, given: Given) -> bool:
        contribution = cast(Contribution, given.handle)
        return self._act(self.contract.functions[verb](*contribution.claim), agent) is not None

    def _act(self, function: ContractFunction, agent: int) -> Any:
        """Send in a block of time `now`; None where the contract refuses."""
        self._travel()
        self.now += 1
        try:
            return self._send(function, agent + 1)
        except _REFUSED:
            return None

    def _travel(self) -> None:
        """Let the next block's time be `now`."""
        pending = self._tester.get_block_by_number("pending")["timestamp"]
        if self.now > pending:
            self._tester.time_travel(self.now)

    def _call(self, function: ContractFunction) -> Any:
        return function.call(block_identifier="pending")

    def _send(self, function: ContractFunction | ContractConstructor, account: int, value: int = 0) -> Any:
        transaction: Any = {"from": self._who[account], "value": value, "gas": GAS}
        receipt = self._web3.eth.get_transaction_receipt(function.transact(transaction))
        if receipt["status"] != 1:
            raise TransactionFailed("the contract refused")
        return receipt

    def _deploy(self, name: str) -> Contract:
        artifact = load_artifact(name)
        factory = self._web3.eth.contract(abi=cast(Any, artifact.abi), bytecode=artifact.bytecode)
        receipt = self._send(factory.constructor(), 0)
        return self._at(name, receipt["contractAddress"])

    def _at(self, name: str, address: Any) -> Contract:
        found: Contract = self._web3.eth.contract(address=address, abi=cast(Any, load_artifact(name).abi))
        return found

    def _agent(self, agent: int) -> Any:
        return self._who[agent + 1]

    def _head(self) -> int:
        return int(self._web3.eth.get_block("latest")["timestamp"])
