"""Reach any EVM chain: embedded, local node or testnet."""

from orchestrator.chain.accounts import Account, Accounts
from orchestrator.chain.artifact import Artifact, load_artifact
from orchestrator.chain.connection import Block, Chain, connect
from orchestrator.chain.sending import Receipt

__all__ = ["Account", "Accounts", "Artifact", "Block", "Chain", "Receipt", "connect", "load_artifact"]
