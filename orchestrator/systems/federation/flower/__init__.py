"""Flower on a federation: unchanged strategies and apps, whose rounds are committed, revealed and refutable.

mod        what a node adds to its ClientApp      Seal
strategy   what a server wraps around a strategy  Chained
grid       nodes in this process                  EmbeddedGrid
ledger     what both ask of the chain             Ledger

This folder alone imports flwr, which the extra `flower` brings.
"""

import os
from importlib.metadata import PackageNotFoundError, version

from orchestrator.errors import EngineError

WANTED = "1.42"


def check_version() -> str:
    """Flower's version. Raises EngineError without it, or with another than this was written for."""
    hint = f'pip install "diln[flower]" brings {WANTED}.'
    try:
        found = version("flwr")
    except PackageNotFoundError as error:
        raise EngineError("Flower is not installed", hint) from error
    if not found.startswith(f"{WANTED}."):
        raise EngineError(f"this is Flower {found}, and the federation was written for {WANTED}", hint)
    return found


# Flower sends figures on its use to its makers unless it is told not to, before it is imported.
os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
VERSION = check_version()
