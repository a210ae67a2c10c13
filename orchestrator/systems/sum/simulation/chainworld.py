"""The world of agents on the real contracts, in an embedded chain whose clock is the simulation's."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from web3.contract.contract import ContractConstructor

from orchestrator.bindings.sum import Added, Committed, Created, Sum, SumFactory
from orchestrator.chain import Account, Accounts, load_artifact
from orchestrator.chain.connection import Chain
from orchestrator.chain.development import NAMES
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.config import load_settings
from orchestrator.errors import SpecError
from orchestrator.models.online.clone import GWEI
from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.sum.records import Contribution, ContributionInfo, OpenRecord, Terms
from orchestrator.systems.sum.simulation.world import Learned, Sealed, World
from orchestrator.types import ZERO_ADDRESS, Address

if TYPE_CHECKING:
    from orchestrator.chain import Receipt
    from orchestrator.chain.bound import Call

GAS = 16_700_000
DEPLOYING = 60  # seconds before the beginning
FEE = 10**12  # wei for each gas, at most: the chain is its own


class ChainWorld(World):
    """A model created by the factory as `model` is; agents pay from what they funded it with.

    `starts` are their balances in units (a gwei each), `began` when it all begins. The creator is
    nobody of them. Raises SpecError for more agents than the chain has accounts. Close it in the end.
    """

    def __init__(
        self, model: OnChainModel, terms: Terms, starts: list[int], began: int, game: bool = False
    ) -> None:
        if len(starts) >= len(NAMES):
            raise SpecError(
                f"{len(starts)} agents are too many for the chain",
                f"Take {len(NAMES) - 1} at most, or references.",
            )
        self.now = began - DEPLOYING
        self._folder = tempfile.TemporaryDirectory(prefix="diln-simulation-")
        settings = load_settings(network="embedded", home=Path(self._folder.name), environ={})
        self._provider = EmbeddedProvider(settings.chain_file, clock=lambda: self.now)
        self._chain = Chain(settings.network, self._provider, settings.home)
        accounts = Accounts(settings)
        self._who: list[Account] = [accounts.get(name) for name in NAMES]
        self._nonces = dict.fromkeys((each.address for each in self._who), 0)
        self._terms = terms
        self._salts = 0
        self.contract = self._create(model, terms, "Game" if game else "Stake")
        for agent, start in enumerate(starts):
            fund = self.contract.fund(self._agent(agent), start * GWEI)
            self._send(fund, self._who[agent + 1], start * GWEI)
            self.now += 1

    def close(self) -> None:
        self._provider.close()
        self._folder.cleanup()

    def _create(self, model: OnChainModel, terms: Terms, incentive: str) -> Sum:
        creator = self._who[0]
        factory = SumFactory(self._chain, self._deploy("SumFactory", creator))
        money = bytes.fromhex(ZERO_ADDRESS[2:]) + GWEI.to_bytes(12, "big") + terms.pack().to_bytes(32, "big")
        implementation = self._deploy(f"{model.part}{incentive}", creator)
        create = factory.create(implementation, bytes(32), money + model.arguments())
        self.now += DEPLOYING
        receipt = self._send(create, creator)
        self.now += 1
        [created] = factory.emitted(Created, receipt)
        return Sum(self._chain, created.instance)

    def price(self) -> int:
        return self.contract.price(1) // GWEI

    def balance(self, agent: int) -> int:
        return self.contract.account(self._agent(agent)).balance // GWEI

    def valid(self, agent: int) -> int:
        return self.contract.account(self._agent(agent)).valid

    def points(self, agent: int) -> int:
        return self.contract.account(self._agent(agent)).points

    def classify(self, x: bytes) -> int:
        return self.contract.predict(x)

    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Learned | None:
        receipt = self._act(self.contract.add(x, label, maximum * GWEI), agent)
        return self._given(agent, receipt)

    def seal(self, agent: int, x: bytes, label: int, maximum: int) -> Sealed | None:
        self._salts += 1
        salt = self._salts.to_bytes(32, "big")
        sealed = self.contract.commitment_of(self._agent(agent), x, label, salt)
        receipt = self._act(self.contract.commit(sealed, maximum * GWEI), agent)
        if receipt is None:
            return None
        [event] = self.contract.emitted(Committed, receipt)
        return Sealed(agent, x, label, event.deposit, salt)

    def reveal(self, sealed: Sealed, maximum: int) -> Learned | None:
        salt = cast(bytes, sealed.handle)
        call = self.contract.reveal(sealed.x, sealed.label, salt, maximum * GWEI)
        return self._given(sealed.agent, self._act(call, sealed.agent))

    def _given(self, agent: int, receipt: "Receipt") -> Learned | None:
        if receipt is None:
            return None
        [event] = self.contract.emitted(Added, receipt)
        contribution = Contribution(event.id, ContributionInfo.unpack(event.facts), event.x)
        facts = contribution.facts
        due, number = facts.due_at(self._terms), contribution.number
        return Learned(number, agent, contribution.x, facts.label, due, facts.surprise, contribution)

    def refund(self, agent: int, given: Learned) -> bool:
        return self._claim(self.contract.refund, agent, given)

    def report(self, agent: int, given: Learned) -> bool:
        return self._claim(self.contract.report, agent, given)

    def take(self, agent: int, given: Learned) -> bool:
        return self._claim(self.contract.take, agent, given)

    def sweep(self, agent: int, given: Learned) -> bool:
        return self._claim(self.contract.sweep, agent, given)

    def record(self, given: Learned) -> OpenRecord | None:
        contribution = cast(Contribution, given.handle)
        found = self.contract.record(contribution.slot)
        if found.digest != contribution.digest:
            return None
        return OpenRecord(found.left, found.look >> 1, bool(found.look & 1))

    def words(self) -> list[int]:
        return self.contract.words(0, self.contract.length())

    def _claim(self, build: Callable[[int, int, bytes], "Call"], agent: int, given: Learned) -> bool:
        contribution = cast(Contribution, given.handle)
        return self._act(build(*contribution.claim), agent) is not None

    def _act(self, function: "Call", agent: int) -> Any:
        """Send in a block of time `now`; None where the contract refuses."""
        receipt = self._send(function, self._who[agent + 1])
        self.now += 1
        return receipt if receipt["status"] == 1 else None

    def _send(self, function: "Call | ContractConstructor", sender: Account, value: int = 0) -> Any:
        """The receipt, whatever it says."""
        nonce = self._nonces[sender.address]
        self._nonces[sender.address] = nonce + 1
        fees = {"gas": GAS, "maxFeePerGas": FEE, "maxPriorityFeePerGas": 0}
        wanted = {"from": sender.address, "value": value, "nonce": nonce, "chainId": self._chain.chain_id}
        built = dict(function.build_transaction(cast(Any, {**wanted, **fees})))
        del built["from"]
        if not built.get("to"):
            built.pop("to", None)
        sent = self._chain.web3.eth.send_raw_transaction(sender.sign_transaction(built))
        return self._chain.web3.eth.get_transaction_receipt(sent)

    def _deploy(self, name: str, sender: Account) -> Address:
        artifact = load_artifact(name)
        factory = self._chain.web3.eth.contract(abi=cast(Any, artifact.abi), bytecode=artifact.bytecode)
        address: Address = self._send(factory.constructor(), sender)["contractAddress"]
        return address

    def _agent(self, agent: int) -> Any:
        return self._who[agent + 1].address
