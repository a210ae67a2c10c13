"""One shared model's contract: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain import Chain, Receipt
from orchestrator.learning.onchain.words import Shape
from orchestrator.sum.money import Money, read_money
from orchestrator.sum.records import Contribution, Facts, Standing, Status, Terms
from orchestrator.types import Address, Digest, Seconds, Wei

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
    def money(self) -> Money:
        """What deposits are paid with."""
        return read_money(self.chain, self._read("money")[0])

    @cached_property
    def unit(self) -> int:
        """How much of the money's smallest unit a unit of the records is."""
        return int(self._read("money")[1])

    @property
    def game(self) -> bool:
        """Whether it gives points, levels and badges."""
        return self.composition.endswith("Game")

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
        self, from_block: int | None = None, to_block: int | None = None
    ) -> Iterator[Contribution]:
        """All contributions in their order."""
        return map(_contribution, self.events("Added", from_block, to_block))

    def added(self, receipt: Receipt) -> list[Contribution]:
        """The contributions that a transaction made."""
        return [_contribution(event) for event in self._events_of("Added", receipt)]

    def amounts(self, name: str, receipt: Receipt) -> int:
        """The sum of `amount` over the events `name` of a transaction, in wei or token units."""
        return sum(event["args"]["amount"] for event in self._events_of(name, receipt))

    def events(
        self,
        name: str,
        from_block: int | None = None,
        to_block: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[Any]:
        """The events `name` of this model, oldest first."""
        first = self.first_block if from_block is None else from_block
        event = self.contract.events[name]()
        return self.chain.events(event, from_block=first, to_block=to_block, filters=filters)

    def funded(self, beneficiary: Address, payer: Address) -> Iterator[Any]:
        """What `payer` has paid in for `beneficiary`."""
        return self.events("Funded", filters={"beneficiary": beneficiary, "payer": payer})

    # -- writing --------------------------------------------------------------------------------------------

    def add(self, x: bytes, label: int, maximum: Wei) -> "ContractFunction":
        return self._write("add", x, label, maximum)

    def add_batch(self, xs: Sequence[bytes], labels: Sequence[int], maximum: Wei) -> "ContractFunction":
        """`maximum` is for each sample."""
        return self._write("addBatch", list(xs), bytes(labels), maximum)

    def add_for(
        self,
        contributor: Address,
        xs: Sequence[bytes],
        labels: Sequence[int],
        maximum: Wei,
        deadline: Seconds,
        signature: bytes,
    ) -> "ContractFunction":
        """Samples that `contributor` signed."""
        return self._write("addFor", contributor, list(xs), bytes(labels), maximum, deadline, signature)

    def commit(self, commitment: Digest, maximum: Wei) -> "ContractFunction":
        return self._write("commit", commitment, maximum)

    def reveal(self, x: bytes, label: int, salt: bytes) -> "ContractFunction":
        return self._write("reveal", x, label, salt)

    def release(self, contributor: Address, commitment: Digest) -> "ContractFunction":
        return self._write("release", contributor, commitment)

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
