"""Markets played through with honest and strategic agents, on the Python reference, wei for wei."""

from orchestrator.systems.market.simulation.running import PlayResult, Row, run
from orchestrator.systems.market.simulation.scenario import MarketScenario, load_market

__all__ = ["MarketScenario", "PlayResult", "Row", "load_market", "run"]
