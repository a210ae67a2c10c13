"""Find a shared model by name or address."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator.bindings.sum import Sum
from orchestrator.chain import Chain
from orchestrator.kernel.session import Session
from orchestrator.models.online.compositions import GAME, STAKE, Composition
from orchestrator.models.online.finding import Found, find
from orchestrator.systems.sum.ledger import Ledger
from orchestrator.systems.sum.shared import SharedModel
from orchestrator.types import Address

POLICIES = (STAKE, GAME)


@dataclass(frozen=True)
class Opened(Found):
    """A shared model."""

    shared: SharedModel

    @cached_property
    def ledger(self) -> Ledger:
        """All contributions and what became of them. Refresh it before a look."""
        return Ledger(self.shared)


def open_model(session: Session, reference: str, encoder: Path | None = None) -> Opened:
    """The shared model that `reference` names. Raises as `find` does."""
    return Opened(*find(session, reference, POLICIES, bind, encoder))


def bind(composition: Composition, chain: Chain, address: Address, block: int = 0) -> SharedModel:
    """The shared model at `address`, created in `block`."""
    return SharedModel(composition, Sum(chain, address, block))
