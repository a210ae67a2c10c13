"""Five strategies of Flower, alone and over the contract; Flower, an extra, is imported when this is run."""

from orchestrator.systems.federation.experiments.base import Outcome, experiment
from orchestrator.types import Report


@experiment("Flower's strategies alone, and over the contract", "Flower 1.42, on the contract")
def run(progress: Report | None = None) -> Outcome:
    """Raises EngineError where Flower is not installed."""
    from orchestrator.systems.federation.flower.comparing import compare

    return compare(progress)
