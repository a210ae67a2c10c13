"""What papers on federated learning with chains report, as far as it can be repeated: one module each.

An experiment gives a table, a picture and checks; `load` imports the module only when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator.errors import UsageError
from orchestrator.text import shown

if TYPE_CHECKING:
    from orchestrator.systems.federation.experiments.base import Experiment

NAMES = (
    "poq-noise",
    "poq-poison",
    "leader",
    "majority",
    "learningchain",
    "learningchain-privacy",
    "privacy",
    "deepchain",
    "deepchain-timeouts",
    "pol",
    "noniid",
    "contribution",
    "riders",
    "confirm",
    "shards",
    "masks",
    "psi",
    "vertical",
    "compression",
    "absent",
    "late",
    "flower",
)


def load(name: str) -> "Experiment":
    """The experiment of that name. Raises UsageError."""
    if name not in NAMES:
        raise UsageError(f"there is no experiment {shown(name)}", f"Give one of {', '.join(NAMES)}.")
    found: Experiment = import_module(f"{__name__}.{name.replace('-', '_')}").run
    return found
