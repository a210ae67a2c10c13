"""What every contract of the factory has, whatever pays for data there: words, money, settings."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property

from orchestrator.bindings.market import PredictionMarket
from orchestrator.bindings.sum import Funded, Sum, Withdrawn
from orchestrator.chain import Chain, Receipt
from orchestrator.kernel.money import Currency, read_currency
from orchestrator.models.online.compositions import Composition
from orchestrator.models.online.weights import ModelParams
from orchestrator.types import Address

WORDS_AT_ONCE = 500
GWEI = 10**9
UNIT_DECIMALS = 9
"""Records count in 10^-9 of a coin, or in the smallest there is."""


def unit_of(currency: Currency) -> int:
    """What a model's records count in, in smallest units, unless its creator says otherwise."""
    return int(10 ** max(0, currency.decimals - UNIT_DECIMALS))


class Clone(ABC):
    """A clone of `composition` (see `factory.recognize`); `contract` is it as its ABI has it.

    Reading raises ChainError.
    """

    contract: Sum | PredictionMarket

    def __init__(self, composition: Composition, contract: Sum | PredictionMarket) -> None:
        self.composition = composition
        self.contract = contract

    @property
    def chain(self) -> Chain:
        return self.contract.chain

    @property
    def address(self) -> Address:
        return self.contract.address

    @property
    def creator(self) -> Address:
        return self.contract.creator

    @cached_property
    def money(self) -> Currency:
        """What is paid with."""
        return read_currency(self.chain, self.contract.money.token)

    @property
    def unit(self) -> int:
        """How much of the money's smallest unit a unit of the records is."""
        return self.contract.money.unit

    @cached_property
    def params(self) -> ModelParams:
        return ModelParams.unpack(self.contract.settings.shape)

    def predict_many(self, xs: Sequence[bytes]) -> list[int]:
        """The label of each sample. Raises ContractReverted (BadFeatures)."""
        return [self.contract.predict(x) for x in xs]

    def words(self) -> list[int]:
        """All the model's words, as they are now."""
        length, found = self.contract.length(), list[int]()
        for start in range(0, length, WORDS_AT_ONCE):
            found += self.contract.words(start, min(WORDS_AT_ONCE, length - start))
        return found

    def paid_in(self, receipt: Receipt) -> int:
        """What a transaction paid in, in wei or token units."""
        return sum(event.amount for event in self.contract.emitted(Funded, receipt))

    def paid_out(self, receipt: Receipt) -> int:
        """What a transaction paid out, in wei or token units."""
        return sum(event.amount for event in self.contract.emitted(Withdrawn, receipt))

    def funded(self, beneficiary: Address, payer: Address) -> Iterator[Funded]:
        """What `payer` has paid in for `beneficiary`."""
        return self.contract.events(Funded, beneficiary=beneficiary, payer=payer)

    @abstractmethod
    def balance(self, who: Address) -> int:
        """What `withdraw` would pay, in wei or token units."""

    @abstractmethod
    def count(self) -> int:
        """How many contributions there were."""
