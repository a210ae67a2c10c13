"""All commands of `diln competition`, in the order of its help."""

# isort: off
from orchestrator.cli.competition import creating, reading, competing, judging

__all__ = ["competing", "creating", "judging", "reading"]
