"""What every contract of the factory has, whatever pays for data there: words, money, settings, events."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain import Chain, Receipt
from orchestrator.learning.onchain.words import Shape
from orchestrator.sum.money import Money, read_money
from orchestrator.types import Address

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction

WORDS_AT_ONCE = 500


class Clone(ABC):
    """The contract at `address`, a clone of the composition `composition` (see `factory.recognize`).

    What builds a call sends nothing; give it to `Chain.send`. Reading raises ChainError.
    """

    def __init__(self, chain: Chain, address: Address, composition: str, first_block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.composition = composition
        self.first_block = first_block

    @cached_property
    def contract(self) -> "Contract":
        return self.chain.contract(self.composition, self.address)

    @cached_property
    def creator(self) -> Address:
        found: Address = self._read("creator")
        return found

    @cached_property
    def money(self) -> Money:
        """What is paid with."""
        return read_money(self.chain, self._read("money")[0])

    @cached_property
    def unit(self) -> int:
        """How much of the money's smallest unit a unit of the records is."""
        return int(self._read("money")[1])

    @cached_property
    def settings(self) -> tuple[int, int]:
        """What it was created with: the incentive mechanism's word and the model's."""
        incentive, shape = self._read("settings")
        return int(incentive), int(shape)

    @cached_property
    def shape(self) -> Shape:
        return Shape.unpack(self.settings[1])

    def predict(self, x: bytes) -> int:
        """The label of `x`. Raises ContractReverted (BadFeatures)."""
        return int(self._read("predict", x))

    def predict_many(self, xs: Sequence[bytes]) -> list[int]:
        """The label of each sample."""
        return [self.predict(x) for x in xs]

    def words(self) -> list[int]:
        """All the model's words, as they are now."""
        length, found = self._read("length"), []
        for start in range(0, length, WORDS_AT_ONCE):
            found += self._read("words", start, min(WORDS_AT_ONCE, length - start))
        return found

    def amounts(self, name: str, receipt: Receipt) -> int:
        """The sum of `amount` over the events `name` of a transaction, in wei or token units."""
        return sum(event["args"]["amount"] for event in self._events_of(name, receipt))

    def happened(self, name: str, receipt: Receipt) -> bool:
        """Whether an event `name` is in a transaction."""
        return any(True for _ in self._events_of(name, receipt))

    def events(
        self,
        name: str,
        from_block: int | None = None,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[Any]:
        """The events `name`, oldest first."""
        first = self.first_block if from_block is None else from_block
        event = self.contract.events[name]()
        return self.chain.events(event, from_block=first, to_block=to_block, filters=filters)

    def funded(self, beneficiary: Address, payer: Address) -> Iterator[Any]:
        """What `payer` has paid in for `beneficiary`."""
        return self.events("Funded", filters={"beneficiary": beneficiary, "payer": payer})

    @abstractmethod
    def balance(self, who: Address) -> int:
        """What `withdraw` would pay, in wei or token units."""

    @abstractmethod
    def count(self) -> int:
        """How many contributions there were."""

    def fund(self, beneficiary: Address, amount: int) -> "ContractFunction":
        """Ether is sent as the transaction's value."""
        return self._write("fund", beneficiary, amount)

    def withdraw(self, to: Address) -> "ContractFunction":
        return self._write("withdraw", to)

    def _events_of(self, name: str, receipt: Receipt) -> Iterator[Any]:
        event = self.contract.events[name]()
        for log in receipt.logs:
            if log["address"] == self.address and log["topics"][0].to_0x_hex() == event.topic:
                yield event.process_log(log)

    def _read(self, function: str, *args: Any) -> Any:
        return self.chain.call(self.contract.functions[function](*args))

    def _write(self, function: str, *args: Any) -> "ContractFunction":
        built: ContractFunction = self.contract.functions[function](*args)
        return built
