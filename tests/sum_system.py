"""A shared model in tests: created by the factory, beside its Python twin."""

from dataclasses import dataclass
from typing import Any

from web3.contract import Contract

from orchestrator.learning.onchain import OnChainModel
from tests.evm import Evm

GWEI = 10**9
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


def arguments(model: OnChainModel, terms: Terms, token: str = ETHER, unit: int = GWEI) -> bytes:
    """What SumFactory.create takes."""
    money = bytes.fromhex(token[2:]) + unit.to_bytes(12, "big")
    return money + terms.pack().to_bytes(32, "big") + model.arguments()


@dataclass
class System:
    """A clone (`sum`), its twin (`twin`) and what creating it cost (`gas`)."""

    evm: Evm
    sum: Contract
    twin: OnChainModel
    gas: int

    def added(self, receipt: Any) -> list[dict[str, Any]]:
        return self.evm.events(self.sum, "Added", receipt)

    def price(self, n: int = 1) -> int:
        return self.sum.functions.price(n).call()

    def add(self, x: bytes, y: int, sender: str = "contributor", value: int | None = None) -> Any:
        """Add a sample at a maximum of an ether, paying `value` (the deposit that is due unless told)."""
        call = self.sum.functions.add(x, y, 10**18)
        return self.evm.send(call, sender, self.price_next() if value is None else value)

    def price_next(self, n: int = 1) -> int:
        """The deposit in the next block, a second after the latest."""
        pending = self.evm.web3.eth.get_block("pending")["timestamp"]
        return self.sum.functions.price(n).call(block_identifier="pending") if pending else 0

    def contribute(self, x: bytes, y: int, sender: str = "contributor") -> dict[str, Any]:
        """Add a sample and return its event."""
        return self.added(self.add(x, y, sender))[0]

    def words(self) -> list[int]:
        length = self.sum.functions.length().call()
        return self.sum.functions.words(0, length).call()

    def account(self, role: str) -> tuple[int, int, int, int]:
        """Balance, valid contributions, nonce, points."""
        return tuple(self.sum.functions.account(self.evm.role(role)).call())


def create(
    evm: Evm,
    model: OnChainModel,
    terms: Terms = FREE,
    incentive: str = "Stake",
    token: str = ETHER,
    unit: int = GWEI,
    implementation: str | None = None,
) -> System:
    """Deploy the composition of `model` and `incentive`, a factory, and a clone that `creator` owns."""
    name = implementation or model.part + incentive
    composition = evm.deploy(name)
    factory = evm.deploy("SumFactory")
    args = arguments(model, terms, token, unit)
    receipt = evm.send(factory.functions.create(composition.address, bytes(32), args), "creator")
    created = evm.events(factory, "Created", receipt)[0]
    return System(evm, evm.at(name, created["sum"]), model, receipt["gasUsed"])
