"""One shared model's contract: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain import Chain, Receipt
from orchestrator.learning.onchain.words import Shape
from orchestrator.sum.records import Contribution, Facts, OpenRecord, Promise, Standing, Status, Terms
from orchestrator.types import Address, Seconds, Wei

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction

WORDS_AT_ONCE = 500
PREDICTIONS_AT_ONCE = 100


class SharedModel:
    """The model at `address`, a clone of the composition `composition` (see `Factory.recognize`).

    A builder (add, refund, …) sends nothing; give what it returns to `Chain.send`. Reading raises ChainError.
    """

    def __init__(self, chain: Chain, address: Address, composition: str, first_block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.composition = composition
        self.first_block = first_block

    @cached_property
    def contract(self) -> "Contract":
        return self.chain.contract(self.composition, self.address)

    # -- what never changes ---------------------------------------------------------------------------------

    @cached_property
    def creator(self) -> Address:
        found: Address = self._read("creator")
        return found

    @cached_property
    def money(self) -> tuple[Address, int]:
        """The token (zero for ether), and how much of its smallest unit a unit of the records is."""
        token, unit = self._read("money")
        return token, int(unit)

    @property
    def unit(self) -> int:
        return self.money[1]

    @cached_property
    def terms(self) -> Terms:
        return Terms.unpack(self._read("settings")[0])

    @cached_property
    def shape(self) -> Shape:
        return Shape.unpack(self._read("settings")[1])

    # -- reading --------------------------------------------------------------------------------------------

    def price(self, n: int = 1) -> Wei:
        """What each of `n` samples added together must deposit now."""
        return Wei(self._read("price", n))

    def predict(self, x: bytes) -> int:
        """The label of `x`. Raises ContractReverted (BadFeatures)."""
        return int(self._read("predict", x))

    def predict_many(self, xs: Sequence[bytes]) -> list[int]:
        """The label of each sample."""
        labels: list[int] = []
        for start in range(0, len(xs), PREDICTIONS_AT_ONCE):
            labels += self._read("predictBatch", list(xs[start : start + PREDICTIONS_AT_ONCE]))
        return labels

    def standing(self, who: Address) -> Standing:
        balance, valid, nonce, points = self._read("account", who)
        return Standing(Wei(balance), valid, nonce, points)

    def status(self) -> Status:
        count, priced_at, valid = self._read("status")
        return Status(count, Seconds(priced_at), valid)

    def open_record(self, contribution: Contribution) -> OpenRecord | None:
        """What is left of its deposit; None if it is settled."""
        digest, left, unpromised = self._read("record", contribution.slot)
        return OpenRecord(left, unpromised) if digest == contribution.digest else None

    def promise(self, contribution: Contribution, reporter: Address) -> Promise | None:
        """What `reporter` was promised of its deposit and has not taken; None if nothing."""
        amount, available = self._read("reportOf", contribution.id, reporter)
        return Promise(Wei(amount), Seconds(available)) if amount else None

    def due_at(self, contribution: Contribution) -> Seconds:
        """When it may be refunded or reported."""
        return contribution.facts.due_at(self.terms)

    def words(self) -> list[int]:
        """All the model's words, as they are now."""
        length, found = self._read("length"), []
        for start in range(0, length, WORDS_AT_ONCE):
            found += self._read("words", start, min(WORDS_AT_ONCE, length - start))
        return found

    def contributions(
        self, contributor: Address | None = None, to_block: int | None = None
    ) -> Iterator[Contribution]:
        """All contributions in their order, or those of one contributor."""
        event = self.contract.events["Added"]()
        for found in self.chain.events(event, from_block=self.first_block, to_block=to_block):
            contribution = _contribution(found)
            if contributor in (None, contribution.facts.contributor):
                yield contribution

    def added(self, receipt: Receipt) -> list[Contribution]:
        """The contributions that a transaction made."""
        return [_contribution(event) for event in self._events_of("Added", receipt)]

    def amounts(self, name: str, receipt: Receipt) -> int:
        """The sum of `amount` over the events `name` of a transaction, in wei or token units."""
        return sum(event["args"]["amount"] for event in self._events_of(name, receipt))

    def events(self, name: str) -> Iterator[Any]:
        """The events `name` of this model, oldest first."""
        return self.chain.events(self.contract.events[name](), from_block=self.first_block)

    # -- writing --------------------------------------------------------------------------------------------

    def add(self, x: bytes, label: int, maximum: Wei) -> "ContractFunction":
        return self._write("add", x, label, maximum)

    def add_batch(self, xs: Sequence[bytes], labels: Sequence[int], maximum: Wei) -> "ContractFunction":
        """`maximum` is for each sample."""
        return self._write("addBatch", list(xs), bytes(labels), maximum)

    def refund(self, contribution: Contribution) -> "ContractFunction":
        return self._write("refund", *contribution.claim)

    def report(self, contribution: Contribution) -> "ContractFunction":
        return self._write("report", *contribution.claim)

    def take(self, contribution: Contribution) -> "ContractFunction":
        return self._write("take", *contribution.claim)

    def sweep(self, contribution: Contribution) -> "ContractFunction":
        return self._write("sweep", *contribution.claim)

    def fund(self, beneficiary: Address, amount: Wei) -> "ContractFunction":
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


def _contribution(found: Any) -> Contribution:
    args = found["args"]
    return Contribution(
        id=args["id"],
        facts=Facts.unpack(args["facts"]),
        x=bytes(args["x"]),
        block=int(found["blockNumber"]),
        transaction=found["transactionHash"].to_0x_hex(),
    )
