"""All commands of `diln sum`, in the order of its help."""

# isort: off
from orchestrator.cli.sum import creating, reading, adding, keeping
from orchestrator.cli.models import commands

__all__ = ["adding", "commands", "creating", "keeping", "reading"]
