"""Reach any EVM chain: embedded, local node or testnet."""

from orchestrator.chain.accounts import Account, Accounts
from orchestrator.chain.artifact import Artifact, artifact_names, load_artifact
from orchestrator.chain.connection import Block, Chain, connect
from orchestrator.chain.deployments import Deployment, Deployments
from orchestrator.chain.health import Finding, examine
from orchestrator.chain.journal import Journal
from orchestrator.chain.migrations import Deploy, migrate
from orchestrator.chain.node import start_node
from orchestrator.chain.receipts import Receipt, ether
from orchestrator.chain.rescue import cancel, sent, speed_up

__all__ = [
    "Account",
    "Accounts",
    "Artifact",
    "Block",
    "Chain",
    "Deploy",
    "Deployment",
    "Deployments",
    "Finding",
    "Journal",
    "Receipt",
    "artifact_names",
    "cancel",
    "connect",
    "ether",
    "examine",
    "load_artifact",
    "migrate",
    "sent",
    "speed_up",
    "start_node",
]
