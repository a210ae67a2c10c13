"""Find a shared model by name or address."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator.bindings.sum import Sum
from orchestrator.chain import Chain
from orchestrator.kernel.session import Session
from orchestrator.models.online.compositions import GAME, STAKE, Composition
from orchestrator.models.online.finding import Instance, find
from orchestrator.systems.sum.ledger import Ledger
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address

POLICIES = (STAKE, GAME)


@dataclass(frozen=True)
class SharedModel(Instance):
    """A shared model."""

    shared: SharedModelContract

    @cached_property
    def ledger(self) -> Ledger:
        """All contributions and what became of them. Refresh it before a look."""
        return Ledger(self.shared)


def open_model(session: Session, reference: str, encoder: Path | None = None) -> SharedModel:
    """The shared model that `reference` names. Raises as `find` does."""
    return SharedModel(*find(session, reference, POLICIES, bind, encoder))


def bind(composition: Composition, chain: Chain, address: Address, block: int = 0) -> SharedModelContract:
    """The shared model at `address`, created in `block`."""
    return SharedModelContract(composition, Sum(chain, address, block))
