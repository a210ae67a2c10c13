"""One shared model, read in pieces that a node takes."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from orchestrator.bindings.sum import Added, Sum
from orchestrator.chain import Receipt
from orchestrator.models.online.clone import Clone
from orchestrator.models.online.compositions import GAME
from orchestrator.systems.sum.records import Contribution, ContributionInfo, Terms
from orchestrator.types import Address, Seconds, Wei

PREDICTIONS_AT_ONCE = 100


class SharedModelContract(Clone):
    """A shared model."""

    contract: Sum

    @property
    def game(self) -> bool:
        """Whether it gives points, levels and badges."""
        return self.composition.policy is GAME

    @cached_property
    def terms(self) -> Terms:
        return Terms.unpack(self.contract.settings.terms)

    def price(self, n: int = 1) -> Wei:
        """What each of `n` samples added together must deposit now."""
        return Wei(self.contract.price(n))

    def predict_many(self, xs: Sequence[bytes]) -> list[int]:
        labels: list[int] = []
        for start in range(0, len(xs), PREDICTIONS_AT_ONCE):
            labels += self.contract.predict_batch(xs[start : start + PREDICTIONS_AT_ONCE])
        return labels

    def balance(self, who: Address) -> int:
        return self.contract.account(who).balance

    def count(self) -> int:
        return self.contract.status().count

    def due_at(self, contribution: Contribution) -> Seconds:
        """When it may be refunded or reported."""
        return contribution.facts.due_at(self.terms)

    def contributions(
        self, from_block: int | None = None, to_block: int | None = None
    ) -> Iterator[Contribution]:
        """All contributions in their order."""
        return map(contribution_of, self.contract.events(Added, from_block, to_block))

    def added(self, receipt: Receipt) -> list[Contribution]:
        """The contributions that a transaction made."""
        return [contribution_of(event) for event in self.contract.emitted(Added, receipt)]


def contribution_of(event: Added) -> Contribution:
    """What an event tells of a contribution."""
    return Contribution(
        event.id, ContributionInfo.unpack(event.facts), event.x, event.block_number, event.tx_hash
    )
