"""All commands of `diln sum`, in the order of its help."""

# isort: off
from orchestrator.cli.sum import adding, creating, keeping, reading
from orchestrator.cli.market import contributing, running
from orchestrator.cli.market import creating as creating_markets

__all__ = ["adding", "contributing", "creating", "creating_markets", "keeping", "reading", "running"]
