"""Reach any EVM chain: embedded, local node or testnet."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orchestrator.chain import lighter

if TYPE_CHECKING:
    from orchestrator.chain.accounts import Account, Accounts
    from orchestrator.chain.artifact import Artifact, artifact_names, load_artifact
    from orchestrator.chain.connection import Chain, connect
    from orchestrator.chain.deployments import Deployment, Deployments
    from orchestrator.chain.health import Finding, examine
    from orchestrator.chain.looking import Block
    from orchestrator.chain.migrations import Deploy, migrate
    from orchestrator.chain.node import start_node
    from orchestrator.chain.receipts import Receipt
    from orchestrator.chain.rescue import cancel, sent, speed_up
_MODULES = {  # imported when asked for: web3 takes a second, and bindings are of use without it
    "accounts": ("Account", "Accounts"),
    "artifact": ("Artifact", "artifact_names", "load_artifact"),
    "connection": ("Chain", "connect"),
    "deployments": ("Deployment", "Deployments"),
    "health": ("Finding", "examine"),
    "looking": ("Block",),
    "migrations": ("Deploy", "migrate"),
    "node": ("start_node",),
    "receipts": ("Receipt",),
    "rescue": ("cancel", "sent", "speed_up"),
}
lighter.install()  # before anything of these libraries is imported
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
