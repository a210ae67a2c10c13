"""All commands of `diln federation`, in the order of its help."""

# isort: off
from orchestrator.cli.federation import chain
from orchestrator.cli.federation import flowering
from orchestrator.cli.federation import experimenting

__all__ = ["chain", "experimenting", "flowering"]
