"""Markets played through with honest and strategic agents, on the Python reference, wei for wei."""

from orchestrator.systems.sum.market.simulation.running import Outcome, Row, run
from orchestrator.systems.sum.market.simulation.scenario import MarketScenario, is_market, load_market

__all__ = ["MarketScenario", "Outcome", "Row", "is_market", "load_market", "run"]
