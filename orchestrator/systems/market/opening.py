"""Find a prediction market by name or address."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.bindings import market as abi
from orchestrator.chain import Chain, load_artifact
from orchestrator.kernel.session import Session
from orchestrator.models.online.compositions import MARKET, Composition
from orchestrator.models.online.factory import unknown
from orchestrator.models.online.finding import Instance, find
from orchestrator.systems.market.contract import MarketContract
from orchestrator.types import Address

POLICIES = (MARKET,)


@dataclass(frozen=True)
class PredictionMarket(Instance):
    """A prediction market."""

    shared: MarketContract


def open_market(session: Session, reference: str, encoder: Path | None = None) -> PredictionMarket:
    """The market that `reference` names. Raises as `find` does."""
    return PredictionMarket(*find(session, reference, POLICIES, bind, encoder))


def bind(composition: Composition, chain: Chain, address: Address, block: int = 0) -> MarketContract:
    """The market at `address`. Raises ChainError where it measures by other code than the package's."""
    contract = abi.PredictionMarket(chain, address, block)
    measurer = load_artifact(f"{composition.model.part}Measurer")
    if not measurer.matches(chain.code(contract.measurer)):
        raise unknown(address, chain.code(address))
    return MarketContract(composition, contract)
