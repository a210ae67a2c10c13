"""A shared model in tests: created by the factory, beside its Python reference."""

from dataclasses import dataclass, field
from typing import Any

from web3.contract import Contract

from orchestrator.models.online.references import OnChainModel
from tests.evm import Evm

GWEI = 10**9
ANY = 10**18  # a maximum that never binds
DAY = 86_400
HOUR = 3_600
ETHER = "0x" + "00" * 20


@dataclass(frozen=True)
class Terms:
    """The terms of deposit, refund, take (contracts/sum/incentives/Terms.sol)."""

    cost_weight: int = 1_000
    refund_wait: int = 7 * DAY
    take_gap: int = DAY
    creator_wait: int = 14 * DAY
    any_wait: int = 28 * DAY

    def pack(self) -> int:
        waits = (self.refund_wait, self.take_gap, self.creator_wait, self.any_wait)
        return self.cost_weight | sum(wait << 48 + 32 * i for i, wait in enumerate(waits))


FREE = Terms(cost_weight=0)


@dataclass(frozen=True)
class Facts:
    """A contribution's facts (contracts/sum/Facts.sol)."""

    word: int

    @property
    def deposit(self) -> int:
        return self.word >> 48 & 0xFFFFFFFFFFFF

    @property
    def time(self) -> int:
        return self.word >> 16 & 0xFFFFFFFF

    @property
    def label(self) -> int:
        return self.word >> 8 & 0xFF

    @property
    def surprise(self) -> bool:
        return bool(self.word & 0x80)

    @property
    def sealed(self) -> bool:
        return bool(self.word & 0x40)

    @property
    def certainty(self) -> int:
        return self.word & 0x3F


def arguments(model: OnChainModel, terms: Terms, token: str = ETHER, unit: int = GWEI) -> bytes:
    """What SumFactory.create takes."""
    money = bytes.fromhex(token[2:]) + unit.to_bytes(12, "big")
    return money + terms.pack().to_bytes(32, "big") + model.arguments()


@dataclass(frozen=True)
class Contribution:
    """What a claim needs: taken from the event."""

    id: int
    facts: int
    x: bytes

    @property
    def claim(self) -> tuple[int, int, bytes]:
        return self.id, self.facts, self.x

    @property
    def slot(self) -> int:
        return self.id & 0xFFFFFFFF


@dataclass
class System:
    """A clone (`sum`), its reference (`reference`) and what creating it cost (`gas`)."""

    evm: Evm
    sum: Contract
    reference: OnChainModel
    gas: int
    salts: int = 0

    @property
    def do(self) -> Any:
        return self.sum.functions

    def added(self, receipt: Any) -> list[Contribution]:
        events = self.evm.events(self.sum, "Added", receipt)
        return [Contribution(event["id"], event["facts"], event["x"]) for event in events]

    def price(self, n: int = 1) -> int:
        """The deposit of each of `n` samples in the next block."""
        return self.do.price(n).call(block_identifier="pending")

    def add(self, x: bytes, y: int, sender: str = "contributor") -> Contribution:
        """Add a sample for exactly its deposit."""
        receipt = self.evm.send(self.do.add(x, y, ANY), sender, self.price())
        return self.added(receipt)[0]

    def seal(self, x: bytes, y: int, sender: str = "contributor") -> Contribution:
        """Commit to a sample and reveal it in the next block."""
        self.salts += 1
        salt = self.salts.to_bytes(32, "big")
        sealed = self.do.commitmentOf(self.evm.role(sender), x, y, salt).call()
        self.evm.send(self.do.commit(sealed, ANY), sender, self.price())
        receipt = self.evm.send(self.do.reveal(x, y, salt, ANY), sender)
        return self.added(receipt)[0]

    def add_batch(self, xs: list[bytes], ys: list[int], sender: str = "contributor") -> list[Contribution]:
        value = self.price(len(xs)) * len(xs)
        return self.added(self.evm.send(self.do.addBatch(xs, bytes(ys), ANY), sender, value))

    def claim(self, verb: str, contribution: Contribution, sender: str = "contributor") -> Any:
        """Send refund, report, take or sweep."""
        return self.evm.send(self.sum.functions[verb](*contribution.claim), sender)

    def due(self, contribution: Contribution) -> None:
        """Let time pass until the contribution is due."""
        self.evm.advance(max(0, self.do.dueAt(contribution.facts).call() - self.evm.now) + 1)

    def words(self) -> list[int]:
        return self.do.words(0, self.do.length().call()).call()

    def balance(self, role: str) -> int:
        return self.account(role)[0]

    def account(self, role: str) -> tuple[int, int, int, int]:
        """Balance, valid contributions, nonce, points."""
        return tuple(self.do.account(self.evm.role(role)).call())


@dataclass
class Workshop:
    """A chain with the factory and the compositions that were asked for."""

    evm: Evm = field(default_factory=Evm)
    deployed: dict[str, Contract] = field(default_factory=dict)

    def deploy(self, name: str) -> Contract:
        if name not in self.deployed:
            self.deployed[name] = self.evm.deploy(name)
        return self.deployed[name]

    def create(
        self,
        model: OnChainModel,
        terms: Terms = FREE,
        composition: str | None = None,
        token: str = ETHER,
        unit: int = GWEI,
        creator: str = "creator",
    ) -> System:
        """A clone of a composition (the model's with self-assessment unless told), starting as `model` is."""
        name = composition or model.part + "Stake"
        factory, implementation = self.deploy("SumFactory"), self.deploy(name)
        salt = self.evm.web3.eth.block_number.to_bytes(32, "big")
        args = arguments(model, terms, token, unit)
        call = factory.functions.create(implementation.address, salt, args)
        receipt = self.evm.send(call, creator)
        created = self.evm.events(factory, "Created", receipt)[0]
        return System(self.evm, self.evm.at(name, created["instance"]), model, receipt["gasUsed"])
