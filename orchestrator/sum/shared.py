"""One shared model's contract: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain import Receipt
from orchestrator.sum.clone import Clone
from orchestrator.sum.records import Contribution, Facts, Standing, Status, Terms
from orchestrator.types import Address, Digest, Seconds, Wei

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

PREDICTIONS_AT_ONCE = 100


class SharedModel(Clone):
    """The model at `address`, a clone of the composition `composition` (see `Factory.recognize`).

    A builder (add, refund, …) sends nothing; give what it returns to `Chain.send`. Reading raises ChainError.
    """

    @property
    def game(self) -> bool:
        """Whether it gives points, levels and badges."""
        return self.composition.endswith("Game")

    @cached_property
    def terms(self) -> Terms:
        return Terms.unpack(self.settings[0])

    # -- reading --------------------------------------------------------------------------------------------

    def price(self, n: int = 1) -> Wei:
        """What each of `n` samples added together must deposit now."""
        return Wei(self._read("price", n))

    def predict_many(self, xs: Sequence[bytes]) -> list[int]:
        """The label of each sample."""
        labels: list[int] = []
        for start in range(0, len(xs), PREDICTIONS_AT_ONCE):
            labels += self._read("predictBatch", list(xs[start : start + PREDICTIONS_AT_ONCE]))
        return labels

    def standing(self, who: Address) -> Standing:
        balance, valid, nonce, points = self._read("account", who)
        return Standing(Wei(balance), valid, nonce, points)

    def balance(self, who: Address) -> int:
        """What `withdraw` would pay, in wei or token units."""
        return self.standing(who).balance

    def count(self) -> int:
        """How many contributions there were."""
        return self.status().count

    def status(self) -> Status:
        count, priced_at, valid = self._read("status")
        return Status(count, Seconds(priced_at), valid)

    def due_at(self, contribution: Contribution) -> Seconds:
        """When it may be refunded or reported."""
        return contribution.facts.due_at(self.terms)

    def contributions(
        self, from_block: int | None = None, to_block: int | None = None
    ) -> Iterator[Contribution]:
        """All contributions in their order."""
        return map(_contribution, self.events("Added", from_block, to_block))

    def added(self, receipt: Receipt) -> list[Contribution]:
        """The contributions that a transaction made."""
        return [_contribution(event) for event in self._events_of("Added", receipt)]

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
        pay: bool = False,
    ) -> "ContractFunction":
        """Samples that `contributor` signed. `pay`: a token that lacks comes from the sender's approval."""
        values = (contributor, list(xs), bytes(labels), maximum, deadline, signature, pay)
        return self._write("addFor", *values)

    def commit(self, commitment: Digest, maximum: Wei) -> "ContractFunction":
        return self._write("commit", commitment, maximum)

    def reveal(self, x: bytes, label: int, salt: bytes, maximum: Wei) -> "ContractFunction":
        return self._write("reveal", x, label, salt, maximum)

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


def _contribution(found: Any) -> Contribution:
    args = found["args"]
    return Contribution(
        id=args["id"],
        facts=Facts.unpack(args["facts"]),
        x=bytes(args["x"]),
        block=int(found["blockNumber"]),
        transaction=found["transactionHash"].to_0x_hex(),
    )
