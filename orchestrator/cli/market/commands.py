"""All commands of `diln market`, in the order of its help."""

# isort: off
from orchestrator.cli.market import creating, contributing, running
from orchestrator.cli.models import commands

__all__ = ["commands", "contributing", "creating", "running"]
