"""All commands of `diln federation`, in the order of its help."""

# isort: off
from orchestrator.cli.federation import taking_part
from orchestrator.cli.federation import reading
from orchestrator.cli.federation import acting
from orchestrator.cli.federation import flowering
from orchestrator.cli.federation import experimenting

__all__ = ["acting", "experimenting", "flowering", "reading", "taking_part"]
